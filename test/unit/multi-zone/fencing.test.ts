import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type AgentRecord, FailoverAgent } from '../../../fixtures/storage/multi-zone/agent.ts';
import type { Beat } from '../../../fixtures/storage/multi-zone/agent-state.ts';
import type { PairMessage } from '../../../fixtures/storage/multi-zone/messages.ts';
import { Standby } from '../../../fixtures/storage/multi-zone/standby.ts';
import { newVolumes, now, openReplica, startPair, TIMES, transferOf, until } from './test-pair.ts';

/** What was sent over it. */
const newChannel = () => {
  const sent: PairMessage[] = [];
  return { sent, send: (message: PairMessage) => void sent.push(message), close: () => undefined };
};

describe('a standby', () => {
  it('takes nothing of an epoch that has passed, also after it has ended and begun anew', async () => {
    const volumes = newVolumes();
    const open = async () =>
      new Standby({
        pair: 'mz-01',
        database: await openReplica(volumes),
        times: { ...TIMES, witness: false },
        now,
        beat: () => undefined,
        tell: () => undefined,
        onRole: () => undefined,
      });
    const ship = (epoch: number, id: number) => ({
      type: 'ship' as const,
      epoch,
      after: id - 1,
      transfer: transferOf(id),
    });
    const first = await open();
    const channel = newChannel();
    await first.replicate(ship(1, 1), channel);
    // With one left out there is no answer.
    await first.replicate(ship(1, 3), channel);
    await first.receive({ type: 'promote', epoch: 2 });
    expect(first.primary?.epoch).toBe(2);
    await first.replicate(ship(1, 2), channel);
    await first.replicate({ type: 'where', epoch: 1 }, channel);
    expect(channel.sent).toEqual([
      { type: 'have', last: 1 },
      { type: 'superseded', epoch: 2 },
      { type: 'superseded', epoch: 2 },
    ]);
    first.close();
    const second = await open();
    const again = newChannel();
    await second.replicate(ship(1, 2), again);
    expect(again.sent).toEqual([{ type: 'superseded', epoch: 2 }]);
    expect(second.primary?.epoch).toBe(2);
    second.close();
  });
});

describe('a primary', () => {
  it('takes no answer to an older heartbeat for what the agent knows now', async () => {
    await using pair = await startPair({ witness: true });
    pair.toAgent.hold();
    pair.replication.hold();
    void pair.transfer().catch(() => undefined);
    await until(() => pair.primary.state.mode === 'asking', 'it asks the witness');
    pair.primary.receive({ type: 'lease', epoch: 1, sentAt: now() - 100, known: 'alone' });
    expect(pair.primary.state.mode).toBe('asking');
    pair.primary.receive({ type: 'lease', epoch: 1, sentAt: now(), known: 'alone' });
    await until(() => pair.primary.state.mode === 'alone', 'it goes on alone');
  });

  it('without a witness that answers does not go on alone, and the standby that replaces it serves', async () => {
    await using pair = await startPair({ witness: true });
    pair.toAgent.hold();
    pair.replication.hold();
    const transferred = pair.transfer();
    // Until the agent takes the silent primary for lost.
    await delay(2 * TIMES.partedMs);
    expect(pair.primary.state.mode).toBe('asking');
    expect(pair.acknowledged).toEqual([]);
    await transferred;
    expect(pair.client.served()).toMatchObject([{ instance: 'standby', epoch: 2, count: 1 }]);
    expect(pair.primary.state.mode).toBe('asking');
  });

  it('refuses a transfer that is neither held nor the next', async () => {
    await using pair = await startPair({ witness: false });
    await pair.primary.commit(transferOf(5));
    await expect(pair.primary.commit(transferOf(3))).rejects.toThrow('3 after 5');
    await pair.primary.commit(transferOf(5));
  });
});

describe('an agent', () => {
  const beat = (more: Partial<Beat> = {}): Beat => ({
    from: 'primary',
    epoch: 1,
    sentAt: now(),
    mode: 'synchronous',
    ioHungMs: 0,
    ...more,
  });
  const agentOf = (records: Readonly<Record<string, AgentRecord>>, write: () => Promise<void>) =>
    new FailoverAgent({
      pairs: ['mz-01'],
      limits: { hungMs: 200, leaseMs: 50, witness: true },
      records,
      now,
      write,
      tell: () => undefined,
    });

  it('lets nobody go on alone before that is on its disk', async () => {
    const written = Promise.withResolvers<void>();
    const agent = agentOf({}, () => written.promise);
    const channel = newChannel();
    agent.beat('mz-01', beat({ mode: 'alone' }), channel);
    await delay(30);
    expect(channel.sent).toEqual([]);
    written.resolve();
    await until(() => channel.sent.length > 0, 'the lease is given');
    expect(channel.sent[0]).toMatchObject({ type: 'lease', known: 'alone' });
  });

  it('says nothing while it cannot write, and goes on when it can', async () => {
    let isFull = true;
    const agent = agentOf({}, () => (isFull ? Promise.reject(new Error('disk full')) : Promise.resolve()));
    const channel = newChannel();
    agent.beat('mz-01', beat({ mode: 'alone' }), channel);
    agent.beat('mz-01', beat({ mode: 'alone' }), channel);
    await delay(30);
    expect(channel.sent).toEqual([]);
    isFull = false;
    await until(() => channel.sent.length > 0, 'a lease is given');
    expect(channel.sent[0]).toMatchObject({ type: 'lease', known: 'alone' });
  });

  it('that ended in the middle of a failover goes on with it, and gives the old primary no lease', async () => {
    const agent = agentOf({ 'mz-01': { epoch: 2, phase: 'promoting', alone: false } }, async () => undefined);
    const [primary, standby] = [newChannel(), newChannel()];
    agent.beat('mz-01', beat(), primary);
    agent.beat('mz-01', beat({ from: 'standby', mode: 'standby' }), standby);
    await delay(5);
    expect(primary.sent).toEqual([{ type: 'fence', epoch: 2 }]);
    // What it had promised before, it does not know.
    expect(standby.sent).toEqual([]);
    await delay(60);
    agent.tick();
    await delay(5);
    expect(standby.sent).toEqual([{ type: 'promote', epoch: 2 }]);
  });
});
