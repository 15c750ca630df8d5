import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ConfigLog, readStore, replayConfigLog } from '../../../fixtures/storage/disk/config-log.ts';
import type { VolumeConfig } from '../../../fixtures/storage/disk/volume-config.ts';

const config = (volume: string, epoch: number): VolumeConfig => {
  return { volume, epoch, primary: 'a', mirror: 'b', joining: null, retained: null };
};

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

test('an empty folder is an empty store', async () => {
  expect(await readStore(folder)).toEqual([]);
});

test('the newest config of each volume is read back', async () => {
  const { log } = await ConfigLog.open(folder);
  await log.append([config('v2', 1), config('v1', 1)]);
  await log.append([config('v2', 2)]);
  await log.close();
  expect(await readStore(folder)).toEqual([config('v1', 1), config('v2', 2)]);
});

test('a torn last line is left out, and the next line does not run into it', async () => {
  const { log } = await ConfigLog.open(folder);
  await log.append([config('v1', 1)]);
  await log.close();
  await appendFile(join(folder, 'store', 'configs.jsonl'), JSON.stringify(config('v1', 2)).slice(0, -5));
  expect(await readStore(folder)).toEqual([config('v1', 1)]);
  const again = await ConfigLog.open(folder);
  expect([...again.configs.values()]).toEqual([config('v1', 1)]);
  await again.log.append([config('v1', 3)]);
  await again.log.close();
  expect(await readStore(folder)).toEqual([config('v1', 3)]);
  expect((await readFile(join(folder, 'store', 'configs.jsonl'), 'utf8')).split('\n')).toHaveLength(3);
});

test('a whole line that was never ended is torn too: it was not synced', () => {
  expect(replayConfigLog(JSON.stringify(config('v1', 1))).configs.size).toBe(0);
});

test('a bad line before the last is damage, not a torn write', () => {
  expect(() => replayConfigLog(`{"volume":\n${JSON.stringify(config('v1', 1))}\n`)).toThrow(/line 1/);
});
