import { describe, expect, test, vi } from 'vitest';
import { Intake } from '../../../harness/history/intake.ts';
import type { HistoryRecord, MisfitRecord } from '../../../harness/history/records.ts';
import type { Writer } from '../../../harness/history/writers.ts';
import { fault, host, io, node, runEnd } from '../measure/record-builders.ts';

const NOW = 50_000;

function intake() {
  const records: HistoryRecord[] = [];
  const clock = { t: 1_000 };
  const taken = new Intake({ onRecord: (record) => records.push(record), now: () => clock.t });
  clock.t = NOW;
  const misfits = (): readonly MisfitRecord[] => records.filter((record) => record.kind === 'misfit');
  return { taken, records, misfits, clock };
}

/** As a program prints it. */
const printed = (record: HistoryRecord, more: object = {}): string => {
  const { source: _, ...rest } = record;
  return JSON.stringify({ ...rest, ...more });
};

const aNode = node('a1', 2_000);

describe('a program of a node', () => {
  test('writes the records of a node, under its own name whatever it says', () => {
    const { taken, records } = intake();
    taken.take('a1', 'node', printed(aNode));
    taken.take('a1', 'node', printed(aNode, { source: 'harness', extra: 1 }));
    expect(records).toEqual([aNode, aNode]);
  });

  const forged: readonly (readonly [string, string])[] = [
    ['the end of the run', printed(runEnd(2_000))],
    ['a fault that is reverted', printed(fault('cut-1', 'reverted', 2_000))],
    ['the machine as idle', printed(host(2_000, 0))],
    ['what an instance did', printed(io('a-instances', 2_000, [['v', 'write', 1, 2, 'ok', null]]))],
    ['what a witness saw', '{"kind":"witness","t":2000,"link":"a1->a2","pings":[],"tried":[],"closed":[]}'],
    [
      'what a disk holds',
      '{"kind":"membership","t":2000,"volume":"v","epoch":1,"primary":"a1","mirror":null,"joining":null}',
    ],
    ['that nothing was left out', '{"kind":"misfit","t":2000,"count":0,"reason":"","example":""}'],
  ];
  const odd: readonly (readonly [string, string])[] = [
    ['a kind that there is not', '{"kind":"gossip","t":2000}'],
    ['a kind that every object has', '{"kind":"toString","t":2000}'],
    ['__proto__ as its kind', '{"kind":"__proto__","t":2000}'],
    ['a node’s record without its fields', '{"kind":"node","t":2000}'],
    ['a time that is a word', printed(aNode, { t: 'soon' })],
    ['a time that is none, NaN in JSON', printed(aNode, { t: null })],
    ['a time beyond every clock', printed(aNode).replace('2000', '1e300')],
    ['an infinite time', printed(aNode).replace('2000', '1e999')],
    ['a time that is still to come', printed(aNode, { t: NOW + 5_000 })],
    ['a time before the run', printed(aNode, { t: -1 })],
    ['a torn record', printed(aNode).slice(0, -10)],
    ['a record behind words that did not end their line', `joining … ${printed(aNode)}`],
    ['a record behind a brace', `{ joining ${printed(aNode)}`],
    ['a record behind JSON and braces', `sent {"kind":"Pod"} {{ ${printed(aNode)}`],
  ];
  test.each([...forged, ...odd])('cannot write %s: it is left out, counted and shown', (_, line) => {
    const { taken, records } = intake();
    taken.take('a1', 'node', line);
    expect(records).toEqual([
      { kind: 'misfit', t: NOW, source: 'a1', count: 1, reason: expect.any(String), example: expect.any(String) },
    ]);
    expect(records[0]).toMatchObject({ example: line.length <= 160 ? line : `${line.slice(0, 160)}…` });
  });

  test.each([
    ['words', 'the disk is full'],
    ['words that quote JSON', 'sent {"kind":"Pod","apiVersion":"v1"} and {"t":5} to the engine'],
    ['words that quote the beginning of a record', 'the line {"kind":"node","t":20 was torn'],
    ['JSON of a logger', '{"level":"info","msg":"joined","t":12}'],
    ['JSON of a logger that has kinds', '{"kind":"Pod","name":"a1"}'],
    ['a list', '[1, 2]'],
    ['a brace', '{ not JSON'],
    ['JSON as deep as it gets', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
  ])('may log %s', (_, line) => {
    const { taken, records } = intake();
    taken.take('a1', 'node', line);
    expect(records).toEqual([]);
  });

  test('neither a deep nor a long line costs the observer more than its reading', () => {
    const { taken, misfits } = intake();
    taken.take('a1', 'node', `{"kind":"node","t":2000,"deep":${'['.repeat(200_000)}${']'.repeat(200_000)}}`);
    taken.take('a1', 'node', `{"kind":"node","t":2000,"long":"${'x'.repeat(5_000_000)}"}`);
    expect(misfits()[0]?.example.length).toBeLessThan(200);
  });
});

test('of many the first is shown, they are told once a second, and the rest when the program ends', () => {
  const { taken, misfits, clock } = intake();
  for (let i = 0; i < 1_000; i += 1) taken.take('a1', 'node', `{"kind":"gossip","t":${i}}`);
  expect(misfits()).toHaveLength(1);
  clock.t += 1_500;
  taken.take('a1', 'node', '{"kind":"rumour","t":1}');
  expect(misfits().map(({ count }) => count)).toEqual([1, 1_001]);
  taken.take('a1', 'node', '{"kind":"rumour","t":1}');
  taken.ended('a1');
  taken.ended('a1');
  expect(misfits().map(({ count }) => count)).toEqual([1, 1_001, 1_002]);
  expect(misfits().at(-1)).toMatchObject({
    source: 'a1',
    example: '{"kind":"gossip","t":0}',
    reason: 'no kind of record: "gossip"',
  });
});

test.each<readonly [Writer, HistoryRecord]>([
  ['spare', aNode],
  ['instances', io('a-instances', 2_000, [])],
  [
    'gauge',
    {
      kind: 'gauge.path',
      t: 2_000,
      source: 'x',
      plane: 'primary',
      receivedMbit: 1,
      rttP50Ms: 1,
      rttP99Ms: 1,
      connectMs: 1,
      drainMs: 0,
    },
  ],
  ['control-plane', { kind: 'operated', t: 2_000, source: 'x', id: 'x', problem: null, state: {} }],
])('a program of role %s writes its own', (writer, record) => {
  const { taken, records } = intake();
  taken.take(record.source, writer, printed(record));
  expect(records).toEqual([record]);
});

test('what does not fit is counted within a second, though nothing more comes and nobody tells that the program ended', () => {
  vi.useFakeTimers();
  try {
    const { taken, misfits } = intake();
    for (let n = 0; n < 7; n += 1) taken.take('a1', 'node', '{"kind":"nobody","t":1}');
    expect(misfits().map(({ count }) => count)).toEqual([1]);
    vi.advanceTimersByTime(1_000);
    expect(misfits().map(({ count }) => count)).toEqual([1, 7]);
    vi.advanceTimersByTime(10_000);
    expect(misfits()).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});
