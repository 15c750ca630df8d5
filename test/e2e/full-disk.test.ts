import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { readText, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

const SCENARIO = join(import.meta.dirname, 'scenarios/full-disk.yaml');
/** By then what the full disk refused has been mirrored elsewhere. */
const SETTLED_MS = 8000;

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

test('a node with a full disk lives, tells its users, and holds up no volume that another node serves', async () => {
  const { result, folder } = await runScenario(SCENARIO, ['--seed', '5']);
  const plan = JSON.parse(await readText(folder, 'plan.json')) as Plan;
  const lines = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  const history = lines.map((line) => JSON.parse(line) as HistoryRecord);
  expect(history.filter(({ kind }) => kind === 'exit')).toEqual([]);
  expect(result.ledger.extentsLost).toBe(0);

  const filledAt = history.find((one) => one.kind === 'fault' && one.state === 'applied')?.t ?? Number.NaN;
  const operations = history.flatMap((record) => (record.kind === 'io' ? record.ops : []));
  const volumesOf = (role: 'primary' | 'mirror') =>
    plan.volumes.filter((volume) => volume[role] === 'a2').map(({ id }) => id);
  const median = (volumes: readonly string[], from: number, until: number) => {
    const times = operations
      .filter(([volume, , intended]) => volumes.includes(volume) && intended >= from && intended < until)
      .map(([, , intended, ended]) => ended - intended)
      .sort((a, b) => a - b);
    expect(times.length).toBeGreaterThan(50);
    return times[Math.floor(times.length / 2)] ?? Number.NaN;
  };
  const mirrored = volumesOf('mirror');
  const before = median(mirrored, 0, filledAt);
  const after = median(mirrored, filledAt + SETTLED_MS, Number.POSITIVE_INFINITY);
  console.error(`mirrored by a2: p50 ${before.toFixed(1)} ms before, ${after.toFixed(1)} ms once settled`);
  // A write that its mirror cannot store hung for ever, and 200 ms between two tries held up the pair's other volumes.
  expect(after).toBeLessThan(2 * before + 10);
  const unfinished = history.flatMap((record) => (record.kind === 'io.unfinished' ? record.ops : []));
  expect(
    unfinished.filter(([volume, , intended]) => mirrored.includes(volume) && intended < filledAt + SETTLED_MS),
  ).toEqual([]);
  // The mirror was given up because of its disk: its node was heard all the time.
  const lost = history.filter((one) => one.kind === 'volume' && one.event === 'partner-lost' && one.role === 'primary');
  expect(lost.map((one) => one.kind === 'volume' && one.peer)).toContain('a2');
  // Nobody fell silent, and nobody counts as lost.
  expect(result.agreement.find(({ what }) => what.startsWith('D,'))?.agree).not.toBe(false);
  // Its own volumes' users are told.
  const told = operations.filter(
    ([volume, , , , , reason]) => volumesOf('primary').includes(volume) && reason === 'ENOSPC',
  );
  expect(told.length).toBeGreaterThan(0);
});
