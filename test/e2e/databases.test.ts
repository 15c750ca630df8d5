import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { blockedVolumes, hungVolumes, overlapMs } from './blocked-volumes.ts';
import { readText, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

/** When those of the database were due that were not committed in time. */
function lateTransactions(history: readonly HistoryRecord[], id: string): readonly number[] {
  const all = history.flatMap((record) => (record.kind === 'databases' ? record.transactions : []));
  return all.flatMap(([database, intended, , outcome]) => (database === id && outcome !== 'ok' ? [intended] : []));
}

test('databases are affected where a volume of theirs is stuck, and lose no acknowledged commit', async () => {
  // What is looked at has happened by then, and all bytes of the copies are not waited for. Nor are the applications looked
  // at: with fewer requests, two slow CPUs have some room.
  const { code, result, folder } = await runScenario('ebs-2011-databases', [
    '--seed',
    '7',
    '--set',
    'phases.storm.atMost=60s',
    '--set',
    'load.appRequestsPerSecond=3',
  ]);
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  const [a, b] = result.databases.zones;
  expect(a).toMatchObject({ zone: 'use1-a', databases: 15, volumesEach: 4 });
  expect(a?.at10s?.affected).toBeGreaterThan(0);
  expect(a?.at10s?.affected).toBeLessThan(15);
  expect(b).toMatchObject({ zone: 'use1-b', databases: 3, peakAffected: 0 });
  // Counted anew, without the product's measuring code. A transaction that was not committed in its two seconds waited for
  // a volume of its database: by what the nodes tell, one was without partner and election for most of that time.
  const lines = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  const history = lines.map((line) => JSON.parse(line) as HistoryRecord);
  const plan = JSON.parse(await readText(folder, 'plan.json')) as {
    databases: { id: string; zone: string; volumes: string[] }[];
  };
  const blocked = blockedVolumes(history);
  const hung = hungVolumes(history);
  for (const { id, volumes } of plan.databases) {
    const late = lateTransactions(history, id);
    for (const intended of late) {
      const ms = overlapMs(
        volumes.flatMap((volume) => blocked.get(volume) ?? []),
        intended,
        intended + 2000,
      );
      expect(ms, `${id}: a transaction due at ${intended}`).toBeGreaterThan(1500);
    }
  }
  // The instances ask each volume once in some seconds: one that is stuck for long hangs one of their requests, too.
  const stoppedAt = Math.max(...history.flatMap((record) => (record.kind === 'io.unfinished' ? [record.t] : [])));
  const stuckLong = plan.databases
    .flatMap(({ volumes }) => volumes)
    .filter((volume) => (blocked.get(volume) ?? []).some(([from, to]) => Math.min(to, stoppedAt) - from > 20_000));
  expect(stuckLong).not.toEqual([]);
  expect(stuckLong.filter((volume) => !hung.has(volume))).toEqual([]);
  const { commits } = result.databases;
  expect(commits).toMatchObject({ lost: 0, unverified: 0, problems: [] });
  expect(commits.acknowledged).toBeGreaterThan(500);
  expect(commits.verified).toBe(commits.acknowledged);
});
