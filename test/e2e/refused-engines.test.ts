import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Drill } from '../../bench/kills/drill.ts';
import { connectEngine, engineSocket } from '../../harness/lab/engine/connect.ts';
import { TRIAL_PORT } from '../../harness/lab/networks/publishing.ts';
import { type Finished, newFolder, zonestorm } from './cli.ts';
import { leftovers } from './leftovers.ts';
import { expectNothingLeft } from './nothing-left.ts';
import { Way } from './way.ts';

/** Engines that cannot carry a run: exit 3 with what to do, in seconds, and nothing is started, least another engine. */
let scratch: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'zonestorm-engines-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const run = async (environment: Readonly<Record<string, string>>, within: readonly string[] = []): Promise<Finished> =>
  zonestorm(['run', 'ebs-2011', '--out', await newFolder()], environment, within).finished;

/** Processes of this machine that are a dockerd. */
function daemons(): string[] {
  const listed = execFileSync('ps', ['-e', '-o', 'pid=,comm=']).toString().split('\n');
  return listed.filter((line) => / dockerd$/.test(line));
}

async function expectRefused(
  environment: Readonly<Record<string, string>>,
  why: RegExp,
  remedy: RegExp,
  within: readonly string[] = [],
): Promise<void> {
  const [before, leftBefore, began] = [daemons(), await leftovers(), performance.now()];
  const [ran, doctor] = await Promise.all([
    run(environment, within),
    zonestorm(['doctor'], environment, within).finished,
  ]);
  expect(performance.now() - began).toBeLessThan(20_000);
  expect([ran.code, doctor.code], ran.stderr + doctor.stderr).toEqual([3, 3]);
  expect(ran.stderr).toMatch(why);
  expect(ran.stderr).toMatch(remedy);
  const failed = doctor.stdout.split('\n').find((line) => line.startsWith('FAIL')) ?? '';
  expect(failed).toMatch(why);
  expect(failed).toMatch(remedy);
  expect(daemons()).toEqual(before);
  expect(await newSince(leftBefore)).toEqual([]);
}

const newSince = async (before: readonly string[]): Promise<string[]> =>
  (await leftovers()).filter((one) => !before.includes(one));

test('nobody at DOCKER_HOST: no other engine is started in its place', async () => {
  const host = `unix://${join(scratch, 'docker.sock')}`;
  await expectRefused({ DOCKER_HOST: host }, /(no Docker engine|none) answers at DOCKER_HOST/, /unset DOCKER_HOST/);
});

/** As on a machine without an engine of its own; what would install or start one there only says that it was asked. */
const NO_SOCKET = `mount -t tmpfs tmpfs /run
for one in /usr/sbin/dockerd /usr/bin/dockerd /usr/bin/apt-get; do
  [ ! -e $one ] || mount --bind "$0" $one
done
exec "$@"`;

test('a context of docker’s, and nobody at the default socket: no other engine is started beside that one', async () => {
  const [stub, asked] = [join(scratch, 'stub'), join(scratch, 'asked')];
  await writeFile(stub, `#!/bin/sh\necho "$0 $*" >> ${asked}\nexit 1\n`, { mode: 0o755 });
  await writeFile(join(scratch, 'config.json'), '{"currentContext":"rootless"}');
  const within = ['unshare', '--mount', '--propagation', 'private', 'sh', '-euc', NO_SOCKET, stub];
  await expectRefused(
    { DOCKER_HOST: '', DOCKER_CONTEXT: '', DOCKER_CONFIG: scratch },
    /answers at \S+docker\.sock, and `docker` asks another engine: its context is rootless, by \S+config\.json/,
    /export DOCKER_HOST=\$\(docker context inspect/,
    within,
  );
  await expect(readFile(asked, 'utf8')).rejects.toThrow('ENOENT');
});

test('an engine’s socket in another network namespace, as in a devcontainer: told as that before the lab starts', async () => {
  await expectRefused(
    {},
    /zonestorm runs in another network namespace than the engine/,
    /start its container with `--network host`/,
    ['unshare', '--net'],
  );
});

test('one that takes connections and never answers is told as that', async () => {
  await using way = await Way.open();
  way.hang();
  const environment = { DOCKER_HOST: `unix://${way.path}` };
  const cleaning = zonestorm(['clean'], environment).finished;
  await expectRefused(environment, /accepts connections and does not answer/, /restart it/);
  const clean = await cleaning;
  expect([clean.code, clean.stdout]).toEqual([3, '']);
});

test('a socket without permission is told as that, and not as an engine that is missing', async () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--no-new-privs', process.execPath];
  const [command = '', ...args] = nobody;
  const main = join(import.meta.dirname, '../../harness/cli/main.ts');
  const doctor = (): string => {
    try {
      return execFileSync(command, [...args, main, 'doctor'], { env: { ...process.env, HOME: scratch } }).toString();
    } catch (error) {
      const { status, stdout } = error as { status: number; stdout: Buffer };
      expect(status).toBe(3);
      return stdout.toString();
    }
  };
  expect(doctor()).toMatch(
    new RegExp(`^FAIL +engine +the user \\S+ has no permission for .*${engineSocket()}.*usermod -aG docker`, 'm'),
  );
});

