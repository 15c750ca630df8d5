import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readDockerConfig } from '../../../harness/lab/engine/docker-config.ts';
import { namedEngine } from '../../../harness/lab/engine/named-engine.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zonestorm-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const configured = (text: string): string => {
  writeFileSync(join(folder, 'config.json'), text);
  return folder;
};

test('a context that docker’s settings name is an engine that somebody chose', () => {
  const named = namedEngine({ DOCKER_CONFIG: configured('{"auths":{},"currentContext":"rootless"}') });
  expect(named?.where).toBe(
    `at /var/run/docker.sock, and \`docker\` asks another engine: its context is rootless, by ${folder}/config.json`,
  );
  expect(named?.remedy).toContain("DOCKER_HOST=$(docker context inspect -f '{{.Endpoints.docker.Host}}')");
});

test('DOCKER_CONTEXT goes before the settings, and DOCKER_HOST before both, as docker has it', () => {
  const DOCKER_CONFIG = configured('{"currentContext":"rootless"}');
  expect(namedEngine({ DOCKER_CONFIG, DOCKER_CONTEXT: 'desktop-linux' })?.where).toMatch(
    /context is desktop-linux, by DOCKER_CONTEXT$/,
  );
  expect(namedEngine({ DOCKER_CONFIG, DOCKER_CONTEXT: 'default' })).toBeNull();
  expect(namedEngine({ DOCKER_CONFIG, DOCKER_CONTEXT: '' })?.where).toMatch(/context is rootless/);
  const both = { DOCKER_CONFIG, DOCKER_CONTEXT: 'other', DOCKER_HOST: 'unix:///run/my.sock' };
  expect(namedEngine(both)?.where).toBe('at DOCKER_HOST, which is unix:///run/my.sock');
});

test.each([
  '{"currentContext":"default"}',
  '{"currentContext":""}',
  '{"currentContext":7}',
  '{"auths":{}}',
  '{"currentContext":"root',
  '"currentContext"',
  '[]',
  'null',
  '',
])('settings that are %j name none', (text) => {
  expect(namedEngine({ DOCKER_CONFIG: configured(text) })).toBeNull();
});

test('settings that are not there or cannot be read are none', () => {
  expect(readDockerConfig({ DOCKER_CONFIG: join(folder, 'nowhere') })).toEqual({});
  // A folder in its place, as root can read any file.
  mkdirSync(join(folder, 'config.json'));
  expect(readDockerConfig({ DOCKER_CONFIG: folder })).toEqual({});
});
