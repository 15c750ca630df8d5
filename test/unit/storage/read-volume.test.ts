import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigStore } from '../../../fixtures/storage/control-plane/config-store.ts';
import { elect } from '../../../fixtures/storage/control-plane/membership.ts';
import { type PeerHandlers, type PeerServer, startPeerServer } from '../../../fixtures/storage/node/peer-server.ts';
import { readVolume } from '../../../fixtures/storage/snapshots/read-volume.ts';
import { now } from '../../../fixtures/storage/telemetry/now.ts';
import { ownNetwork } from './own-network.ts';
import { testConfig } from './test-config.ts';

const host = `${ownNetwork()}.10`;
const DATA = Buffer.alloc(40_000, 5);
let folder: string;
let store: ConfigStore;
let peers: PeerServer;
let onImage: PeerHandlers['onImage'];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-volume-'));
  ({ store } = await ConfigStore.open(folder, [{ id: 'v1', zone: 'z', primary: 'a', mirror: 'b' }]));
  const handlers: PeerHandlers = {
    onBytes: () => undefined,
    onHello: () => undefined,
    affirms: () => true,
    onRequest: () => Promise.resolve('ok'),
    onSearch: () => Promise.resolve({ type: 'full' }),
    onRelease: () => undefined,
    onImage: (request) => onImage(request),
  };
  peers = await startPeerServer(handlers, { hosts: [host], port: 7000 });
});
afterEach(async () => {
  await peers.close();
  await store.close();
  await rm(folder, { recursive: true });
});

const read = (snapshotStuck: 0 | 1, snapshotTimeoutMs: number) => {
  const settings = testConfig({ storage: { snapshotStuck, snapshotTimeoutMs } }).storage;
  const links = { dialOf: () => ({ host, port: 7000 }) };
  return readVolume({ volume: 'v1', store, links, settings, now });
};

test('all parts come from the one image', async () => {
  onImage = () => Promise.resolve({ epoch: 1, role: 'primary', data: DATA });
  const image = await read(0, 2000);
  expect(image).toMatchObject({ node: 'a', epoch: 1, role: 'primary' });
  expect(image?.data.equals(DATA)).toBe(true);
});

test('a blocked replica that was read while another was elected is not taken: it may lack what was written then', async () => {
  onImage = async () => {
    await store.commit('v1', (config) => elect(config, { node: 'a', epoch: 1, joining: 'c' }));
    return { epoch: 1, role: 'mirror', data: DATA };
  };
  expect(await read(1, 300)).toBeNull();
});

test('a replica of another epoch than the store’s is not taken', async () => {
  onImage = () => Promise.resolve({ epoch: 2, role: 'primary', data: DATA });
  expect(await read(0, 200)).toBeNull();
});

test('a node that has none is asked again, until it has', async () => {
  let asked = 0;
  onImage = () => {
    asked += 1;
    return Promise.resolve(asked < 3 ? null : { epoch: 1, role: 'primary', data: DATA });
  };
  expect(await read(0, 2000)).toMatchObject({ node: 'a' });
  expect(asked).toBe(3);
});
