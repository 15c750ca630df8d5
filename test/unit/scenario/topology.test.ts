import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PORTS } from '../../../harness/scenario/container-config.ts';
import { readTopology } from '../../../harness/scenario/read-topology.ts';

const FILE = resolve(import.meta.dirname, '../../../compose/ebs.yaml');
const text = readFileSync(FILE, 'utf8');

test('labels that plain Compose would set say the same as x-zonestorm', () => {
  const networks = Object.values(parse(text).networks as Record<string, Record<string, Record<string, string>>>);
  expect(networks).toHaveLength(5);
  for (const { labels, 'x-zonestorm': ours } of networks) {
    expect(labels).toEqual({ 'zonestorm.zone': ours?.zone, 'zonestorm.plane': ours?.plane });
  }
});

test('links dial the ports that the fixtures listen on', () => {
  const topology = readTopology('ebs.yaml', text);
  const ports = {
    node: [PORTS.peer, PORTS.nbd],
    'control-plane': [PORTS.controlPlane],
    app: [PORTS.http],
    instances: [],
    users: [],
    databases: [],
    'database-primary': [PORTS.database],
    'database-standbys': [PORTS.database],
    'failover-agent': [PORTS.failoverAgent],
    'database-clients': [],
    gauge: [],
    spare: [],
  };
  for (const { links, published, role } of topology.services) {
    for (const { value } of published) expect(ports[role]).toContain(value);
    for (const { to, port } of links) {
      const destination = topology.services.find((service) => service.name === to);
      expect(ports[destination?.role ?? 'instances']).toContain(port);
    }
  }
});

test('merge keys and anchors are followed, and errors point to the anchor', () => {
  const shared = text
    .replace(
      'x-zonestorm:\n  zones',
      'x-node: &node\n  image: zonestorm/fixtures\n  privileged: true\n\nx-zonestorm:\n  zones',
    )
    .replace('  use1-a-node:\n    image: zonestorm/fixtures\n', '  use1-a-node:\n    <<: *node\n');
  const line = shared.split('\n').indexOf('  privileged: true') + 1;
  expect(() => readTopology('ebs.yaml', shared)).toThrow(`ebs.yaml:${line}:3: found the key \`privileged\``);
  expect(readTopology('ebs.yaml', shared.replace('  privileged: true\n', '')).services).toHaveLength(15);
});
