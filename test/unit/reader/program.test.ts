import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigLog } from '../../../fixtures/storage/disk/config-log.ts';
import { ReplicaFile } from '../../../fixtures/storage/disk/replica-file.ts';
import { encodeExtent } from '../../../fixtures/storage/ledger/extent.ts';
import { volumeTag } from '../../../fixtures/storage/ledger/sector.ts';
import { Program } from '../instances/run-program.ts';
import { testConfig } from '../storage/test-config.ts';

const VOLUME_BYTES = 64 * 1024;
const config = testConfig({ storage: { volumeBytes: VOLUME_BYTES } });
const { writeBytes } = config.load;

let disks: string;
beforeEach(async () => {
  disks = await mkdtemp(join(tmpdir(), 'zonestorm-disks-'));
});
afterEach(() => rm(disks, { recursive: true }));

/** A replica of `volume` on `node` with write number `sequence` in extent 2. */
async function replica(node: string, slot: number, volume: string, sequence: number): Promise<void> {
  await mkdir(join(disks, node, 'slots'), { recursive: true });
  const meta = { slot, volume, epoch: 3, role: 'primary', state: 'current' } as const;
  const file = await ReplicaFile.create(join(disks, node), meta, VOLUME_BYTES);
  await file.write(2 * writeBytes, encodeExtent(volumeTag(volume), 2, sequence, writeBytes));
  await file.close();
}

function read(...names: string[]): Program {
  return new Program(
    'reader',
    config,
    names.map((name) => join(disks, name)),
  );
}

describe('the reader', () => {
  it('prints every replica and every membership', async () => {
    await replica('a1', 0, 'v0', 5);
    await replica('a1', 7, 'v1', 6);
    await replica('a2', 0, 'v0', 4);
    const { log } = await ConfigLog.open(join(disks, 'control-plane'));
    const members = { volume: 'v0', epoch: 3, primary: 'a1', mirror: 'a2', joining: null };
    await log.append([{ ...members, retained: null }]);
    await log.close();
    const reader = read('a1', 'a2', 'control-plane');
    expect(await reader.exited()).toBe(0);
    const found = reader
      .records('replica')
      .map(({ node, volume, slot, epoch, extents }) => ({ node, volume, slot, epoch, extents }));
    expect(found).toEqual([
      { node: 'a1', volume: 'v0', slot: 0, epoch: 3, extents: [[2, 5, 5, 0]] },
      { node: 'a1', volume: 'v1', slot: 7, epoch: 3, extents: [[2, 6, 6, 0]] },
      { node: 'a2', volume: 'v0', slot: 0, epoch: 3, extents: [[2, 4, 4, 0]] },
    ]);
    expect(reader.records('membership')).toEqual([{ kind: 'membership', t: expect.any(Number), ...members }]);
    expect(reader.records('disk').map(({ path, files }) => [path, files])).toEqual([
      [join(disks, 'a1'), 2],
      [join(disks, 'a2'), 1],
      [join(disks, 'control-plane'), 1],
    ]);
    expect(reader.records('unread')).toEqual([]);
  });

  it('reads the rest when something cannot be read, and says so', async () => {
    await replica('a1', 0, 'v0', 5);
    await replica('a1', 1, 'v1', 6);
    await replica('a2', 0, 'v0', 5);
    await rm(join(disks, 'a1', 'slots', '00.data'));
    await writeFile(join(disks, 'a2', 'slots', '00.json'), '{');
    await replica('a3', 0, 'v2', 8);
    const reader = read('a1', 'a2', 'a3', 'control-plane');
    expect(await reader.exited()).toBe(1);
    expect(reader.records('replica').map(({ node, volume }) => `${node} ${volume}`)).toEqual(['a1 v1', 'a3 v2']);
    for (const name of ['a1', 'a2', 'control-plane']) expect(reader.stderr).toContain(join(disks, name));
    // Of the first a file is missing; the second and the store could not be gone through.
    expect(reader.records('disk').map(({ path, files }) => [path, files])).toEqual([
      [join(disks, 'a1'), 1],
      [join(disks, 'a3'), 1],
    ]);
    expect(reader.records('unread').map(({ what, why }) => [what, why.split(':')[0]])).toEqual([
      [join(disks, 'a1', 'slots', '00.data'), 'ENOENT'],
      [join(disks, 'a2'), expect.stringContaining('JSON')],
      [join(disks, 'control-plane'), 'no store'],
    ]);
  });
});
