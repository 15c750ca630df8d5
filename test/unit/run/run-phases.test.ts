import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ContainerControl, ContainerState, FaultTarget } from '../../../harness/fault/fault.ts';
import type { DoseRecord, FaultRecord, HistoryRecord } from '../../../harness/history/records.ts';
import { LiveState } from '../../../harness/run/live-state.ts';
import { runPhases } from '../../../harness/run/run-phases.ts';
import type { Plan, PlanFault, PlanPhase } from '../../../harness/scenario/plan.ts';

/** Containers that only remember what was done to them: the order of things is what is tested here. */
class Containers implements ContainerControl {
  readonly done: string[] = [];
  readonly dead = new Set<string>();
  failToKill: string | null = null;
  failToStart: string | null = null;
  hangToStart: string | null = null;
  slowToKill: string | null = null;
  slowMs = 100;
  immortal = false;
  readonly startMs = 0;

  async kill(id: string): Promise<void> {
    this.done.push(`kill ${id}`);
    if (id === this.failToKill) throw new Error(`${id} cannot be killed`);
    if (id === this.slowToKill) await delay(this.slowMs);
    if (!this.immortal) this.dead.add(id);
  }
  async start(id: string): Promise<void> {
    if (id === this.failToStart) throw new Error(`${id} does not start`);
    if (id === this.hangToStart) return new Promise(() => undefined);
    this.done.push(`start ${id}`);
    this.dead.delete(id);
  }
  async state(id: string): Promise<ContainerState> {
    return { running: !this.dead.has(id), paused: false, startedAt: '', finishedAt: '', exitCode: 0 };
  }
  pause = notHere;
  unpause = notHere;
  limitCpu = notHere;
  cpuLimit = notHere;
  runOnDisk = notHere;
}

function notHere(): never {
  throw new Error('only kills here');
}

/** A kill of one container, by the words of the plan. */
const kill = (id: string, atSeconds = 0, forSeconds: number | null = null): PlanFault => ({
  kind: 'kill',
  id: `kill-${id}`,
  description: `${id} was down`,
  atSeconds,
  forSeconds,
  targets: { zone: null, routers: [], links: [], containers: [id] },
  silences: [id],
  losesPartnersOf: [id],
  limitsDiskTo: null,
  experience: null,
  settings: {},
});

/** Two routers that only remember what is diverted; the queue of the thin one never drains. */
class Routers {
  readonly plan = {
    ...{ volumes: [], links: [] },
    zones: [{ id: 'z', planes: [{ plane: 'primary', network: 'p' }] }],
    routers: ['primary', 'replication'].map((plane) => ({ id: plane, zone: 'z', plane })),
    containers: [{ id: 'x', attachments: [{ network: 'p', ip: '198.18.0.9' }] }],
  };
  /** As when it has been removed. */
  broken = false;
  asked = 0;
  readonly #diverted = new Map<string, string>();

  router(id: string): unknown {
    return {
      shaping: 'kernel',
      plan: { id, attachments: [{ network: 'p', ip: '198.18.0.2' }] },
      divert: async (_: string, [address = '']: string[], gateway: string) => this.#diverted.set(address, gateway),
      undivert: async () => this.#diverted.clear(),
      shell: {
        diverted: async () => this.#diverted,
        queue: async () => {
          if (this.broken) throw new Error('tc has ended');
          this.asked += 1;
          return { frameBytes: 0, packets: 0, drops: 0, backlogBytes: 1 };
        },
        rateBits: async () => 8_000,
      },
    };
  }
}

const misroute = (atSeconds: number, forSeconds: number): PlanFault => ({
  ...kill('x', atSeconds, forSeconds),
  ...{ kind: 'misroute', id: 'misroute', settings: { connections: 'kept' } },
  targets: { zone: 'z', routers: ['primary', 'replication'], links: [], containers: ['x'] },
});

