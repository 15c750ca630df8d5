import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ControlPlane } from '../../../fixtures/storage/control-plane/control-plane.ts';
import { startControlPlaneServer } from '../../../fixtures/storage/control-plane/server.ts';
import { ReplicaFile } from '../../../fixtures/storage/disk/replica-file.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { now } from '../../../fixtures/storage/telemetry/now.ts';
import { Program } from '../instances/run-program.ts';
import { testConfig } from '../storage/test-config.ts';

const VOLUME_BYTES = 1024 * 1024;
const VOLUMES = ['v0', 'v1', 'v2', 'v3'];
const DATABASE = { id: 'z-db-01', zone: 'z', volumes: VOLUMES };
const ELSEWHERE = { id: 'y-db-01', zone: 'y', volumes: VOLUMES };

const base = testConfig({
  id: 'z-databases',
  nodes: ['a1'],
  volumes: VOLUMES.map((id) => ({ id, zone: 'z', primary: 'a1', mirror: 'a2' })),
  databases: [DATABASE, ELSEWHERE],
  load: { ...testConfig({}).load, databases: 1, databaseTransactionsPerSecond: 20, databaseTimeoutMs: 300 },
  storage: { volumeBytes: VOLUME_BYTES },
});

it('the databases print what was committed and what was not, and the reader finds every commit on the disks', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'zonestorm-databases-'));
  const bytes = new Map(VOLUMES.map((id) => [id, Buffer.alloc(VOLUME_BYTES)]));
  const state = { hung: false };
  const gate = () => (state.hung ? new Promise<never>(() => undefined) : Promise.resolve());
  const nbd = await startNbdServer({
    host: '127.0.0.1',
    port: 0,
    exports: () => VOLUMES,
    open: (name) => {
      const of = bytes.get(name);
      if (of === undefined) return undefined;
      return {
        sizeBytes: VOLUME_BYTES,
        read: async (offset, length) => of.subarray(offset, offset + length),
        write: async (offset, data) => {
          if (name === 'v2') await gate();
          data.copy(of, offset);
        },
        flush: async () => undefined,
      };
    },
  });
  const controlPlane = await ControlPlane.open({
    config: base,
    dataDir: join(folder, 'control-plane'),
    now,
    print() {},
  });
  const control = await startControlPlaneServer(controlPlane, { host: '127.0.0.1', port: 0 });
  try {
    const links = {
      a1: { primary: { host: '127.0.0.1', port: nbd.port } },
      'control-plane': { primary: { host: '127.0.0.1', port: control.port } },
    };
    const ledgers = join(folder, 'ledgers');
    const killed = new Program('databases', { ...base, links }, [], ledgers);
    await killed.ready();
    await delay(1200);
    killed.kill();
    await killed.exited();
    expect(killed.records('database.ledger')).toEqual([]);
    const before = killed.records('databases').flatMap((record) => record.transactions);
    const committedBefore = before.filter(([, , , outcome]) => outcome === 'ok').length;
    expect(committedBefore).toBeGreaterThan(3);

    const program = new Program('databases', { ...base, links }, [], ledgers);
    await program.ready();
    await delay(800);
    state.hung = true;
    await delay(800);
    expect(await program.stop()).toBe(0);

    const over = program.records('databases').flatMap((record) => record.transactions);
    // Those of other zones are somebody else's.
    expect(new Set(over.map(([database]) => database))).toEqual(new Set(['z-db-01']));
    const committed = over.filter(([, , , outcome]) => outcome === 'ok').length;
    expect(committed).toBeGreaterThan(3);
    expect(over.some(([, , , outcome, reason]) => outcome === 'failed' && reason === 'not begun')).toBe(true);
    const [unfinished] = program.records('databases.unfinished');
    expect(unfinished?.transactions.length).toBeGreaterThan(0);
    const [ledger] = program.records('database.ledger');
    // The first life's are among them; one more may have been under way when it was killed.
    expect(ledger).toMatchObject({ database: 'z-db-01', begun: [[1, ledger?.lastBegun]] });
    const acknowledged = ledger?.acknowledged ?? [];
    const told = acknowledged.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    expect(acknowledged[0]?.[0]).toBe(1);
    expect(told).toBeGreaterThanOrEqual(committedBefore + committed);
    expect((ledger?.lastBegun ?? 0) - told).toBeGreaterThanOrEqual(1);
    expect((ledger?.lastBegun ?? 0) - told).toBeLessThanOrEqual(2);

    for (const node of ['a1', 'a2']) {
      await mkdir(join(folder, node, 'slots'), { recursive: true });
      for (const [slot, volume] of VOLUMES.entries()) {
        const meta = { slot, volume, epoch: 1, role: 'primary', state: 'current' } as const;
        const file = await ReplicaFile.create(join(folder, node), meta, VOLUME_BYTES);
        await file.write(0, bytes.get(volume) ?? Buffer.alloc(0));
        await file.close();
      }
    }
    const disks = ['a1', 'a2', 'control-plane'].map((name) => join(folder, name));
    const reader = new Program('reader', { ...base, databases: [DATABASE] }, disks);
    expect(await reader.exited()).toBe(0);
    const found = reader.records('database.content');
    expect(found.map(({ copy, nodes }) => [copy, ...nodes])).toEqual([
      ['primaries', 'a1', 'a1', 'a1', 'a1'],
      ['mirrors', 'a2', 'a2', 'a2', 'a2'],
    ]);
    // The one that was under way may be there, whole, or not.
    for (const { transfers, problem } of found) {
      expect(problem).toBeNull();
      expect(transfers[0]?.[0]).toBe(1);
      for (const [from, to] of acknowledged) {
        expect(transfers.some(([first, last]) => first <= from && to <= last)).toBe(true);
      }
    }

    // One mirror's disk without what it had acknowledged, another one's gone.
    await writeFile(join(folder, 'a2', 'slots', '01.data'), Buffer.alloc(VOLUME_BYTES));
    const spoilt = new Program('reader', { ...base, databases: [DATABASE] }, disks);
    expect(await spoilt.exited()).toBe(0);
    expect(spoilt.records('database.content').map(({ copy, problem }) => [copy, problem === null])).toEqual([
      ['primaries', true],
      ['mirrors', false],
    ]);
    await rm(join(folder, 'a2', 'slots', '02.json'));
    const incomplete = new Program('reader', { ...base, databases: [DATABASE] }, disks);
    expect(await incomplete.exited()).toBe(1);
    expect(incomplete.records('database.content').map(({ copy }) => copy)).toEqual(['primaries']);
  } finally {
    await nbd.close();
    await control.close();
    await controlPlane.close();
    await rm(folder, { recursive: true });
  }
});
