import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { MetaFile } from '../../../fixtures/storage/disk/meta-file.ts';
import { SnapshotStore } from '../../../fixtures/storage/snapshots/snapshot-store.ts';
import { mayMount, TestDisk } from './test-disk.ts';

test.runIf(mayMount)('on a full disk a meta takes the room that was set aside for it, again and again', async () => {
  await using disk = await TestDisk.make('plain');
  const path = join(disk.path, '01.json');
  const meta = new MetaFile(path);
  await meta.setRoomAside();
  await meta.write('first');
  await disk.fill();
  for (const text of ['second', 'third', 'fourth']) {
    await meta.write(text);
    expect(await readFile(path, 'utf8')).toBe(text);
  }
  const other = new MetaFile(join(disk.path, '02.json'));
  await expect(other.setRoomAside()).rejects.toThrow('ENOSPC');
  await expect(other.write('none')).rejects.toThrow('ENOSPC');
  expect((await readdir(disk.path)).sort()).toEqual(['01.json', '01.json.room', 'filler']);
});

test.runIf(mayMount)('a snapshot that does not fit leaves nothing of itself on the disk', async () => {
  await using disk = await TestDisk.make('plain');
  const snapshots = await SnapshotStore.open(disk.path);
  await disk.fill(64 * 1024);
  await expect(snapshots.write('snap-1', Buffer.alloc(128 * 1024, 1))).rejects.toThrow('ENOSPC');
  expect(await readdir(join(disk.path, 'snapshots'))).toEqual([]);
  await snapshots.write('snap-2', Buffer.alloc(32 * 1024, 1));
});
