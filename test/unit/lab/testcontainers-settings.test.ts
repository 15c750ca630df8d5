import { expect, test } from 'vitest';
import { setTestcontainers } from '../../../harness/lab/testcontainers-settings.ts';

test('settings that a machine has for other projects are taken away, those that it may need stay', () => {
  const environment: NodeJS.ProcessEnv = {
    PATH: '/usr/bin',
    DOCKER_HOST: 'unix:///run/docker.sock',
    DOCKER_TLS_VERIFY: '1',
    RYUK_CONTAINER_IMAGE: 'mirror/ryuk:1',
    TESTCONTAINERS_RYUK_DISABLED: 'true',
    TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX: 'registry.test/mirror/',
    TESTCONTAINERS_RYUK_PORT: '8080',
    TESTCONTAINERS_RYUK_RECONNECTION_TIMEOUT: '600s',
    TESTCONTAINERS_HOST_OVERRIDE: '172.17.0.1',
    TESTCONTAINERS_SOMETHING_NEW: 'true',
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: '/var/run/docker.sock',
    TESTCONTAINERS_RYUK_PRIVILEGED: 'true',
  };
  setTestcontainers(environment, 'zonestorm/reaper:1');
  expect(environment).toEqual({
    PATH: '/usr/bin',
    DOCKER_HOST: 'unix:///run/docker.sock',
    DOCKER_TLS_VERIFY: '',
    RYUK_CONTAINER_IMAGE: 'zonestorm/reaper:1',
    TESTCONTAINERS_RYUK_TEST_LABEL: 'true',
    TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
    TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE: '/var/run/docker.sock',
    TESTCONTAINERS_RYUK_PRIVILEGED: 'true',
  });
});