test.each([
  ['podman-4.3.1', /Podman Engine 4\.3\.1, which is not Docker/, /Install Docker/],
  ['podman-5.4.2', /Podman Engine 5\.4\.2, which is not Docker/, /Install Docker/],
  ['docker-28.5.2-userns-remap', /userns-remap/, /without --userns-remap/],
])('%s, by its recorded answers: refused before anything is asked of it but what it is', async (name, why, remedy) => {
  const file = join(import.meta.dirname, '../unit/lab/engines', `${name}.json`);
  const { version, info } = JSON.parse(await readFile(file, 'utf8')) as Record<string, object>;
  const answers: Record<string, object> = { '/version': version ?? {}, '/info': info ?? {}, '/networks': [] };
  const changes: string[] = [];
  const server = createServer(({ url = '', method }, response) => {
    if (method !== 'GET' && method !== 'HEAD') changes.push(`${method} ${url}`);
    const [path = ''] = url.split('?');
    if (path === '/_ping') return response.end('OK');
    const known = answers[path] ?? (path === '/volumes' ? { Volumes: [] } : path.endsWith('/json') ? [] : undefined);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(known ?? {}));
  });
  const path = join(scratch, 'docker.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    await expectRefused({ DOCKER_HOST: `unix://${path}` }, why, remedy);
    expect(changes).toEqual([]);
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

test('settings of Testcontainers that lead to another engine are found before anything starts', async () => {
  await using way = await Way.open();
  await writeFile(join(scratch, '.testcontainers.properties'), `docker.host=unix://${way.path}\n`);
  const before = await leftovers();
  const { code, stderr } = await run({ HOME: scratch });
  expect(code).toBe(3);
  expect(stderr).toContain(`Testcontainers would use another engine (${way.path}) than zonestorm (${engineSocket()})`);
  expect(stderr).not.toMatch(/\d+ networks/);
  expect(await newSince(before)).toEqual([]);
});

/** Of the addresses of trials alone. The engine goes through its chain for others' rules before its own. */
const rule = (action: '-I' | '-D'): Buffer =>
  execFileSync('iptables', ['-w', action, 'DOCKER-USER', '-s', '198.19.0.0/16', '-j', 'DROP']);

/** Of the port that a trial publishes, which no run has. */
const ruleOfPort = (action: '-I' | '-D'): Buffer =>
  execFileSync('iptables', ['-w', action, 'OUTPUT', ...`-p tcp --dport ${TRIAL_PORT} -j REJECT`.split(' ')]);

test('doctor finds that published ports are not answered, as of an engine without rules and proxies', async () => {
  const before = await leftovers();
  ruleOfPort('-I');
  try {
    const { code, stdout } = await zonestorm(['doctor']).finished;
    expect(stdout).toMatch(/^FAIL +ports +nobody answers at a port.*publishes on 127\.0\.0\.1.*--iptables=false/m);
    expect(code).toBe(3);
    expect(await newSince(before)).toEqual([]);
  } finally {
    ruleOfPort('-D');
  }
});

test('a firewall that drops what bridges forward: exit 3 before the lab starts, and the policy is named', async ({
  expect,
}) => {
  rule('-I');
  try {
    const docker = await connectEngine();
    if (docker === null) throw new Error('no engine');
    const [ran, doctor] = [await Drill.start(['--seed', '4']), zonestorm(['doctor']).finished];
    await using one = ran;
    const journal = await one.journalled();
    expect((await one.ended).code, one.stderr).toBe(3);
    expect(one.stderr).toMatch(/packets do not pass between two containers.*\n.*chain FORWARD/);
    expect(one.stderr).not.toMatch(/\d+ networks/);
    expect((await doctor).code).toBe(3);
    expect((await doctor).stdout).toMatch(/^FAIL +forwarding +packets do not pass.*chain FORWARD/m);
    await expectNothingLeft(docker, one, journal?.runId ?? null, { expect });
  } finally {
    rule('-D');
  }
});
