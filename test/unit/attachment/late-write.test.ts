import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { attachVolume } from '../../../fixtures/storage/attachment/attach-volume.ts';
import type { VolumeLocation } from '../../../fixtures/storage/attachment/attachment.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import type { ContainerConfig } from '../../../harness/scenario/container-config.ts';
import { memoryDevice } from '../nbd/memory-device.ts';

/**
 * A link whose first connection keeps what it is sent from `hold` to `release`, also when the sender has left: so does a
 * router's queue, and a segment that TCP sends again after many seconds.
 */
async function lateLink(port: number) {
  const kept: Buffer[] = [];
  const sockets: Socket[] = [];
  let held: Socket | null = null;
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const isFirst = sockets.length === 0;
    sockets.push(inner, outer);
    inner.on('data', (chunk) => (isFirst && held !== null ? kept.push(chunk) : outer.write(chunk)));
    outer.on('data', (chunk) => inner.write(chunk));
    for (const socket of [inner, outer]) socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    dial: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    hold: () => {
      held = sockets[1] ?? null;
    },
    release: () => held?.write(Buffer.concat(kept)),
    keeps: () => Buffer.concat(kept).toString('latin1'),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a write that comes late on a connection that was left does not undo a newer one', async () => {
  const bytes = Buffer.alloc(4096);
  const device = memoryDevice(bytes);
  const nbd = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => ['v1'], open: () => device });
  await using link = await lateLink(nbd.port);
  let location: VolumeLocation = { epoch: 1, primary: 'a1' };
  const attachment = attachVolume({
    config: { id: 'a-instances', links: { a1: { primary: link.dial } } } as unknown as ContainerConfig,
    volume: 'v1',
    maxPending: 8,
    lookup: async () => location,
    random: () => 0,
    onBytes: () => undefined,
  });
  const write = (text: string) => attachment.write(0, () => Buffer.from(text, 'latin1'), { fua: false });
  try {
    await attachment.attached;
    link.hold();
    const old = write('old');
    // Elected anew on the same node, and still silent: the attachment leaves the connection and sends it again.
    location = { epoch: 2, primary: 'a1' };
    await old;
    await write('new');
    expect(link.keeps()).toContain('old');
    link.release();
    await delay(200);
    expect(bytes.toString('latin1', 0, 3)).toBe('new');
  } finally {
    await attachment.close();
    await nbd.close();
  }
}, 20_000);
