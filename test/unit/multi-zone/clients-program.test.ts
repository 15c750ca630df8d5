import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Program } from '../instances/run-program.ts';
import { testConfig } from '../storage/test-config.ts';
import { startPair } from './test-pair.ts';

const PAIR = 'mz-01';
const { load } = testConfig({});

it('clients that are killed and started again know what their first life was told of, and by whom', async () => {
  await using pair = await startPair({ witness: true });
  const config = testConfig({
    id: 'clients',
    load: { ...load, multiZoneDatabases: 1, databaseTransactionsPerSecond: 20, databaseTimeoutMs: 1000 },
    links: Object.fromEntries(Object.entries(pair.dials).map(([to, primary]) => [to, { primary }])),
    multiZoneDatabases: [
      {
        id: PAIR,
        primary: { container: 'primary', zone: 'z', volumes: [] },
        standby: { container: 'standby', zone: 'y', volumes: [] },
      },
    ],
  });
  const ledgers = await mkdtemp(join(tmpdir(), 'zonestorm-ledgers-'));
  const committed = (program: Program): number => {
    const over = program.records('multiZone').flatMap(({ transactions }) => transactions);
    return over.filter(([, , , outcome]) => outcome === 'ok').length;
  };
  const first = new Program('multi-zone/clients', config, [], ledgers);
  await first.ready();
  await delay(1300);
  first.kill();
  await first.exited();
  expect(first.records('multiZone.ledger')).toEqual([]);
  expect(committed(first)).toBeGreaterThan(5);

  const second = new Program('multi-zone/clients', config, [], ledgers);
  await second.ready();
  await delay(800);
  expect(await second.stop()).toBe(0);
  const [ledger] = second.records('multiZone.ledger');
  const told = (ledger?.acknowledged ?? []).reduce((sum, [from, to]) => sum + to - from + 1, 0);
  expect(committed(second)).toBeGreaterThan(3);
  expect(told).toBeGreaterThanOrEqual(committed(first) + committed(second));
  expect(ledger?.served.map(({ instance, epoch }) => [instance, epoch])).toEqual([['primary', 1]]);
  expect(ledger?.served[0]?.count).toBeGreaterThanOrEqual(told);
  expect(ledger?.begun).toEqual([[1, ledger?.lastBegun]]);

  // Before anybody serves, and nobody does any more, the third life still has it.
  const nobody = { primary: { host: '127.0.0.1', port: 1 } };
  const third = new Program(
    'multi-zone/clients',
    { ...config, links: { primary: nobody, standby: nobody } },
    [],
    ledgers,
  );
  for (let tries = 0; third.records('multiZone').length === 0 && tries < 200; tries += 1) await delay(20);
  expect(await third.stop()).toBe(0);
  expect(third.records('multiZone.ledger')[0]).toMatchObject({ acknowledged: ledger?.acknowledged });
  await rm(ledgers, { recursive: true });
});