const phase = (name: string, ...faults: (string | PlanFault)[]): PlanPhase => ({
  name,
  seconds: 0.01,
  until: null,
  atMostSeconds: null,
  faults: faults.map((one) => (typeof one === 'string' ? kill(one) : one)),
  actions: [],
});
const lasting = (seconds: number, ...faults: PlanFault[]): PlanPhase => ({ ...phase('one', ...faults), seconds });

interface Going {
  readonly run: Promise<void>;
  readonly records: readonly HistoryRecord[];
  /** What the journal was told, with what had been done by then. */
  readonly journal: readonly string[];
}

interface GoOptions {
  readonly signal?: AbortSignal;
  /** Of a zone `z` with both planes, in which `x` is the only node. */
  readonly routers?: Routers;
  readonly limitMs?: number;
}

function go(phases: PlanPhase[], containers: Containers, { signal, routers, limitMs = 100 }: GoOptions = {}): Going {
  const records: HistoryRecord[] = [];
  const journal: string[] = [];
  const note = (what: string) => (fault: PlanFault) => {
    journal.push(`${what} ${fault.id} after [${containers.done.join(', ')}]`);
  };
  const plan = routers?.plan ?? { volumes: [], routers: [], containers: [], links: [] };
  const target = { plan, containers, router: (id: string) => routers?.router(id) ?? notHere() };
  const run = runPhases(phases, {
    target: target as unknown as FaultTarget,
    live: new LiveState({ volumes: [] } as unknown as Plan),
    journal: { applying: note('applying'), applied: note('applied'), reverted: note('reverted') },
    onRecord: (record) => records.push(record),
    signal: signal ?? new AbortController().signal,
    faultLimitMs: limitMs,
  });
  return { run, records, journal };
}

const faults = (records: readonly HistoryRecord[]): FaultRecord[] => records.filter((one) => one.kind === 'fault');
const told = (records: readonly HistoryRecord[]): string[] => faults(records).map(({ id, state }) => `${id} ${state}`);

/** ms from the phase's begin to a state of a fault. */
function at(records: readonly HistoryRecord[], id: string, state: FaultRecord['state']): number {
  const begin = records.find((one) => one.kind === 'phase')?.t ?? Number.NaN;
  return (faults(records).find((one) => one.id === id && one.state === state)?.t ?? Number.NaN) - begin;
}

test('faults are put back in the reverse order, when their phase ends', async () => {
  const containers = new Containers();
  const { run, records } = go([phase('one', 'x', 'y'), phase('two')], containers);
  await run;
  expect(containers.done).toEqual(['kill x', 'kill y', 'start y', 'start x']);
  const all = records.map((record) => (record.kind === 'fault' ? `${record.id} ${record.state}` : record.kind));
  expect(all.indexOf('kill-x reverted')).toBeLessThan(all.lastIndexOf('phase'));
});

test('a fault that fails half-way is put back too, with those before it, and the error is kept', async () => {
  const containers = new Containers();
  containers.failToKill = 'y';
  const { run, records } = go([phase('one', 'x', 'y', 'z')], containers);
  await expect(run).rejects.toThrow('y cannot be killed');
  expect(containers.done).toEqual(['kill x', 'kill y', 'start y', 'start x']);
  // What came after it was never begun, and the record says so.
  expect(told(records)).toContain('kill-z skipped');
});

test('an interrupt puts everything back', async () => {
  const containers = new Containers();
  const abort = new AbortController();
  const { run } = go([lasting(60, kill('x'))], containers, { signal: abort.signal });
  setTimeout(() => abort.abort('interrupted'), 50);
  await expect(run).rejects.toBeDefined();
  expect(containers.done).toEqual(['kill x', 'start x']);
});

