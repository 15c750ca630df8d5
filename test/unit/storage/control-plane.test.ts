import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ControlPlaneClient } from '../../../fixtures/storage/control-plane/client.ts';
import { ControlPlane } from '../../../fixtures/storage/control-plane/control-plane.ts';
import { type ControlPlaneServer, startControlPlaneServer } from '../../../fixtures/storage/control-plane/server.ts';
import { PoolOverloadedError, WorkerPool } from '../../../fixtures/storage/control-plane/worker-pool.ts';
import type { PrintedRecord } from '../../../harness/history/records.ts';
import { testConfig } from './test-config.ts';

const LEASE_MS = 1000;
const config = testConfig({
  id: 'control-plane',
  volumes: [{ id: 'v1', zone: 'z', primary: 'a', mirror: 'b' }],
  storage: { leaseMs: LEASE_MS },
});

let folder = '';
let now = 0;
let records: PrintedRecord[] = [];
let server: ControlPlaneServer;
let client: ControlPlaneClient;
let controlPlane: ControlPlane;

async function start(port = 0): Promise<void> {
  controlPlane = await ControlPlane.open({
    config,
    dataDir: folder,
    now: () => now,
    print: (record) => records.push(record),
  });
  server = await startControlPlaneServer(controlPlane, { host: '127.0.0.1', port });
}

beforeEach(async () => {
  now = 0;
  records = [];
  folder = await mkdtemp(join(tmpdir(), 'control-plane-'));
  await start();
  client = ControlPlaneClient.connect({ host: '127.0.0.1', port: server.port });
});
afterEach(async () => {
  client.close();
  await server.close();
  await controlPlane.close();
  await rm(folder, { recursive: true });
});

const promote = (node: string, epoch: number) => client.request('promote', { volume: 'v1', node, epoch }, 1000);

test('answers over TCP, and refuses what it does not know', async () => {
  expect(await client.request('lookup', { volume: 'v1' }, 1000)).toMatchObject({ epoch: 1, primary: 'a', mirror: 'b' });
  expect((await client.request('members', { node: 'b' }, 1000)).volumes).toHaveLength(1);
  expect((await client.request('members', { node: 'z' }, 1000)).volumes).toEqual([]);
  await expect(client.request('lookup', { volume: 'v9' }, 1000)).rejects.toMatchObject({ code: 'unknown-volume' });
});

test('promotes a mirror only after the lease of its primary has run out', async () => {
  now = 600;
  await client.request('beat', { node: 'a' }, 1000);
  now = 600 + LEASE_MS;
  expect((await promote('b', 1)).answer).toBe('wait');
  now += 1;
  expect((await promote('b', 1)).answer).toBe('elected');
  expect((await client.request('lookup', { volume: 'v1' }, 1000)).primary).toBe('b');
});

test('a node that was never heard has a lease from the start of the control plane', async () => {
  now = LEASE_MS;
  expect((await promote('b', 1)).answer).toBe('wait');
  now = LEASE_MS + 1;
  expect((await promote('b', 1)).answer).toBe('elected');
});

test('of many elections at one epoch exactly one is carried out', async () => {
  const calls = ['c', 'd', 'e', 'f'].map((joining) =>
    client.request('elect', { volume: 'v1', node: 'a', epoch: 1, joining }, 1000),
  );
  const answers = (await Promise.all(calls)).map(({ answer }) => answer);
  expect(answers.filter((answer) => answer === 'elected')).toHaveLength(1);
  expect(records.filter((record) => record.kind === 'election').map(({ event }) => event)).toEqual([
    'created',
    'elected',
  ]);
});

test('after a restart it knows every decision, and the client finds it again', async () => {
  await client.request('elect', { volume: 'v1', node: 'a', epoch: 1, joining: 'c' }, 1000);
  const { port } = server;
  await server.close();
  await controlPlane.close();
  const meanwhile = client.request('lookup', { volume: 'v1' }, 3000).catch(() => null);
  await start(port);
  expect((await meanwhile) ?? (await client.request('lookup', { volume: 'v1' }, 3000))).toEqual({
    volume: 'v1',
    epoch: 2,
    primary: 'a',
    mirror: null,
    joining: 'c',
    retained: 'b',
  });
  expect(records.filter((record) => record.kind === 'election' && record.event === 'created')).toHaveLength(1);
});

test('creates nothing in a zone whose nodes it has no links to', async () => {
  const create = client.request('createVolume', { zone: 'z' }, 1000);
  await expect(create).rejects.toMatchObject({ code: 'no-links' });
});

test('tells what became of calls: served, and served in vain', async () => {
  await client.request('lookup', { volume: 'v1' }, 1000);
  now = Number.MAX_SAFE_INTEGER; // Long after the deadline that the call was given.
  await client.request('describeVolumes', { volumes: ['v1'] }, 1000);
  controlPlane.printStats(1);
  const record = records.at(-1);
  expect(record).toMatchObject({ kind: 'control', served: 2, expired: 1, dropped: 0, refused: 0, busyWorkers: 0 });
  expect(record?.kind === 'control' ? record.operations : []).toEqual([
    ['lookup', 1, 0],
    ['describeVolumes', 1, 1],
  ]);
});

test('a request without an answer times out', async () => {
  const { port } = server;
  await server.close();
  const lonely = ControlPlaneClient.connect({ host: '127.0.0.1', port });
  await expect(lonely.request('lookup', { volume: 'v1' }, 50)).rejects.toMatchObject({ code: 'timeout' });
  lonely.close();
});

describe('the pool', () => {
  test('runs as many tasks as it has workers, the next when one is free, and refuses beyond its queue', async () => {
    let clock = 0;
    const pool = new WorkerPool({ workers: 2, queueLimit: 1, now: () => clock });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const started: number[] = [];
    const running = gates.map(({ promise }, index) =>
      pool.run(() => {
        started.push(index);
        return promise;
      }),
    );
    await expect(pool.run(() => undefined)).rejects.toThrow(PoolOverloadedError);
    expect({ started, busy: pool.busyWorkers, queued: pool.queued }).toEqual({ started: [0, 1], busy: 2, queued: 1 });
    clock = 70;
    gates[1]?.resolve();
    await running[1];
    await Promise.resolve();
    expect(started).toEqual([0, 1, 2]);
    expect(pool.takeWaitMaxMs()).toBe(70);
    for (const gate of gates) gate.resolve();
    await Promise.all(running);
    expect({ busy: pool.busyWorkers, served: pool.served }).toEqual({ busy: 0, served: 3 });
  });

  test('a failed task frees its worker', async () => {
    const pool = new WorkerPool({ workers: 1, queueLimit: 1, now: () => 0 });
    await expect(pool.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await pool.run(() => 'yes')).toBe('yes');
  });
});
