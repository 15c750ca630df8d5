import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { Attachment, type VolumeLocation } from '../../../fixtures/storage/attachment/attachment.ts';
import type { BlockDevice } from '../../../fixtures/storage/nbd/block-device.ts';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { type NbdServer, startNbdServer } from '../../../fixtures/storage/nbd/server.ts';

const SIZE = 64 * 1024;

/** A storage node with one volume whose behaviour the test changes as it goes. */
class Node {
  readonly bytes = Buffer.alloc(SIZE);
  readonly writes: string[] = [];
  mode: 'serve' | 'hang' | 'shutdown' | 'unknown' = 'serve';
  connections = 0;
  #server: NbdServer | undefined;

  static async start(): Promise<Node> {
    const node = new Node();
    const open = (): BlockDevice | undefined => {
      node.connections += 1;
      return node.mode === 'unknown' ? undefined : node.device();
    };
    node.#server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => ['vol-1'], open });
    return node;
  }

  get server(): NbdServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }

  device(): BlockDevice {
    const gate = async () => {
      if (this.mode === 'hang') await new Promise(() => undefined);
      if (this.mode === 'shutdown') throw Object.assign(new Error(), { code: 'ESHUTDOWN' });
    };
    return {
      sizeBytes: SIZE,
      read: async (offset, length) => {
        await gate();
        return this.bytes.subarray(offset, offset + length);
      },
      write: async (offset, data) => {
        this.writes.push(data.toString('latin1', 0, 4));
        await gate();
        data.copy(this.bytes, offset);
      },
      flush: gate,
    };
  }
}

class Region {
  readonly nodes = new Map<string, Node>();
  readonly attachment: Attachment;
  location: VolumeLocation | Error;
  lookups = 0;

  private constructor(location: VolumeLocation | Error, nodes: ReadonlyMap<string, Node>, maxPending: number) {
    this.location = location;
    this.nodes = new Map(nodes);
    this.attachment = new Attachment({
      maxPending,
      suspicionMs: 200,
      random: () => 0,
      now: () => performance.now(),
      lookup: async () => {
        this.lookups += 1;
        if (this.location instanceof Error) throw this.location;
        return this.location;
      },
      connect: (primary) =>
        connectNbd({
          host: '127.0.0.1',
          port: this.node(primary).server.port,
          exportName: 'vol-1',
          connectTimeoutMs: 500,
        }),
    });
  }

  static async start(
    location: VolumeLocation | Error = { epoch: 1, primary: 'a1' },
    maxPending = 100,
  ): Promise<Region> {
    const region = new Region(
      location,
      new Map([
        ['a1', await Node.start()],
        ['a2', await Node.start()],
      ]),
      maxPending,
    );
    regions.push(region);
    return region;
  }

  node(id: string): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`no node ${id}`);
    return node;
  }

  write(offset: number, text: string): Promise<void> {
    return this.attachment.write(offset, () => Buffer.from(text, 'latin1'), { fua: false });
  }
}

const regions: Region[] = [];
afterEach(async () => {
  for (const region of regions.splice(0)) {
    await region.attachment.close();
    for (const node of region.nodes.values()) await node.server.close();
  }
});

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    if (tries > 1000) throw new Error('never came true');
    await delay(5);
  }
}