test('an interrupt puts back what is in force by then, in the reverse order, and skips what has not begun', async () => {
  const containers = new Containers();
  const abort = new AbortController();
  const plan = [kill('x'), kill('y', 0.02, 0.03), kill('z', 0.04), kill('late', 30)];
  const { run, records } = go([lasting(60, ...plan)], containers, { signal: abort.signal });
  setTimeout(() => abort.abort('interrupted'), 150);
  await expect(run).rejects.toBeDefined();
  expect(containers.done).toEqual(['kill x', 'kill y', 'kill z', 'start y', 'start z', 'start x']);
  expect(told(records).slice(-3)).toEqual(['kill-x reverting', 'kill-x reverted', 'kill-late skipped']);
});

test('a fault that does not take is an error, not a phase without its fault', async () => {
  const containers = new Containers();
  containers.immortal = true;
  const { run, records, journal } = go([phase('one', 'x')], containers);
  await expect(run).rejects.toThrow(/only 0 % of it is in force/);
  expect(told(records)).toContain('kill-x failed');
  expect(journal.some((line) => line.startsWith('applied'))).toBe(false);
});

test('one fault that cannot be put back does not keep the others from it', async () => {
  const containers = new Containers();
  containers.failToStart = 'y';
  const { run, journal } = go([phase('one', 'x', 'y', 'z')], containers);
  await expect(run).rejects.toThrow('y does not start');
  expect(containers.done).toEqual(['kill x', 'kill y', 'kill z', 'start z', 'start x']);
  // The journal goes on holding the one that was not put back.
  const reverted = journal.filter((line) => line.startsWith('reverted')).map((line) => line.split(' ')[1]);
  expect(reverted).toEqual(['kill-z', 'kill-x']);
});

test('one revert that never comes back is given up, and does not keep the others from theirs', async () => {
  const containers = new Containers();
  containers.hangToStart = 'y';
  const { run, journal } = go([phase('one', 'x', 'y', 'z')], containers);
  await expect(run).rejects.toThrow(/the revert of kill-y did not come within 100 ms/);
  expect(containers.done).toEqual(['kill x', 'kill y', 'kill z', 'start z', 'start x']);
  expect(journal.filter((line) => line.includes('reverted kill-y'))).toEqual([]);
});

test('of faults that end at one instant, one that cannot be put back does not keep the others from it', async () => {
  const containers = new Containers();
  containers.failToStart = 'x';
  const { run } = go([lasting(5, kill('x', 0, 0.03), kill('y', 0, 0.03), kill('z', 0, 0.03))], containers);
  await expect(run).rejects.toThrow('x does not start');
  expect(containers.done).toEqual(['kill x', 'kill y', 'kill z', 'start z', 'start y']);
});

test('what broke the phase and what could not be put back after it are both told', async () => {
  const containers = new Containers();
  containers.failToKill = 'z';
  containers.failToStart = 'y';
  const { run } = go([phase('one', 'x', 'y', 'z')], containers);
  await expect(run).rejects.toThrow('z cannot be killed; y does not start');
  expect(containers.done.at(-1)).toBe('start x');
});

test('a phase that breaks ends the proof that goes on beside it, whose error would hide its own', async () => {
  const [containers, routers] = [new Containers(), new Routers()];
  containers.failToKill = 'y';
  const { run } = go([lasting(5, misroute(0, 0.05), kill('y', 0.2))], containers, { routers });
  await expect(run).rejects.toThrow('y cannot be killed');
  const { asked } = routers;
  expect(asked).toBeGreaterThan(2);
  await delay(100);
  expect(routers.asked).toBe(asked);
});

test('a proof that fails is an error once the phases are over', async () => {
  const [containers, routers] = [new Containers(), new Routers()];
  const { run } = go([lasting(0.3, misroute(0, 0.05), kill('y', 0.2))], containers, { routers });
  setTimeout(() => {
    routers.broken = true;
  }, 120);
  await expect(run).rejects.toThrow('tc has ended');
  expect(containers.done).toEqual(['kill y', 'start y']);
});

