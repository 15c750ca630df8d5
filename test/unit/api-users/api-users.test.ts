import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiUsers } from '../../../fixtures/storage/api-users/api-users.ts';
import { drawCall } from '../../../fixtures/storage/api-users/draw-call.ts';
import { ControlPlaneError } from '../../../fixtures/storage/control-plane/control-plane-error.ts';
import type { Answer, Operation, Request } from '../../../fixtures/storage/control-plane/protocol.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';

const LIMIT_MS = 3000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

interface Asked {
  readonly operation: Operation;
  readonly body: unknown;
  readonly timeoutMs: number;
  readonly at: number;
  answer(answer: unknown): void;
  fail(code: ControlPlaneError['code']): void;
}

/** Users of a control plane that answers when the test says so, on a clock that the test moves. */
function usersOf(options: {
  readonly perSecond: number;
  readonly createShare: number;
  readonly snapshotShare?: number;
}) {
  let clock = 1000;
  const asked: Asked[] = [];
  const request = <O extends Operation>(operation: O, body: Request<O>, timeoutMs: number): Promise<Answer<O>> => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer<O>>();
    const fail = (code: ControlPlaneError['code']) => reject(new ControlPlaneError(code, operation));
    const timer = setTimeout(() => fail('timeout'), timeoutMs);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    asked.push({
      operation,
      body,
      timeoutMs,
      at: clock,
      answer: (answer) => end(() => resolve(answer as Answer<O>)),
      fail: (code) => end(() => fail(code)),
    });
    return promise;
  };
  const users = new ApiUsers({
    zone: 'use1-b',
    volumes: ['b-vol-001', 'b-vol-002'],
    load: {
      apiCallsPerSecond: options.perSecond,
      apiCreateShare: options.createShare,
      apiSnapshotShare: options.snapshotShare ?? 0,
      apiTimeoutMs: LIMIT_MS,
    },
    client: { request },
    random: seededRandom(1, 'users'),
    now: () => clock,
  });
  const pass = async (ms: number) => {
    for (let step = 0; step < ms; step += 1) {
      clock += 1;
      await vi.advanceTimersByTimeAsync(1);
    }
  };
  /** Time passes and no timer fires: the process is descheduled. */
  const freeze = (ms: number) => {
    clock += ms;
  };
  return { users, asked, pass, freeze };
}

describe('an open loop', () => {
  test('goes on at its rate while nothing is answered, and every call is given up after the limit', async () => {
    const { users, asked, pass } = usersOf({ perSecond: 20, createShare: 0 });
    users.start();
    await pass(10_000);
    expect(asked.length).toBeGreaterThan(150);
    expect(asked.length).toBeLessThan(250);
    const calls = users.take();
    // What was due in the last three seconds may still be answered.
    expect(calls.length + users.unfinished().length).toBe(asked.length);
    for (const [, intended, ended, outcome, reason] of calls) {
      expect([outcome, reason]).toEqual(['unknown', 'timeout']);
      expect(Math.abs(ended - intended - LIMIT_MS)).toBeLessThan(5);
    }
    expect(Math.max(...users.unfinished().map(([, intended]) => intended))).toBeGreaterThan(10_000);
    users.stop();
    await pass(5000);
    expect(users.take().length + calls.length).toBe(asked.length);
    expect(users.unfinished()).toEqual([]);
  });

  test('counts latency and patience from when a call was due, not from when it was made', async () => {
    const { users, asked, pass, freeze } = usersOf({ perSecond: 20, createShare: 0 });
    users.start();
    await pass(200);
    const before = asked.length;
    freeze(1000);
    await pass(100);
    const late = asked.slice(before);
    expect(late.length).toBeGreaterThan(10);
    expect(Math.min(...late.map(({ timeoutMs }) => timeoutMs))).toBeLessThan(LIMIT_MS - 800);
    for (const one of asked) one.answer({});
    await pass(1);
    const latencies = users.take().map(([, intended, ended]) => ended - intended);
    expect(Math.max(...latencies)).toBeGreaterThan(900);
    users.stop();
  });
});

