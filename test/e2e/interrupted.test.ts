import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import { OWN_IMAGES } from '../../harness/lab/images/catalogue.ts';
import { LABELS } from '../../harness/lab/labels.ts';
import { type Started, zonestorm } from './cli.ts';
import { Way } from './way.ts';

/** Commands that are ended half-way: exit 130, and nothing is left of what they made. */
let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'zonestorm-interrupted-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

/** Kinds of what a doctor has on the engine, by its process, which the id of its trials names. */
async function madeBy({ child }: Started): Promise<string[]> {
  const docker = await connectEngine();
  if (docker === null) throw new Error('no engine');
  const filters = { label: [LABELS.run] };
  const all = [
    ...(await docker.listContainers({ all: true, filters })).map((one) => ['container', one.Labels[LABELS.run]]),
    ...(await docker.listNetworks({ filters })).map((one) => ['network', one.Labels?.[LABELS.run]]),
  ];
  const own = all.filter(([, run = '']) => new RegExp(`-${child.pid}(-|$)`).test(run));
  return [...new Set(own.map(([kind = '']) => kind))];
}

/** A doctor whose trials have been made, and whose start is never answered. */
async function inTheMiddle(way: Way): Promise<Started> {
  way.stallAt(/^POST \/containers\/[^/]+\/start/);
  const doctor = zonestorm(['doctor'], { DOCKER_HOST: `unix://${way.path}` });
  await expect.poll(() => madeBy(doctor), { timeout: 20_000 }).toEqual(['container', 'network']);
  await expect.poll(() => way.stalled.length, { timeout: 20_000 }).toBeGreaterThan(1);
  return doctor;
}

test.each(['SIGINT', 'SIGTERM'] as const)(
  '%s ends doctor, and what it tries things with is removed',
  async (signal) => {
    await using way = await Way.open();
    const doctor = await inTheMiddle(way);
    const asked = performance.now();
    doctor.child.kill(signal);
    const { code, stdout, stderr } = await doctor.finished;
    expect([code, stdout], stderr).toEqual([130, '']);
    expect(stderr).toBe('zonestorm: interrupted: removing what it tries things with\n');
    expect(performance.now() - asked).toBeLessThan(25_000);
    expect(await madeBy(doctor)).toEqual([]);
  },
);

test('what a doctor left that was killed with -9 goes with the next one', async () => {
  await using way = await Way.open();
  const doctor = await inTheMiddle(way);
  doctor.child.kill('SIGKILL');
  await doctor.finished;
  expect(await madeBy(doctor)).not.toEqual([]);
  const next = await zonestorm(['doctor']).finished;
  expect(next.code, next.stdout).toBe(0);
  expect(next.stdout).not.toMatch(new RegExp(`trial-\\d+-${doctor.child.pid}-`));
  expect(await madeBy(doctor)).toEqual([]);
});

/** An engine that lacks one image, is given all that it pulls, and whose builds never end. */
async function slowBuilder(path: string): Promise<AsyncDisposable> {
  const recorded = join(import.meta.dirname, '../unit/lab/engines/docker-20.10.24.json');
  const { version, info } = JSON.parse(await readFile(recorded, 'utf8')) as Record<string, object>;
  const answer = (url: string, response: ServerResponse): void => {
    const [asked = ''] = url.split('?');
    if (asked === '/_ping' || asked === '/images/create') response.end();
    else if (asked === '/build') response.write('{"stream":"Step 1/2"}\n');
    else if (asked === '/version') response.end(JSON.stringify(version));
    else if (asked === '/info') response.end(JSON.stringify({ ...info, KernelVersion: release() }));
    else if (asked === `/images/${OWN_IMAGES.runtime}/json`) {
      response.statusCode = 404;
      response.end('{"message":"no such image"}');
    } else response.end('{}');
  };
  const server = createServer((request: IncomingMessage, response) => {
    request.resume().on('end', () => answer(decodeURIComponent(request.url ?? ''), response));
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends setup in a build, and its folder is removed', async (signal) => {
  const socket = join(scratch, 'docker.sock');
  await using _ = await slowBuilder(socket);
  const folders = async (): Promise<string[]> =>
    (await readdir(scratch)).filter((name) => name.startsWith('zonestorm-build-'));
  const setup = zonestorm(['setup'], { DOCKER_HOST: `unix://${socket}`, TMPDIR: scratch });
  await setup.said(/building image/);
  await expect.poll(folders, { timeout: 20_000 }).toHaveLength(1);
  const asked = performance.now();
  setup.child.kill(signal);
  const { code, stderr } = await setup.finished;
  expect(code, stderr).toBe(130);
  expect(performance.now() - asked).toBeLessThan(10_000);
  expect(await folders()).toEqual([]);
});
