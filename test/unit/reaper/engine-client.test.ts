import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EngineClient } from '../../../fixtures/reaper/engine-client.ts';

let folder: string;
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonestorm-engine-client-'));
});
afterEach(async () => {
  server?.close();
  server = null;
  await rm(folder, { recursive: true });
});

/** An engine that answers every ping so. */
async function engine(status: number, body: string): Promise<EngineClient> {
  const path = join(folder, 'docker.sock');
  const answering = createServer(({ url }, response) => {
    response.statusCode = url === '/_ping' ? status : 404;
    response.end(body);
  });
  server = answering;
  await new Promise<void>((resolve) => answering.listen(path, resolve));
  return new EngineClient(path);
}

test('an engine that answers is there', async () => {
  await (await engine(200, 'OK')).ping();
});

test('one that fails is not, with its words', async () => {
  await expect((await engine(500, 'no store')).ping()).rejects.toThrow('/_ping: 500 no store');
});

test.each([
  ['no socket', 'docker.sock', /ENOENT/],
  ['a folder in its place', '', /ECONNREFUSED/],
] as const)('%s: not there', async (_, name, why) => {
  await expect(new EngineClient(join(folder, name)).ping()).rejects.toThrow(why);
});
