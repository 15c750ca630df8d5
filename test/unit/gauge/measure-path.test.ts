import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listenForProbes } from '../../../fixtures/gauge/echo-server.ts';
import { measurePath } from '../../../fixtures/gauge/measure-path.ts';

const MBIT = 2;
const BYTES_PER_MS = (MBIT * 1e6) / 8 / 1000;

/** A path that carries so much by the clock, however late its timer comes. */
async function pacedPath(to: number): Promise<number> {
  const server = createServer(async (near) => {
    const far = connect({ host: '127.0.0.1', port: to });
    await once(far, 'connect');
    far.pipe(near);
    const waiting: Buffer[] = [];
    near.on('data', (data: Buffer) => waiting.push(data));
    let last = performance.now();
    const timer = setInterval(() => {
      let room = Math.floor((performance.now() - last) * BYTES_PER_MS);
      last = performance.now();
      for (let data = waiting.shift(); data !== undefined && room > 0; data = waiting.shift()) {
        far.write(data.subarray(0, room));
        if (data.length > room) waiting.unshift(data.subarray(room));
        room -= data.length;
        if (room <= 0) break;
      }
    }, 5);
    const end = (): void => {
      clearInterval(timer);
      for (const one of [near, far] as Socket[]) one.destroy();
    };
    for (const one of [near, far]) one.on('error', end).on('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** The flood of a path in this process; `standAt`: ms after its first byte, at which the process stands still. */
async function measured(standAt: number | null): Promise<number> {
  let first = true;
  const sink = { bytes: 0, onMore: null as (() => void) | null };
  const server = await listenForProbes(0, (_, bytes) => {
    sink.bytes += bytes;
    sink.onMore?.();
    if (!first || standAt === null) return;
    first = false;
    setTimeout(() => {
      for (const until = performance.now() + 120; performance.now() < until; );
    }, standAt);
  });
  onTestFinished(() => void server.close());
  const path = await pacedPath((server.address() as AddressInfo).port);
  return (await measurePath('127.0.0.1', path, sink)).receivedMbit;
}

test.each([
  ['a program that is never late', null],
  // It has just gone to sleep for the warm-up when the first byte comes.
  ['one that stands still as the measurement begins', 470],
  ['one that stands still as it ends', 1_970],
])('a path carries what it carries: %s', async (_, standAt) => {
  const mbit = await measured(standAt);
  expect(mbit / MBIT).toBeGreaterThan(0.97);
  expect(mbit / MBIT).toBeLessThan(1.03);
});
