import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { isDual } from '../../../harness/measure/multi-zone.ts';
import { HUNG_MS, heldBy, now, startPair, type TestPair, TIMES, until } from './test-pair.ts';

/** No acknowledged commit is missing where it has to be, and no two ever served. */
async function expectSound(pair: TestPair): Promise<void> {
  const current = pair.standby.primary === null ? pair.primaryVolumes : pair.standbyVolumes;
  const held = new Set(await heldBy(current));
  expect(pair.acknowledged.filter((id) => !held.has(id))).toEqual([]);
  expect(isDual(pair.client.served())).toBe(false);
}

/** A machine that stands still for a moment parts pairs too. */
const untilSynchronous = (pair: TestPair): Promise<void> =>
  until(() => pair.primary.state.mode === 'synchronous', 'it is synchronous again');

async function commit(pair: TestPair, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await pair.transfer();
}

describe('a pair', () => {
  it('has on both sides what it has acknowledged', async () => {
    await using pair = await startPair({ witness: false });
    await commit(pair, 20);
    await untilSynchronous(pair);
    expect(await heldBy(pair.standbyVolumes)).toEqual(pair.acknowledged);
    expect(await heldBy(pair.primaryVolumes)).toEqual(pair.acknowledged);
  });

  it('acknowledges nothing that its standby does not have on stable storage', async () => {
    await using pair = await startPair({ witness: true });
    pair.standbyVolumes[1]?.hang();
    const asked = pair.transfer();
    await delay(TIMES.partedMs / 2);
    expect(pair.acknowledged).toEqual([]);
    pair.standbyVolumes[1]?.resume();
    await asked;
    await expectSound(pair);
  });

  it.each([false, true])('that is parted goes on alone, and comes back (witness: %s)', async (witness) => {
    await using pair = await startPair({ witness });
    await commit(pair, 3);
    pair.replication.hold();
    const since = now();
    await commit(pair, 3);
    expect(now() - since).toBeGreaterThan(TIMES.partedMs * 0.8);
    expect(pair.primary.state.mode).toBe('alone');
    if (witness) expect(pair.records.at(-1)?.['mz-01']?.alone).toBe(true);
    expect(await heldBy(pair.standbyVolumes)).toEqual([1, 2, 3]);
    pair.replication.release();
    await untilSynchronous(pair);
    expect(await heldBy(pair.standbyVolumes)).toEqual([1, 2, 3, 4, 5, 6]);
    await commit(pair, 3);
    await untilSynchronous(pair);
    expect(await heldBy(pair.standbyVolumes)).toEqual(pair.acknowledged);
    const told = pair.told.filter(({ who }) => who === 'primary').map(({ event }) => event);
    expect(told.slice(0, 3)).toEqual(['parted', 'alone', 'rejoined']);
  });

  it('survives that its connections break', async () => {
    await using pair = await startPair({ witness: false });
    for (let i = 0; i < 5; i += 1) {
      const asked = commit(pair, 4);
      pair.replication.breakConnections();
      pair.toAgent.breakConnections();
      await asked;
    }
    await untilSynchronous(pair);
    await commit(pair, 1);
    await untilSynchronous(pair);
    expect(await heldBy(pair.standbyVolumes)).toEqual(pair.acknowledged);
  });
});

