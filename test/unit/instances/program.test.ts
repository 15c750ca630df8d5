import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ControlPlane } from '../../../fixtures/storage/control-plane/control-plane.ts';
import { startControlPlaneServer } from '../../../fixtures/storage/control-plane/server.ts';
import { summariseExtent } from '../../../fixtures/storage/ledger/extent.ts';
import { volumeTag } from '../../../fixtures/storage/ledger/sector.ts';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { now } from '../../../fixtures/storage/telemetry/now.ts';
import type { LoadSettings } from '../../../harness/scenario/plan.ts';
import { FileDevice } from '../nbd/file-device.ts';
import { testConfig } from '../storage/test-config.ts';
import { Program } from './run-program.ts';

const VOLUME_BYTES = 256 * 1024;
const WRITE_BYTES = 8192;
const LOAD: LoadSettings = {
  // Fills the queue in 0.4 s: within the second for which a volume hangs, and not in a moment for which a disk is slow.
  ioPerSecondPerVolume: 20,
  writeShare: 0.7,
  writeBytes: WRITE_BYTES,
  fuaShare: 0.1,
  flushShare: 0,
  queueDepth: 8,
  appRequestsPerSecond: 0,
  appWriteShare: 0,
  appVolumes: 0,
  appTimeoutMs: 0,
  apiCallsPerSecond: 0,
  apiCreateShare: 0,
  apiSnapshotShare: 0,
  apiTimeoutMs: 1000,
  databases: 0,
  databaseVolumes: 4,
  databaseStripeBytes: 4096,
  databaseTransactionsPerSecond: 0,
  databaseTimeoutMs: 2000,
  multiZoneDatabases: 0,
  multiZonePartedMs: 1000,
  multiZoneHungMs: 4000,
  failoverWitness: 0,
};

/** A control plane and one "node" with two volumes, of which `v1` hangs once `hung` is set. */
async function startRegion() {
  const [good, hanging] = [await FileDevice.create(VOLUME_BYTES), await FileDevice.create(VOLUME_BYTES)];
  const state = { hung: false };
  const gate = () => (state.hung ? new Promise<never>(() => undefined) : Promise.resolve());
  const sometimesHung: BlockDevice = {
    sizeBytes: VOLUME_BYTES,
    read: (offset, length) => gate().then(() => hanging.read(offset, length)),
    write: (offset, data, options) => gate().then(() => hanging.write(offset, data, options)),
    flush: () => gate().then(() => hanging.flush()),
  };
  const devices: Record<string, BlockDevice> = { v0: good, v1: sometimesHung };
  const nbd = await startNbdServer({
    host: '127.0.0.1',
    port: 0,
    exports: () => Object.keys(devices),
    open: (name) => devices[name],
  });
  const volumes = ['v0', 'v1'].map((id) => ({ id, zone: 'z', primary: 'a1', mirror: 'a2' }));
  const dataDir = await mkdtemp(join(tmpdir(), 'zonestorm-region-'));
  const base = testConfig({
    id: 'z-instances',
    nodes: ['a1'],
    volumes,
    load: LOAD,
    storage: { volumeBytes: VOLUME_BYTES },
  });
  const controlPlane = await ControlPlane.open({ config: base, dataDir, now, print: () => undefined });
  const control = await startControlPlaneServer(controlPlane, { host: '127.0.0.1', port: 0 });
  const links = {
    a1: { primary: { host: '127.0.0.1', port: nbd.port } },
    'control-plane': { primary: { host: '127.0.0.1', port: control.port } },
  };
  return {
    config: { ...base, links },
    good,
    state,
    async [Symbol.asyncDispose]() {
      await nbd.close();
      await control.close();
      await controlPlane.close();
      await good[Symbol.asyncDispose]();
      await hanging[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true });
    },
  };
}