describe('Attachment', () => {
  it('reads and writes on the primary that the control plane names', async () => {
    const region = await Region.start({ epoch: 1, primary: 'a2' });
    await region.attachment.attached;
    await region.write(512, 'data');
    expect((await region.attachment.read(512, 4)).toString()).toBe('data');
    expect(region.node('a2').writes).toEqual(['data']);
    expect(region.node('a1').connections).toBe(0);
    expect(region.attachment.sizeBytes).toBe(SIZE);
  });

  it('keeps operations made before there is a primary until there is one', async () => {
    const region = await Region.start(new Error('overloaded'));
    const write = region.write(0, 'wait');
    await delay(120);
    region.location = { epoch: 1, primary: 'a1' };
    await write;
    expect(region.node('a1').writes).toEqual(['wait']);
  });

  it('sends what is pending again, oldest first and the same, when the connection ends', async () => {
    const region = await Region.start();
    await region.attachment.attached;
    region.node('a1').mode = 'hang';
    const writes = ['one ', 'two ', 'six '].map((text, index) => region.write(index * 512, text));
    await until(() => region.node('a1').writes.length === 3);
    region.location = { epoch: 2, primary: 'a2' };
    region.node('a1').server.disconnect('vol-1');
    await Promise.all(writes);
    expect(region.node('a2').writes).toEqual(['one ', 'two ', 'six ']);
    expect(region.attachment.reattachments).toBe(1);
  });

  it('goes to the new primary after ESHUTDOWN', async () => {
    const region = await Region.start();
    await region.attachment.attached;
    region.node('a1').mode = 'shutdown';
    region.location = { epoch: 2, primary: 'a2' };
    await region.write(0, 'data');
    expect(region.node('a2').writes).toEqual(['data']);
  });

  it('asks again, but not in a tight loop, while the primary sends it away', async () => {
    const region = await Region.start();
    await region.attachment.attached;
    region.node('a1').mode = 'shutdown';
    const write = region.write(0, 'data');
    await delay(500);
    expect(region.node('a1').connections).toBeLessThan(13);
    region.node('a1').mode = 'serve';
    await write;
  });

  it('waits for an export that is unknown as yet', async () => {
    const region = await Region.start();
    region.node('a1').mode = 'unknown';
    const write = region.write(0, 'data');
    await until(() => region.node('a1').connections >= 2);
    region.node('a1').mode = 'serve';
    await write;
  });

  it('leaves a primary that hangs once another is elected, and not before', async () => {
    const region = await Region.start();
    await region.attachment.attached;
    region.node('a1').mode = 'hang';
    let done = false;
    const write = region.write(0, 'data').then(() => {
      done = true;
    });
    await delay(330);
    expect([done, region.attachment.reattachments]).toEqual([false, 0]);
    expect(region.lookups).toBeGreaterThanOrEqual(2);
    region.location = { epoch: 2, primary: 'a2' };
    await write;
    expect(region.node('a2').writes).toEqual(['data']);
  });

  it('gives the same primary in a new epoch time to resume on the same connection', async () => {
    const region = await Region.start();
    await region.attachment.attached;
    region.node('a1').mode = 'hang';
    const write = region.write(0, 'data');
    region.location = { epoch: 2, primary: 'a1' };
    await until(() => region.lookups === 2);
    await delay(20);
    expect(region.attachment.reattachments).toBe(0);
    region.node('a1').mode = 'serve';
    // This connection's operation hangs for good: it is sent again on a new one after the second question.
    await write;
    expect([region.attachment.reattachments, region.node('a1').writes]).toEqual([1, ['data', 'data']]);
  });

  it('dials the last known primary when the control plane gives no answer', async () => {
    const region = await Region.start();
    await region.attachment.attached;
    region.location = new Error('timeout');
    region.node('a1').server.disconnect('vol-1');
    await region.write(0, 'data');
    expect(region.attachment.reattachments).toBe(1);
  });

  it('passes errors of the disk on', async () => {
    const region = await Region.start();
    await expect(region.attachment.read(SIZE, 512)).rejects.toMatchObject({ code: 'EINVAL' });
  });

  it('bounds what is pending, also what its callers have given up', async () => {
    const region = await Region.start(undefined, 2);
    await region.attachment.attached;
    region.node('a1').mode = 'hang';
    const abort = new AbortController();
    const given = region.attachment.read(0, 512, abort.signal);
    const kept = region.write(0, 'data');
    await until(() => region.node('a1').writes.length === 1);
    abort.abort();
    await expect(given).rejects.toMatchObject({ code: 'ABORTED' });
    await expect(region.attachment.read(0, 512)).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    const lost = expect(kept).rejects.toMatchObject({ code: 'DETACHED' });
    await region.attachment.close();
    await lost;
  });
});
