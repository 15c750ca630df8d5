import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { readText, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

const SCENARIO = join(import.meta.dirname, 'scenarios/crash.yaml');

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

test('nodes that close too many searches at once crash, stay down, and lose no acknowledged write', async () => {
  const { code, result, folder } = await runScenario(SCENARIO, ['--seed', '5']);
  // Conclusive: a crashed node is neither silent nor left behind, and node and engine agree on who crashed.
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  const records = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  const history = records.map((line) => JSON.parse(line) as HistoryRecord);
  const of = (kind: HistoryRecord['kind']) => history.filter((record) => record.kind === kind);
  const { crashes, ledger } = result;
  expect(crashes.nodesCrashed).toBeGreaterThan(0);
  for (const { node, exitCode, closesInWindow, atSeconds } of crashes.crashes) {
    expect(exitCode).toBe(86);
    expect(closesInWindow).toBeGreaterThan(15);
    // After the fault, and of its doing: nobody closes that many before.
    expect(atSeconds).toBeGreaterThan(0);
    const told = of('crash').find((record) => record.source === node);
    expect(told).toBeDefined();
    // Its last record, and nobody starts it again.
    expect(
      history.filter((record) => record.source === node && record.t > (told?.t ?? 0)).map(({ kind }) => kind),
    ).toEqual(['exit']);
    expect(await readText(folder, join('logs', `${node}.log`))).toContain('"kind":"crash"');
  }
  // Its disk is read with all the others.
  const read = new Set(history.flatMap((record) => (record.kind === 'replica' ? [record.node] : [])));
  for (const { node } of crashes.crashes) expect(read).toContain(node);
  expect(ledger.acknowledgedWrites).toBeGreaterThan(500);
  // A node may still crash while the run is being taken down, so there may be more to salvage than was unrecoverable.
  if (crashes.volumesUnrecoverable > 0) expect(ledger.extentsSalvageable).toBeGreaterThan(0);
  expect(result.storm.stormSeconds).toBeNull();
  for (const record of of('exit')) expect(record).toMatchObject({ exitCode: 86 });
});
