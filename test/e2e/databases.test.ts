import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { readText, runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

test('databases are affected where a volume of theirs is stuck, and lose no acknowledged commit', async () => {
  // What is looked at has happened by then, and all bytes of the copies are not waited for.
  const { code, result, folder } = await runScenario('ebs-2011-databases', [
    '--seed',
    '7',
    '--set',
    'phases.storm.atMost=60s',
  ]);
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  const [a, b] = result.databases.zones;
  expect(a).toMatchObject({ zone: 'use1-a', databases: 15, volumesEach: 4 });
  expect(a?.at10s?.affected).toBeGreaterThan(0);
  expect(a?.at10s?.affected).toBeLessThan(15);
  expect(b).toMatchObject({ zone: 'use1-b', databases: 3, peakAffected: 0 });
  // Counted anew, without the product's measuring code: which volumes hung for over two seconds, and whose they are.
  const lines = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  const history = lines.map((line) => JSON.parse(line) as HistoryRecord);
  const plan = JSON.parse(await readText(folder, 'plan.json')) as {
    databases: { id: string; zone: string; volumes: string[] }[];
  };
  const hung = new Set(
    history.flatMap((record) =>
      record.kind === 'io'
        ? record.ops.flatMap(([volume, , intended, ended]) => (ended - intended > 2000 ? [volume] : []))
        : [],
    ),
  );
  const late = new Set(
    history.flatMap((record) =>
      record.kind === 'databases'
        ? record.transactions.flatMap(([database, , , outcome]) => (outcome === 'ok' ? [] : [database]))
        : [],
    ),
  );
  for (const { id, volumes } of plan.databases) {
    const stuck = volumes.filter((volume) => hung.has(volume));
    if (late.has(id)) expect(stuck, `${id} was affected`).not.toEqual([]);
  }
  const { commits } = result.databases;
  expect(commits).toMatchObject({ lost: 0, unverified: 0, problems: [] });
  expect(commits.acknowledged).toBeGreaterThan(500);
  expect(commits.verified).toBe(commits.acknowledged);
});
