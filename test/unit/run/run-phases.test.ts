import { expect, test } from 'vitest';
import type { FaultTarget } from '../../../harness/fault/fault.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { LiveState } from '../../../harness/run/live-state.ts';
import { runPhases } from '../../../harness/run/run-phases.ts';
import type { Plan, PlanPhase } from '../../../harness/scenario/plan.ts';

/** Containers that only remember what was done to them: the order of things is what is tested here. */
class Containers {
  readonly done: string[] = [];
  readonly dead = new Set<string>();
  failToKill: string | null = null;
  readonly plan = { volumes: [], routers: [] } as unknown as Plan;
  router(): never {
    throw new Error('no router here');
  }
  async killContainer(id: string): Promise<void> {
    this.done.push(`kill ${id}`);
    if (id === this.failToKill) throw new Error(`${id} cannot be killed`);
    this.dead.add(id);
  }
  async startContainer(id: string): Promise<void> {
    this.done.push(`start ${id}`);
    this.dead.delete(id);
  }
  async isRunning(id: string): Promise<boolean> {
    return !this.dead.has(id);
  }
}

const kill = (id: string) => ({ kind: 'kill', id: `kill-${id}`, containers: [id] }) as const;
const phase = (name: string, ...ids: string[]): PlanPhase => ({
  name,
  seconds: 0.01,
  until: null,
  atMostSeconds: null,
  faults: ids.map(kill),
});

function go(phases: PlanPhase[], containers: Containers, signal = new AbortController().signal) {
  const records: HistoryRecord[] = [];
  const run = runPhases(phases, {
    target: containers as unknown as FaultTarget,
    live: new LiveState(containers.plan),
    onRecord: (record) => records.push(record),
    signal,
  });
  return { run, records };
}

test('faults are put back in the reverse order, when their phase ends', async () => {
  const containers = new Containers();
  const { run, records } = go([phase('one', 'x', 'y'), phase('two')], containers);
  await run;
  expect(containers.done).toEqual(['kill x', 'kill y', 'start y', 'start x']);
  const told = records.map((record) => (record.kind === 'fault' ? `${record.id} ${record.state}` : record.kind));
  expect(told.indexOf('kill-x reverted')).toBeLessThan(told.lastIndexOf('phase'));
});

test('a fault that fails half-way is put back too, with those before it, and the error is kept', async () => {
  const containers = new Containers();
  containers.failToKill = 'y';
  const { run } = go([phase('one', 'x', 'y', 'z')], containers);
  await expect(run).rejects.toThrow('y cannot be killed');
  expect(containers.done).toEqual(['kill x', 'kill y', 'start y', 'start x']);
});

test('an interrupt puts everything back', async () => {
  const containers = new Containers();
  const abort = new AbortController();
  const { run } = go([{ ...phase('one', 'x'), seconds: 60 }], containers, abort.signal);
  setTimeout(() => abort.abort('interrupted'), 50);
  await expect(run).rejects.toBeDefined();
  expect(containers.done).toEqual(['kill x', 'start x']);
});

test('a fault that does not take is an error, not a phase without its fault', async () => {
  const containers = new Containers();
  containers.isRunning = async () => true;
  const { run, records } = go([phase('one', 'x')], containers);
  await expect(run).rejects.toThrow(/only 0 % of it is in force/);
  expect(records.some((record) => record.kind === 'fault' && record.state === 'failed')).toBe(true);
});

test('one fault that cannot be put back does not keep the others from it', async () => {
  const containers = new Containers();
  const start = containers.startContainer.bind(containers);
  containers.startContainer = async (id) => {
    if (id === 'y') throw new Error('y does not start');
    await start(id);
  };
  const { run } = go([phase('one', 'x', 'y', 'z')], containers);
  await expect(run).rejects.toThrow('y does not start');
  expect(containers.done).toEqual(['kill x', 'kill y', 'kill z', 'start z', 'start x']);
});
