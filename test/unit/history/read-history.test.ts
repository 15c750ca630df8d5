import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { historySchema } from '../../../harness/history/history-schema.ts';
import { BadHistoryError, readHistory } from '../../../harness/history/read-history.ts';
import { realisticRun } from '../measure/realistic-run.ts';
import { host, io, node, runEnd } from '../measure/record-builders.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonestorm-history-'));
});
afterEach(() => rm(dir, { recursive: true }));

async function fileOf(text: string): Promise<string> {
  const file = join(dir, 'history.jsonl');
  await writeFile(file, text);
  return file;
}

describe('readHistory', () => {
  test('gives the records as they were, in the order of the file', async () => {
    const records = [host(2, 0.5), node('a1', 1), io('a-instances', 3, [['v', 'write', 1, 2, 'ok', null]], [['v', 2]])];
    const file = await fileOf(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    expect(await readHistory(file)).toEqual({ records, notes: [] });
  });

  test('drops a torn last line, with a note', async () => {
    const whole = `${JSON.stringify(host(1, 0.5))}\n`;
    const torn = JSON.stringify(host(2, 0.5)).slice(0, -4);
    const { records, notes } = await readHistory(await fileOf(whole + torn));
    expect(records).toEqual([host(1, 0.5)]);
    expect(notes).toEqual([expect.stringContaining('last line (2)')]);
  });

  test('keeps a whole last line that only lacks its line end', async () => {
    const text = [host(1, 0.5), runEnd(2)].map((record) => JSON.stringify(record)).join('\n');
    expect(await readHistory(await fileOf(text))).toEqual({ records: [host(1, 0.5), runEnd(2)], notes: [] });
  });

  test.each([
    ['torn in the middle', '{"kind":"host","t":1,', 'not JSON'],
    ['that is no JSON', 'EOF', 'no record'],
    ['with a field missing', '{"kind":"host","t":1,"source":"harness","busyShare":0.5,"stealShare":0}', 'lagP99Ms'],
    ['with a field of a wrong type', JSON.stringify({ ...host(1, 0.5), t: 'soon' }), 'no record of kind host: t'],
    ['with a time beyond every clock', JSON.stringify(host(1, 0.5)).replace('"t":1', '"t":1e300'), 't: '],
    ['long after the end', JSON.stringify(node('a1', 9e8)), 'long after the run'],
    [
      'of a fault that no harness wrote',
      '{"kind":"fault","t":1,"source":"a1","id":"x","fault":"cut","state":"reverted","detail":""}',
      'a1 writes no record of kind fault',
    ],
  ])('a line %s takes no other with it: it is counted, and shown with its number', async (_, bad, why) => {
    const file = await fileOf(`${JSON.stringify(host(1, 0.5))}\n${bad}\n${bad}\n${JSON.stringify(host(3, 0.5))}\n`);
    const { records, notes } = await readHistory(file);
    const [first, second, misfit] = records;
    expect([first, second]).toEqual([host(1, 0.5), host(3, 0.5)]);
    expect(misfit).toMatchObject({ kind: 'misfit', source: 'history.jsonl', count: 2, t: 3 });
    expect(misfit).toMatchObject({ reason: expect.stringContaining(why), example: expect.any(String) });
    expect(notes).toEqual([]);
  });

  test('a kind of a later version is noted, and everything else is measured', async () => {
    const file = await fileOf(`${JSON.stringify(host(1, 0.5))}\n{"kind":"gossip","t":1,"source":"harness"}\n`);
    const { records, notes } = await readHistory(file);
    expect(records).toEqual([host(1, 0.5)]);
    expect(notes).toEqual([expect.stringMatching(/^1 records are of kinds .* \("gossip"\)/)]);
  });

  test('a file that is none is told with its name', async () => {
    const error = await readHistory(join(dir, 'absent.jsonl')).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BadHistoryError);
    expect(error).toMatchObject({ message: expect.stringContaining('absent.jsonl: cannot be read: ENOENT') });
  });

  test('knows every kind of record a run has', () => {
    for (const record of realisticRun().records) expect(historySchema.safeParse(record).success).toBe(true);
  });
});