describe('a primary whose I/O hangs', () => {
  it.each([false, true])('is replaced by its standby, which has everything (witness: %s)', async (witness) => {
    await using pair = await startPair({ witness });
    await commit(pair, 5);
    pair.primaryVolumes[2]?.hang();
    const asked = pair.transfer();
    await until(() => pair.has('promoted'), 'the standby is promoted');
    // The client asks the new one for what has no answer.
    await asked;
    await commit(pair, 5);
    await expectSound(pair);
    expect(pair.client.served().map(({ instance, epoch }) => [instance, epoch])).toEqual([
      ['primary', 1],
      ['standby', 2],
    ]);
  });

  it('cannot acknowledge anything when it wakes up', async () => {
    await using pair = await startPair({ witness: false });
    await commit(pair, 2);
    pair.primaryVolumes[0]?.hang();
    const onOld = pair.primary.commit({ id: 3, from: 1, to: 2, amount: 1 }).then(
      () => 'acknowledged',
      (error: Error) => error.name,
    );
    await until(() => pair.has('promoted'), 'the standby is promoted');
    pair.primaryVolumes[0]?.resume();
    expect(await onOld).toBe('FencedError');
    await expect(pair.primary.commit({ id: 4, from: 1, to: 2, amount: 1 })).rejects.toThrow('epoch');
    await expectSound(pair);
  });

  it('and that hears nobody stops by itself before another one begins', async () => {
    await using pair = await startPair({ witness: false });
    await commit(pair, 2);
    // Neither standby nor agent: it does not know of what follows.
    pair.replication.hold();
    pair.toAgent.hold();
    const outcomes: string[] = [];
    const stop = { asked: false };
    const asking = (async () => {
      for (let id = 100; !stop.asked; id += 1) {
        const since = now();
        const one = pair.primary.commit({ id, from: 1, to: 2, amount: 1 }).then(
          () => outcomes.push(`${id} after ${now() - since}`),
          () => undefined,
        );
        await Promise.race([one, delay(20)]);
      }
    })();
    await until(() => pair.has('promoted'), 'the standby is promoted');
    await delay(HUNG_MS);
    stop.asked = true;
    await asking;
    // Parted before it was silent to the agent, it would have to be known to be: it never was.
    expect(outcomes).toEqual([]);
    await commit(pair, 2);
    await expectSound(pair);
  });

  it('quickly after it was parted is not replaced: the defect of 2011', async () => {
    await using pair = await startPair({ witness: false });
    await commit(pair, 3);
    pair.replication.hold();
    pair.primaryVolumes[1]?.hang();
    void pair.transfer().catch(() => undefined);
    await until(() => pair.has('refused'), 'the agent refuses');
    expect(pair.told.find(({ event }) => event === 'refused')?.reason).toBe('the pair was parted');
    // Nor when the way to the standby is back: to come together again the primary needs its volumes.
    pair.replication.release();
    await delay(2 * HUNG_MS);
    expect(pair.has('promoted')).toBe(false);
    expect(pair.acknowledged).toEqual([1, 2, 3]);
    // Nothing was lost by a failover, as there was none; the I/O comes back, and so does the pair.
    pair.primaryVolumes[1]?.resume();
    await until(() => pair.primary.state.mode === 'synchronous' && pair.has('recovered'), 'it is back');
    await commit(pair, 1);
    await expectSound(pair);
  });

  it('quickly after it was parted is replaced with the witness, which has no record of it', async () => {
    await using pair = await startPair({ witness: true });
    await commit(pair, 3);
    pair.replication.hold();
    pair.primaryVolumes[1]?.hang();
    const asked = pair.transfer();
    await until(() => pair.has('promoted'), 'the standby is promoted');
    expect(pair.has('parted')).toBe(true);
    await asked;
    await commit(pair, 2);
    await expectSound(pair);
  });

  it.each([false, true])('after it went on alone is not replaced (witness: %s)', async (witness) => {
    await using pair = await startPair({ witness });
    await commit(pair, 2);
    pair.replication.hold();
    await commit(pair, 2);
    pair.primaryVolumes[1]?.hang();
    void pair.transfer().catch(() => undefined);
    await until(() => pair.has('refused'), 'the agent refuses');
    expect(pair.told.find(({ event }) => event === 'refused')?.reason).toBe('the primary was alone');
    await delay(HUNG_MS);
    expect(pair.has('promoted')).toBe(false);
    await expectSound(pair);
  });

  it('hangs while it was to come together again with its standby: still not replaced', async () => {
    await using pair = await startPair({ witness: true });
    pair.replication.hold();
    await commit(pair, 2);
    pair.primaryVolumes[3]?.hang();
    pair.replication.release();
    await until(() => pair.has('refused'), 'the agent refuses');
    expect(pair.has('promoted')).toBe(false);
    await expectSound(pair);
  });
});