test('a fault with a time of its own is applied and put back at it, within its phase', async () => {
  const containers = new Containers();
  const { run, records } = go([lasting(0.6, kill('x', 0.2, 0.2))], containers);
  await run;
  expect(containers.done).toEqual(['kill x', 'start x']);
  const [applied, reverted] = [at(records, 'kill-x', 'applied'), at(records, 'kill-x', 'reverted')];
  expect(applied).toBeGreaterThanOrEqual(199);
  expect(applied).toBeLessThan(300);
  expect(reverted).toBeGreaterThanOrEqual(399);
  expect(reverted).toBeLessThan(500);
  const end = records.findLast((one) => one.kind === 'phase')?.t ?? 0;
  expect(end - (records[0]?.t ?? 0)).toBeGreaterThanOrEqual(599);
});

test('faults that overlap end each at its own time, in whatever order', async () => {
  const containers = new Containers();
  const plan = [kill('long', 0, 0.4), kill('short', 0.1, 0.1), kill('open', 0.15)];
  const { run, records } = go([lasting(0.6, ...plan)], containers);
  await run;
  const order = ['kill long', 'kill short', 'kill open', 'start short', 'start long', 'start open'];
  expect(containers.done).toEqual(order);
  expect(at(records, 'kill-short', 'reverted')).toBeLessThan(350);
  expect(at(records, 'kill-long', 'reverted')).toBeGreaterThanOrEqual(399);
});

test('of several that are late because another took long, the one that is due first is put back first', async () => {
  const containers = new Containers();
  containers.slowToKill = 'z';
  const { run } = go([lasting(0.3, kill('x', 0, 0.06), kill('y', 0, 0.03), kill('z', 0.01))], containers);
  await run;
  expect(containers.done).toEqual(['kill x', 'kill y', 'kill z', 'start y', 'start x', 'start z']);
});

const doses = (records: readonly HistoryRecord[], fault: string) =>
  records.flatMap((one) => (one.kind === 'dose' && one.fault === fault ? [[one.what, one]] : []));
const dose = (records: readonly HistoryRecord[], fault: string, what: 'begin' | 'length') =>
  Object.fromEntries(doses(records, fault))[what] as DoseRecord | undefined;

test('begin and length of every fault are told, as asked and as measured', async () => {
  const phases = [
    lasting(0.5, kill('x', 0.1, 0.2), kill('y', 0.2)),
    { ...lasting(0.1, kill('z')), until: 'mirrored' as const, atMostSeconds: 0.1 },
  ];
  const { run, records } = go(phases, new Containers());
  await run;
  expect(dose(records, 'kill-x', 'begin')).toMatchObject({ unit: 's', asked: 0.1, bound: 'equal' });
  expect(dose(records, 'kill-x', 'begin')?.measured).toBeCloseTo(0.1, 1);
  expect(dose(records, 'kill-x', 'length')).toMatchObject({ asked: 0.2, spread: 0 });
  expect(dose(records, 'kill-x', 'length')?.measured).toBeCloseTo(0.2, 1);
  // Until the phase ends …
  expect(dose(records, 'kill-y', 'length')?.asked).toBeCloseTo(0.3);
  expect(dose(records, 'kill-y', 'length')?.measured).toBeCloseTo(0.3, 1);
  // … of which nobody knows when that is where it waits for a condition.
  expect(dose(records, 'kill-z', 'length')?.asked).toBeNull();
});

test('a fault that takes long keeps no other from its time', async () => {
  const containers = new Containers();
  containers.slowToKill = 'slow';
  containers.slowMs = 400;
  const { run, records } = go([lasting(0.8, kill('slow'), kill('x', 0.1, 0.3))], containers, { limitMs: 1_000 });
  await run;
  expect(dose(records, 'kill-x', 'begin')?.measured).toBeLessThan(0.25);
  expect(dose(records, 'kill-slow', 'begin')?.measured).toBeGreaterThanOrEqual(0.399);
  // It has the length that was asked for from when it is in force, and is over with its phase.
  expect(at(records, 'kill-x', 'reverted')).toBeLessThan(600);
});

