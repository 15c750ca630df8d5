import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigStore } from '../../../fixtures/storage/control-plane/config-store.ts';
import { readStore } from '../../../fixtures/storage/disk/config-log.ts';
import type { VolumeConfig } from '../../../fixtures/storage/disk/volume-config.ts';

const PLACED = ['v1', 'v2'].map((id) => ({ id, zone: 'z', primary: 'a', mirror: 'b' }));
const config = (volume: string): VolumeConfig => {
  return { volume, epoch: 1, primary: 'a', mirror: 'c', joining: null, retained: null };
};

let folder = '';
let store: ConfigStore;
const open = async (serviceMs = 0) => {
  store = (await ConfigStore.open(folder, PLACED, serviceMs)).store;
};
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-store-'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const remove = (volume: string) =>
  store.commit(volume, (current) => ({ answer: 'deleted', config: { ...current, deleted: true }, changed: true }));

test('operations take the service time one after the other, reads too', async () => {
  const serviceMs = 20;
  await open(serviceMs);
  const begun = performance.now();
  const ended: number[] = [];
  const note = () => ended.push(performance.now() - begun);
  await Promise.all([
    store.read((all) => all.get('v1')).then(note),
    store.commit('v1', (current) => ({ answer: 'kept', config: current, changed: false })).then(note),
    store.read((all) => all.all().length).then(note),
  ]);
  for (const [index, ms] of ended.entries())
    expect(ms, `operation ${index}`).toBeGreaterThan((index + 1) * (serviceMs - 1));
  expect(store.takeLongestMs()).toBeGreaterThan(3 * (serviceMs - 1));
  expect(store.takeLongestMs()).toBe(0);
});

test('without a service time a read does not wait for a change that is being written', async () => {
  await open();
  const order: string[] = [];
  const change = store.enter(config('v3')).then(() => order.push('change'));
  await store.read((all) => order.push(`read ${all.get('v3')?.volume ?? 'nothing'}`));
  await change;
  expect(order).toEqual(['read nothing', 'change']);
});

test('a read of what is not there rejects, and the next one is carried out', async () => {
  await open(1);
  const missing = store.read(() => {
    throw new RangeError('no');
  });
  await expect(missing).rejects.toThrow(RangeError);
  expect(await store.read((all) => all.all().length)).toBe(2);
});

test('a new volume survives, a deleted one stays deleted, and a name is used once', async () => {
  await open();
  await store.enter(config('v3'));
  await store.enter(config('v4'));
  await expect(store.enter(config('v3'))).rejects.toThrow(RangeError);
  await remove('v3');
  await expect(remove('v3')).rejects.toThrow(RangeError);
  await store.close();
  await open();
  expect(store.all().map(({ volume }) => volume)).toEqual(['v1', 'v2', 'v4']);
  expect(store.get('v3')).toBeUndefined();
  expect(store.deleted().map(({ volume }) => volume)).toEqual(['v3']);
  await expect(store.enter(config('v3'))).rejects.toThrow(RangeError);
  expect((await readStore(folder)).map(({ volume }) => volume)).toEqual(['v1', 'v2', 'v4']);
});

test('two changes of one volume, one in a lane and one without, are decided one after the other', async () => {
  await open();
  store.dedicate('z');
  await store.read(() => undefined, 'z');
  const next = (holder: string) => (current: VolumeConfig) => {
    return { answer: 'changed', config: { ...current, epoch: current.epoch + 1, attachedTo: holder }, changed: true };
  };
  const [region, zone] = await Promise.all([store.commit('v1', next('i1')), store.commit('v1', next('i2'), 'z')]);
  expect([region.config.epoch, zone.config.epoch].toSorted()).toEqual([2, 3]);
  expect(store.get('v1')?.epoch).toBe(3);
  expect((await readStore(folder)).find(({ volume }) => volume === 'v1')).toEqual(store.get('v1'));
});
