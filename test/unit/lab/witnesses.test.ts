import { expect, test } from 'vitest';
import { recordOf } from '../../../harness/lab/witnesses.ts';

const LINE = '{"kind":"witness","t":12.5,"link":"a1->a2@primary","pings":[[12,0.3]],"tried":[],"closed":[]}';

test('a witness’s line is a record of its container', () => {
  expect(recordOf(LINE, 'a1')).toMatchObject({ kind: 'witness', source: 'a1', t: 12.5, pings: [[12, 0.3]] });
  expect(recordOf('{"kind":"witness.echo","t":3}', 'a2')).toEqual({ kind: 'witness.echo', source: 'a2', t: 3 });
});

test.each([
  ['torn anywhere', ...Array.from({ length: LINE.length - 1 }, (_, i) => LINE.slice(0, i + 1))],
  ['empty', ''],
  ['of another shape', '{"kind":"witness","t":1,"link":"x","pings":"many"}', '7', 'null', '[1]', '"witness"'],
  ['a record that is not a witness’s', '{"kind":"fault","t":1,"id":"x","fault":"cut","state":"reverted","detail":""}'],
])('a line that is %s is left out, and ends nothing', (_, ...lines) => {
  for (const line of lines) expect(recordOf(line, 'a1')).toBeNull();
});