describe('what becomes of a call', () => {
  test('an answer is ok, a refusal has failed, and silence or a broken connection is unknown', async () => {
    const { users, asked, pass } = usersOf({ perSecond: 20, createShare: 0 });
    users.start();
    await pass(500);
    users.stop();
    const [first, second, third] = asked;
    first?.answer({});
    second?.fail('overloaded');
    third?.fail('disconnected');
    await pass(1);
    expect(users.take().map(([, , , outcome, reason]) => [outcome, reason])).toEqual([
      ['ok', null],
      ['failed', 'overloaded'],
      ['unknown', 'disconnected'],
    ]);
  });

  test('a volume that was created is deleted, and again until that is answered', async () => {
    const { users, asked, pass } = usersOf({ perSecond: 5, createShare: 1 });
    users.start();
    await pass(1000);
    asked[0]?.answer({ created: 'new-1' });
    await pass(1);
    const deletions = () => asked.filter(({ operation }) => operation === 'deleteVolume');
    expect(deletions().map(({ body }) => body)).toEqual([{ volume: 'new-1' }]);
    deletions()[0]?.fail('timeout');
    await pass(4900);
    expect(deletions()).toHaveLength(1);
    await pass(200);
    expect(deletions()).toHaveLength(2);
    // The first one was carried out after all.
    deletions()[1]?.fail('unknown-volume');
    await pass(6000);
    expect(deletions()).toHaveLength(2);
    const told = users.take().filter(([call]) => call === 'deleteVolume');
    expect(told.map(([, , , outcome, reason]) => [outcome, reason])).toEqual([
      ['unknown', 'timeout'],
      ['ok', null],
    ]);
    users.stop();
  });

  test('a snapshot is taken of a volume of the zone, and deleted right away, again until that is answered', async () => {
    const { users, asked, pass } = usersOf({ perSecond: 5, createShare: 0, snapshotShare: 1 });
    users.start();
    await pass(1000);
    users.stop();
    expect(asked[0]).toMatchObject({
      operation: 'createSnapshot',
      body: { volume: expect.stringMatching(/^b-vol-00/) },
    });
    asked[0]?.answer({ snapshot: 'snap-1' });
    asked[1]?.fail('unreadable');
    await pass(1);
    const deletions = () => asked.filter(({ operation }) => operation === 'deleteSnapshot');
    expect(deletions().map(({ body }) => body)).toEqual([{ snapshot: 'snap-1' }]);
    deletions()[0]?.fail('unknown-snapshot');
    await pass(1);
    expect(users.take().map(([call, , , outcome, reason]) => [call, outcome, reason])).toEqual([
      ['createSnapshot', 'ok', null],
      ['createSnapshot', 'failed', 'unreadable'],
      ['deleteSnapshot', 'ok', null],
    ]);
  });

  test('a creation that failed leaves nothing to delete', async () => {
    const { users, asked, pass } = usersOf({ perSecond: 5, createShare: 1 });
    users.start();
    await pass(1000);
    asked[0]?.fail('no-room');
    await pass(6000);
    expect(asked.filter(({ operation }) => operation === 'deleteVolume')).toEqual([]);
    users.stop();
  });
});

describe('what is asked', () => {
  test('has the shares of creations and snapshots given, and otherwise concerns the zone’s own volumes', () => {
    const random = seededRandom(3, 'draws');
    const volumes = ['v1', 'v2', 'v3'];
    const drawn = Array.from({ length: 4000 }, () =>
      drawCall({ apiCreateShare: 0.2, apiSnapshotShare: 0.1 }, volumes, random),
    );
    const share = (call: string) => drawn.filter((one) => one.call === call).length / drawn.length;
    expect(share('createVolume')).toBeCloseTo(0.2, 1);
    expect(share('createSnapshot')).toBeCloseTo(0.1, 1);
    expect(share('attachVolume')).toBeCloseTo(0.35, 1);
    expect(share('describeVolumes')).toBeCloseTo(0.35, 1);
    const named = new Set(
      drawn.flatMap((one) => ('volume' in one ? [one.volume] : 'volumes' in one ? one.volumes : [])),
    );
    expect([...named].sort()).toEqual(volumes);
  });

  test('without snapshots is what it was before there were any', () => {
    const load = { apiCreateShare: 0.2, apiSnapshotShare: 0 };
    const [one, other] = [seededRandom(3, 'draws'), seededRandom(3, 'draws')];
    const drawn = Array.from({ length: 1000 }, () => drawCall(load, ['v1', 'v2'], one));
    const withSome = Array.from({ length: 1000 }, () =>
      drawCall({ ...load, apiSnapshotShare: 0.1 }, ['v1', 'v2'], other),
    );
    expect(drawn.some(({ call }) => call === 'createSnapshot')).toBe(false);
    // Nobody else's draws are moved by those who take snapshots.
    for (const [index, call] of withSome.entries())
      if (call.call !== 'createSnapshot') expect(call).toEqual(drawn[index]);
  });

  test('is a creation where the zone has no volume', () => {
    expect(drawCall({ apiCreateShare: 0, apiSnapshotShare: 1 }, [], () => 0.9)).toEqual({ call: 'createVolume' });
  });
});
