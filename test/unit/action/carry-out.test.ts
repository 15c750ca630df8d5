import { expect, test } from 'vitest';
import type { ActionTarget, ProgramControl } from '../../../harness/action/action.ts';
import { carryOut } from '../../../harness/action/catalogue.ts';
import type { OperatorOrder, OperatorState } from '../../../harness/scenario/operator-order.ts';
import type { PlanAction } from '../../../harness/scenario/plan.ts';
import { planWith } from './draw.ts';

const never = new AbortController().signal;

/** Programs that do what they are told and say so; `down` ones do not run. */
class Obedient implements ProgramControl {
  readonly told: string[] = [];
  readonly waiting: string[];
  readonly down: readonly string[];
  readonly #peers = new Map<string, number>();
  /** What a program says instead. */
  readonly lies: Readonly<Record<string, OperatorState>>;

  constructor(waiting: readonly string[], down: readonly string[] = [], lies: Record<string, OperatorState> = {}) {
    this.waiting = [...waiting];
    this.down = down;
    this.lies = lies;
  }

  async running(ids: readonly string[]): Promise<readonly string[]> {
    return ids.filter((id) => !this.waiting.includes(id) && !this.down.includes(id));
  }

  async tell(container: string, _: string, order: OperatorOrder): Promise<OperatorState> {
    this.told.push(`${container} ${order.do}${order.do === 'join' ? ` ${order.node}` : ''}`);
    if (order.do === 'join') this.#peers.set(container, this.peers(container) + 1);
    const search = order.do === 'search' && !order.allowed ? 'stopped' : 'going';
    const perSecond =
      order.do === 'readmit' && order.perSecond !== null ? Number(order.perSecond.toPrecision(3)) : 'unbounded';
    const state = { search, perSecond, peers: this.peers(container), nodes: this.peers(container) };
    return { ...state, ...this.lies[container] };
  }

  /** Of the control plane: its nodes. */
  peers(container: string): number {
    return (
      this.#peers.get(container) ?? (container === 'control-plane' ? 8 : ['a9', 'a10'].includes(container) ? 8 : 7)
    );
  }

  spares(): readonly string[] {
    return this.waiting;
  }

  async begin(spare: string): Promise<void> {
    this.told.push(`${spare} begins`);
    this.waiting.splice(this.waiting.indexOf(spare), 1);
  }
}

async function perform(words: string, programs: ProgramControl): Promise<string> {
  const plan = await planWith(`{ ${words} }`);
  const [action] = plan.phases[0]?.actions ?? [];
  const target = { plan, programs, router: () => expect.fail('no router is touched') } as unknown as ActionTarget;
  return carryOut(action as PlanAction, target, never);
}

test('only nodes that run are told, and each has its part of the rate', async () => {
  const programs = new Obedient(['a9', 'a10'], ['a3', 'a5']);
  expect(await perform('readmit: { zone: use1-a, perSecond: 3 }', programs)).toContain('6 nodes that run say 0.5');
  expect(programs.told).toHaveLength(6);
  expect(programs.told).not.toContain('a3 readmit');
  await expect(perform('stop-search: { zone: use1-b }', new Obedient([], ['b1', 'b2']))).rejects.toThrow(
    'no node of use1-b runs',
  );
});

test('volumes are restored batch after batch, of the nodes that do not run, until no batch restores any', async () => {
  const programs = new Obedient(['a9', 'a10'], ['a3', 'a5']);
  const orders: OperatorOrder[] = [];
  const left = [5, 1, 0];
  programs.tell = async (_, __, order) => {
    orders.push(order);
    return {
      restored: left.length === 3 ? 4 : left.length === 2 ? 4 : 0,
      withoutSnapshot: 2,
      failed: 1,
      left: left.shift() ?? 0,
    };
  };
  const said = await perform('restore-snapshots: { zone: use1-a, batch: 4 }', programs);
  expect(said).toBe('the control plane restored 8 volumes; 2 have no snapshot, 1 found no room');
  expect(orders).toEqual(Array(3).fill({ do: 'restore', zone: 'use1-a', failedNodes: ['a3', 'a5'], batchSize: 4 }));
  expect(await perform('restore-snapshots: { zone: use1-a, batch: 4 }', new Obedient(['a9', 'a10']))).toContain(
    'all nodes',
  );
});

test('a program that says otherwise than it was told is no success', async () => {
  const lies = { a2: { search: 'going' } };
  await expect(perform('stop-search: { zone: use1-a }', new Obedient(['a9', 'a10'], [], lies))).rejects.toThrow(
    'a2 says search: going, not stopped',
  );
});

test('a node begins, then the nodes that run learn of it, then the control plane; the next one learns of it first', async () => {
  const programs = new Obedient(['a9', 'a10'], ['a4']);
  const said = await perform('add-nodes: { zone: use1-a, count: 2 }', programs);
  expect(said).toContain('a9, a10 joined');
  const { told } = programs;
  const at = (what: string) => told.indexOf(what);
  expect(told.filter((one) => one.endsWith('join a9'))).toHaveLength(7 + 1 + 1);
  expect(at('a9 begins')).toBeLessThan(at('a1 join a9'));
  expect(at('a8 join a9')).toBeLessThan(at('control-plane join a9'));
  expect(at('control-plane join a9')).toBeLessThan(at('a10 begins'));
  expect(at('a10 join a9')).toBeLessThan(at('a1 join a10'));
  expect(at('a9 join a10')).toBeLessThan(at('control-plane join a10'));
  expect(at('a4 join a9')).toBe(-1);
});

test('more nodes than spares are left are not added', async () => {
  await expect(perform('add-nodes: { zone: use1-a, count: 2 }', new Obedient(['a9']))).rejects.toThrow(
    'only 1 spares are left',
  );
});