test('one to the same container waits for it, and says for whom; its length counts from when it is in force', async () => {
  const containers = new Containers();
  containers.slowToKill = 'x';
  containers.slowMs = 400;
  const again = { ...kill('x', 0.1, 0.2), id: 'again' };
  const { run, records } = go([lasting(0.9, kill('x', 0, 0.45), again)], containers, { limitMs: 1_000 });
  await run;
  expect(told(records).indexOf('again applying')).toBeGreaterThan(told(records).indexOf('kill-x applied'));
  expect(dose(records, 'again', 'begin')?.measured).toBeGreaterThanOrEqual(0.399);
  expect(dose(records, 'again', 'begin')?.note).toMatch(/it waited 0\.[2-4] s for kill-x/);
});

test('one that waits for another until its phase is over has failed, and is not only skipped', async () => {
  const containers = new Containers();
  containers.slowToKill = 'x';
  containers.slowMs = 400;
  const again = { ...kill('x', 0.1), id: 'again' };
  const { run, records } = go([lasting(0.3, kill('x'), again)], containers, { limitMs: 1_000 });
  await run;
  expect(faults(records).filter(({ id }) => id === 'again')).toMatchObject([
    { state: 'failed', detail: expect.stringMatching(/waited .* for kill-x, until its phase was over/) },
  ]);
});

test('of a slow fault that fails, the others are put back and its error is kept', async () => {
  const containers = new Containers();
  containers.slowToKill = 'slow';
  containers.slowMs = 300;
  containers.immortal = true;
  const { run, records } = go([lasting(5, kill('slow'))], containers, { limitMs: 1_000 });
  await expect(run).rejects.toThrow(/only 0 % of it is in force/);
  expect(at(records, 'kill-slow', 'reverted')).toBeLessThan(1_000);
});

test('a state that cannot be read at the end is told as that, and not as put back by something else', async () => {
  const containers = new Containers();
  const { run, records } = go([lasting(0.2, kill('x'))], containers);
  const { state } = containers;
  let asked = 0;
  containers.state = async (id) => {
    // Read when it is applied, twice; then at its end, where the mistake is.
    asked += 1;
    if (asked === 3) throw new TypeError('a mistake of ours');
    return state.call(containers, id);
  };
  await run;
  expect(told(records)).not.toContain('kill-x slipped');
  expect(faults(records).find((one) => one.state === 'unread')?.detail).toBe('a mistake of ours');
});

test('a fault whose time lies at its phase’s end or after it is skipped, and recorded as that', async () => {
  const containers = new Containers();
  const { run, records, journal } = go([lasting(0.1, kill('x'), kill('end', 0.1), kill('after', 5))], containers);
  await run;
  expect(containers.done).toEqual(['kill x', 'start x']);
  expect(told(records).slice(-2)).toEqual(['kill-end skipped', 'kill-after skipped']);
  expect(journal.filter((line) => /end|after-/.test(line.split(' ')[1] ?? ''))).toEqual([]);
});

test('the journal is told before a fault is begun, and of its end only when that is read back', async () => {
  const containers = new Containers();
  const { run, journal } = go([phase('one', 'x', 'y')], containers);
  await run;
  expect(journal).toEqual([
    'applying kill-x after []',
    'applied kill-x after [kill x]',
    'applying kill-y after [kill x]',
    'applied kill-y after [kill x, kill y]',
    'reverted kill-y after [kill x, kill y, start y]',
    'reverted kill-x after [kill x, kill y, start y, start x]',
  ]);
});

test('a revert that does not take is not told to the journal', async () => {
  const containers = new Containers();
  containers.start = async (id) => {
    containers.done.push(`start ${id}`);
  };
  const { run, records, journal } = go([phase('one', 'x')], containers);
  await expect(run).rejects.toThrow('kill-x is still in force after its revert');
  expect(told(records).at(-1)).toBe('kill-x failed');
  expect(journal.some((line) => line.startsWith('reverted'))).toBe(false);
});