describe('the instances', () => {
  it('print what they did, what never finished, and a ledger that fits the disk', async () => {
    await using region = await startRegion();
    const program = new Program('instances', region.config);
    await program.ready();
    await delay(1000);
    region.state.hung = true;
    await delay(1000);
    expect(await program.stop()).toBe(0);

    const io = program.records('io');
    const ops = io.flatMap((record) => record.ops);
    expect(ops.filter(([volume, , , , outcome]) => volume === 'v0' && outcome !== 'ok')).toEqual([]);
    expect(ops.some(([volume, , , , , reason]) => volume === 'v1' && reason === 'queue full')).toBe(true);
    expect(io.at(-1)?.pending.map(([volume]) => volume)).toEqual(['v1']);
    expect(io.at(-1)?.receivedBytes.primary).toBeGreaterThan(10_000);

    const [unfinished] = program.records('io.unfinished');
    expect(unfinished?.ops.length).toBe(LOAD.queueDepth);
    const intended = unfinished?.ops.map(([, , time]) => time) ?? [];
    expect(io.at(-1)?.pending[0]?.[1]).toBe(Math.min(...intended));

    const ledgers = new Map(program.records('ledger').map((ledger) => [ledger.volume, ledger]));
    const written = (volume: string) =>
      ops.filter(([of, op, , , outcome]) => of === volume && op === 'write' && outcome === 'ok').length;
    for (const volume of ['v0', 'v1']) expect(ledgers.get(volume)?.acknowledged).toBe(written(volume));
    const doubtful = ledgers.get('v1')?.extents.flatMap(([, , ...possible]) => possible) ?? [];
    expect(doubtful.length).toBe(unfinished?.ops.filter(([, op]) => op === 'write').length);
    const extents = ledgers.get('v0')?.extents ?? [];
    expect(extents.length).toBeGreaterThan(5);
    for (const [extent, acknowledged, ...possible] of extents) {
      expect(possible).toEqual([]);
      const bytes = await region.good.read(extent * WRITE_BYTES, WRITE_BYTES);
      const found = summariseExtent(bytes, volumeTag('v0'), extent);
      expect(found).toEqual({ lowest: acknowledged, highest: acknowledged, wrong: 0 });
    }
  });

  it('killed and started again, know what their first life wrote, and blame no disk for it', async () => {
    await using region = await startRegion();
    // Few places, many reads: what the first life wrote is read by the second.
    const load = { ...LOAD, ioPerSecondPerVolume: 60, writeShare: 0.5 };
    const config = { ...region.config, load };
    const ledgers = await mkdtemp(join(tmpdir(), 'zonestorm-ledgers-'));
    const first = new Program('instances', config, [], ledgers);
    await first.ready();
    await delay(1300);
    first.kill();
    await first.exited();
    const second = new Program('instances', config, [], ledgers);
    await second.ready();
    await delay(1300);
    expect(await second.stop()).toBe(0);
    await rm(ledgers, { recursive: true });

    expect(first.records('ledger')).toEqual([]);
    const opsOf = (program: Program) => program.records('io').flatMap((record) => record.ops);
    const written = (program: Program, volume: string) =>
      opsOf(program).filter(([of, op, , , outcome]) => of === volume && op === 'write' && outcome === 'ok').length;
    expect(opsOf(second).filter(([, op]) => op === 'read').length).toBeGreaterThan(20);
    expect(opsOf(second).filter(([, , , , outcome]) => outcome !== 'ok')).toEqual([]);
    const ledger = second.records('ledger').find(({ volume }) => volume === 'v0');
    expect(written(first, 'v0')).toBeGreaterThan(5);
    expect(ledger?.acknowledged).toBeGreaterThanOrEqual(written(first, 'v0') + written(second, 'v0'));
    for (const [extent, acknowledged, ...possible] of ledger?.extents ?? []) {
      const bytes = await region.good.read(extent * WRITE_BYTES, WRITE_BYTES);
      const { lowest, highest, wrong } = summariseExtent(bytes, volumeTag('v0'), extent);
      expect(wrong).toBe(0);
      for (const found of [lowest, highest]) expect([acknowledged, ...possible]).toContain(found);
    }
  });

  it('are not ready while a volume cannot be attached, and stop even then', async () => {
    await using region = await startRegion();
    const volumes = [...region.config.volumes, { id: 'nowhere', zone: 'z', primary: 'a1', mirror: 'a2' }];
    const program = new Program('instances', { ...region.config, volumes });
    for (let tries = 0; program.records('io').length < 2 && tries < 200; tries += 1) await delay(20);
    expect(program.records('ready')).toEqual([]);
    expect(program.records('io').flatMap((record) => record.ops)).toEqual([]);
    expect(await program.stop()).toBe(0);
    expect(program.records('ledger').length).toBe(3);
  });

  it('do not start without a link to a node of their zone', async () => {
    await using region = await startRegion();
    const program = new Program('instances', { ...region.config, nodes: ['a1', 'a9'] });
    expect(await program.exited()).toBe(1);
    expect(program.stderr).toContain('no link on the primary plane to a9');
  });
});
