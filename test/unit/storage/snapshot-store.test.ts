import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SnapshotStore, sha256Of } from '../../../fixtures/storage/snapshots/snapshot-store.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snapshot-store-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function enter(store: SnapshotStore, snapshot: string): Promise<void> {
  const data = Buffer.from(snapshot);
  await store.write(snapshot, data);
  await store.enter({
    ...{ snapshot, volume: 'v1', number: store.nextNumber, epoch: 1, node: 'a1', role: 'primary' },
    ...{ bytes: data.length, sha256: sha256Of(data), isPrecaution: false },
  });
}

test.each([
  ['torn', '{"snapshot":"snap-1","vol'],
  ['empty', ''],
  ['no object', 'null'],
  ['another’s', '{"snapshot":"snap-9","number":4}'],
])('a meta that is %s leaves its snapshot out, with its bytes, and no other', async (_, text) => {
  const store = await SnapshotStore.open(folder);
  for (const snapshot of ['snap-1', 'snap-2']) await enter(store, snapshot);
  const meta = join(folder, 'snapshots/snap-1.json');
  await writeFile(meta, text);

  const complaints: string[] = [];
  const again = await SnapshotStore.open(folder, (line) => complaints.push(line));
  expect(again.all().map(({ snapshot }) => snapshot)).toEqual(['snap-2']);
  expect(await again.read('snap-2')).toEqual(Buffer.from('snap-2'));
  expect(complaints).toEqual([expect.stringContaining('snap-1')]);
  expect((await readdir(join(folder, 'snapshots'))).toSorted()).toEqual([
    'snap-1.data',
    'snap-1.json',
    'snap-2.data',
    'snap-2.json',
  ]);
  expect(await readFile(meta, 'utf8')).toBe(text);
});
