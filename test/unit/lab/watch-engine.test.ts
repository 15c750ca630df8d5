import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import Docker from 'dockerode';
import { expect, test } from 'vitest';
import { EngineWatch } from '../../../harness/lab/engine/watch-engine.ts';

const TIMES = { everyMs: 20, pingMs: 100, goneMs: 2_000, afterMs: 300 };

/** A socket that answers pings, or lets them wait, as it is told. */
async function engine() {
  let hangs = 0;
  const waiting: ServerResponse[] = [];
  const server = createServer((_, response) => {
    if (hangs > 0) {
      hangs -= 1;
      waiting.push(response);
    } else response.end('OK');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    docker: new Docker({ host: '127.0.0.1', port, protocol: 'http' }),
    hang: (pings: number) => {
      hangs = pings;
    },
    hanging: () => hangs,
    [Symbol.asyncDispose]: async () => {
      for (const response of waiting) response.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('one late ping blames nobody', async () => {
  await using one = await engine();
  using watch = new EngineWatch(one.docker, TIMES);
  await expect.poll(() => watch.answers()).toBe(true);
  one.hang(1);
  await expect.poll(() => watch.missed, { interval: 10 }).toMatch(/ping/);
  await expect.poll(() => watch.missed, { interval: 10 }).toBeNull();
  expect(await watch.answers()).toBe(true);
  expect(watch.missed).toBeNull();
});

test('an engine that was away is blamed for what fails then and soon after, and not for ever', async () => {
  await using one = await engine();
  using watch = new EngineWatch(one.docker, TIMES);
  one.hang(5);
  await expect.poll(() => one.hanging(), { interval: 10 }).toBe(0);
  await expect.poll(() => watch.answers()).toBe(true);
  expect(watch.missed).toMatch(/ping/);
  await delay(TIMES.afterMs + 100);
  expect(watch.missed).toBeNull();
  expect(watch.gone.aborted).toBe(false);
});

test('one that answers no more is gone', async () => {
  await using one = await engine();
  using watch = new EngineWatch(one.docker, { ...TIMES, goneMs: 300 });
  one.hang(1_000);
  await expect.poll(() => watch.gone.aborted).toBe(true);
  expect(watch.gone.reason).toMatchObject({
    name: 'EnvironmentError',
    message: expect.stringMatching(/stopped answering/),
  });
});
