import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, expect, test } from 'vitest';
import { boundCalls, lastStalled, Stop } from '../../../harness/lab/engine/bounded-calls.ts';
import { LIMITS } from '../../../harness/lab/limits.ts';

/** A real server on a real socket, which answers pings and, when it is told to, everything else. */
class StallingServer implements AsyncDisposable {
  readonly path = join(tmpdir(), `zonestorm-calls-${process.pid}-${performance.now()}.sock`);
  readonly asked: string[] = [];
  readonly #server: Server;
  #answer: (() => void)[] = [];

  constructor() {
    this.#server = createServer(({ url = '' }, response) => {
      this.asked.push(url);
      const answer = (): void => {
        response.setHeader('content-type', 'application/json').end('{"Version":"1"}');
      };
      if (url.startsWith('/_ping')) answer();
      else this.#answer.push(answer);
    });
  }

  async listen(): Promise<Docker> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    return new Docker({ socketPath: this.path });
  }

  answer(): void {
    for (const one of this.#answer.splice(0)) one();
  }

  /** Resolves when it has been asked for that. */
  async asks(path: string): Promise<void> {
    await expect.poll(() => this.asked.filter((url) => url.startsWith(path)), { timeout: 10_000 }).not.toEqual([]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await rm(this.path, { force: true });
  }
}

const { engineCallMs, callsEndMs } = LIMITS;
const setLimits = (changed: object): object => Object.assign(LIMITS, changed);
afterEach(() => setLimits({ engineCallMs, callsEndMs }));

test('a call that is not answered ends at its limit with its name; one that lasts by its nature does not', async () => {
  setLimits({ engineCallMs: 50 });
  await using server = new StallingServer();
  const docker = await server.listen();
  boundCalls(docker);
  boundCalls(docker);
  await expect(docker.version()).rejects.toThrow(/did not answer GET \/version within 0.05 s/);
  expect(lastStalled(docker)?.message).toMatch(/GET \/version/);
  const wait = docker.getContainer('x').wait();
  await server.asks('/containers/x/wait');
  await new Promise((resolve) => setTimeout(resolve, 150));
  server.answer();
  await expect(wait).resolves.toEqual({ Version: '1' });
});

test('after the signal no call is made but pings; those under way are waited for', async () => {
  await using server = new StallingServer();
  const docker = await server.listen();
  const abort = new AbortController();
  using stop = new Stop(abort.signal, [docker]);
  const under = docker.version();
  let over = false;
  const work = stop.during(new Promise<never>(() => undefined)).catch((error: Error) => {
    over = true;
    return error.message;
  });
  await server.asks('/version');
  abort.abort('interrupted');
  await expect(docker.info()).rejects.toThrow('stopped: interrupted');
  await expect(docker.ping()).resolves.toBeDefined();
  expect(over).toBe(false);
  server.answer();
  await expect(under).resolves.toEqual({ Version: '1' });
  expect(await work).toBe('stopped: interrupted');
  expect(server.asked.filter((url) => url.startsWith('/info'))).toEqual([]);
});

test('those that do not end are given up after a while', async () => {
  setLimits({ callsEndMs: 50 });
  await using server = new StallingServer();
  const docker = await server.listen();
  const abort = new AbortController();
  using stop = new Stop(abort.signal, [docker]);
  const under = stop.during(docker.version());
  await server.asks('/version');
  abort.abort('interrupted');
  await expect(under).rejects.toThrow('stopped: interrupted');
});

test('the first thing that fails ends the others, with its error', async () => {
  await using server = new StallingServer();
  const docker = await server.listen();
  {
    using stop = new Stop(new AbortController().signal, [docker]);
    const other = stop.during(new Promise<never>(() => undefined));
    await expect(stop.during(Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    await expect(other).rejects.toThrow('no room');
    await expect(docker.version()).rejects.toThrow('no room');
  }
  const later = docker.version();
  await server.asks('/version');
  server.answer();
  await expect(later).resolves.toEqual({ Version: '1' });
});
