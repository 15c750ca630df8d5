import { expect, test } from 'vitest';
import { disksToRead } from '../../../harness/run/read-disks.ts';
import type { PlanContainer, Role } from '../../../harness/scenario/plan.ts';

const container = (id: string, role: Role, disks: readonly string[]): PlanContainer => {
  return { id, role, disks, service: id, zone: 'z', command: [], attachments: [] };
};

test('every disk of every container is read, the store first', () => {
  const found = disksToRead([
    container('a1', 'node', ['/data', '/more']),
    container('a-app', 'app', []),
    container('failover-agent', 'failover-agent', ['/data']),
    container('control-plane', 'control-plane', ['/data']),
  ]);
  expect(found).toEqual([
    { container: 'control-plane', index: 0, path: '/disks/0/control-plane' },
    { container: 'a1', index: 0, path: '/disks/0/a1' },
    { container: 'a1', index: 1, path: '/disks/1/a1' },
  ]);
});
