import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterEach, expect, test, vi } from 'vitest';
import { buildImage } from '../../../harness/lab/images/build-image.ts';
import { proxyArguments } from '../../../harness/lab/images/proxy-arguments.ts';

const HOST = 'unix:///var/run/docker.sock';
const PROXY = 'http://proxy.example:3128';
const NAMES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'FTP_PROXY', 'ALL_PROXY'];
/** Of this machine's own, none. */
const nothing = Object.fromEntries(NAMES.flatMap((name) => [name, name.toLowerCase()].map((one) => [one, ''])));

test('where nobody has a proxy, a build gets none', () => {
  expect(proxyArguments({ PATH: '/bin', HTTP_PROXY: '' }, {}, HOST)).toEqual({});
});

test('the environment’s are passed in both cases, as programs read one of them', () => {
  expect(proxyArguments({ http_proxy: PROXY, NO_PROXY: '.example' }, {}, HOST)).toEqual({
    HTTP_PROXY: PROXY,
    http_proxy: PROXY,
    NO_PROXY: '.example',
    no_proxy: '.example',
  });
  const both = { HTTPS_PROXY: 'http://upper', https_proxy: 'http://lower' };
  expect(proxyArguments(both, {}, HOST)).toEqual(both);
});

test('docker’s settings fill in what the environment does not say, and go no further', () => {
  const config = {
    proxies: {
      default: {
        httpProxy: 'http://settings',
        httpsProxy: 'http://settings',
        noProxy: 'localhost',
        ftpProxy: 'ftp://settings',
        allProxy: 'socks://settings',
        other: 'x',
      },
    },
  };
  const { HTTP_PROXY, https_proxy, ftp_proxy, ALL_PROXY, no_proxy, ...rest } = proxyArguments(
    { HTTP_PROXY: PROXY },
    config,
    HOST,
  );
  expect([HTTP_PROXY, https_proxy, ftp_proxy]).toEqual([PROXY, 'http://settings', 'ftp://settings']);
  expect([ALL_PROXY, no_proxy]).toEqual(['socks://settings', 'localhost']);
  expect(Object.keys(rest).sort()).toEqual(['FTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'all_proxy', 'http_proxy']);
  expect(rest.http_proxy).toBe(PROXY);
});

test('settings for this engine go before those for all', () => {
  const proxies = { default: { httpProxy: 'http://all' }, [HOST]: { httpProxy: 'http://this' } };
  expect(proxyArguments({}, { proxies }, HOST).http_proxy).toBe('http://this');
  expect(proxyArguments({}, { proxies }, 'unix:///other.sock').http_proxy).toBe('http://all');
});

test.each([null, 'x', [], { default: null }, { default: { httpProxy: 7 } }])('%j are no settings', (proxies) => {
  expect(proxyArguments({}, { proxies }, HOST)).toEqual({});
});

let folder = '';
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** What the engine is asked for when an image is built. */
async function asked(): Promise<Docker.ImageBuildOptions> {
  const calls: Docker.ImageBuildOptions[] = [];
  const docker = {
    buildImage: (_: unknown, options: Docker.ImageBuildOptions) => {
      calls.push(options);
      return Promise.resolve({});
    },
    modem: { followProgress: (_: unknown, finished: (error: null) => void) => finished(null) },
  };
  await buildImage(
    { docker: docker as unknown as Docker },
    { tag: 'zonestorm/none:1', dockerfile: 'FROM scratch\n', files: {} },
  );
  expect(calls).toHaveLength(1);
  return calls[0] ?? {};
}

test('a build is sent them, from docker’s settings and from the environment', async () => {
  folder = mkdtempSync(join(tmpdir(), 'zonestorm-proxy-'));
  const settings = { proxies: { default: { httpsProxy: 'http://settings' } } };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(settings));
  const environment = { ...nothing, http_proxy: PROXY, DOCKER_CONFIG: folder };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  expect((await asked()).buildargs).toEqual({
    HTTP_PROXY: PROXY,
    http_proxy: PROXY,
    HTTPS_PROXY: 'http://settings',
    https_proxy: 'http://settings',
  });
});
