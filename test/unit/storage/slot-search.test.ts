import { afterEach, expect, test, vi } from 'vitest';
import { type PeerServer, startPeerServer } from '../../../fixtures/storage/node/peer-server.ts';
import { RESERVATION_MS, Reservations } from '../../../fixtures/storage/node/reservations.ts';
import { SearchCounters } from '../../../fixtures/storage/node/search-counters.ts';
import { SearchDesk } from '../../../fixtures/storage/node/search-desk.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';
import { searchSlot } from '../../../fixtures/storage/node/slot-search.ts';
import type { Dial } from '../../../harness/scenario/container-config.ts';
import { ownNetwork } from './own-network.ts';

const SERVICE_MS = 5;
const servers: PeerServer[] = [];
const network = ownNetwork();

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Peer {
  readonly dial: Dial;
  readonly reservations: Reservations;
  readonly desk: SearchDesk;
  slots: number;
}

/** A peer's search desk behind a real listener, with `slots` free. */
async function startPeer(slots: number): Promise<Peer> {
  const reservations = new Reservations(1);
  const desk = new SearchDesk({
    serviceMinMs: SERVICE_MS,
    serviceMaxMs: SERVICE_MS,
    reservations,
    random: () => 0.5,
    now: () => performance.now(),
    unconfirmedSlot: () => null,
    freeSlot: () => (reservations.size < peer.slots ? reservations.size : null),
    holds: (volume) => volume === 'held',
  });
  const host = `${network}.${10 + servers.length}`;
  const peer: Peer = { dial: { host, port: 7000 }, reservations, desk, slots };
  servers.push(
    await startPeerServer(
      {
        onBytes: () => undefined,
        onHello: () => undefined,
        affirms: () => true,
        onRequest: () => Promise.resolve('ok'),
        onSearch: (volume, isGone) => desk.ask(volume, isGone),
        onRelease: (token) => reservations.release(token),
        onImage: () => Promise.resolve(null),
      },
      { hosts: [host], port: 7000 },
    ),
  );
  return peer;
}

interface Options {
  readonly usable?: (peer: string) => boolean;
  readonly parallel?: number;
  readonly pauseMs?: (round: number) => number;
}

function search(peers: Record<string, Dial>, options: Options = {}) {
  let closed = 0;
  const counters = new SearchCounters();
  const stopping = new AbortController();
  const found = searchSlot({
    from: 'a',
    volume: 'v1',
    peers: new Map(Object.entries(peers)),
    parallel: options.parallel ?? 4,
    timeoutMs: 500,
    attemptMinMs: SERVICE_MS,
    random: seededRandom(1, 'search'),
    counters,
    signal: stopping.signal,
    pauseMs: options.pauseMs ?? null,
    onBytes: () => undefined,
    onClosed: () => {
      closed += 1;
    },
    usable: options.usable ?? (() => true),
  });
  return { found, counters, closed: () => closed, stop: () => stopping.abort() };
}

test('of several offers one is taken and the others go back at once', async () => {
  const peers = [await startPeer(2), await startPeer(2)];
  const { found, counters } = search({ b: peers[0]?.dial ?? never(), c: peers[1]?.dial ?? never() });
  expect(['b', 'c']).toContain((await found)?.peer);
  const reserved = () => peers.reduce((sum, { reservations }) => sum + reservations.size, 0);
  // All four attempts get an offer; that is well before a reservation would run out by itself.
  await vi.waitFor(() => expect(counters.answered).toBe(4), 1000);
  await vi.waitFor(() => expect(reserved()).toBe(1), 1000);
});

test('full peers are asked again and again, one after the other, until a slot is free', async () => {
  const peer = await startPeer(0);
  const { found, counters } = search({ b: peer.dial }, { parallel: 3 });
  const startedAt = performance.now();
  await vi.waitFor(() => expect(counters.refused).toBeGreaterThan(30), 5000);
  // The desk serves one at a time, whoever asks: thirty answers take thirty service times.
  expect(performance.now() - startedAt).toBeGreaterThan(30 * SERVICE_MS * 0.9);
  peer.slots = 1;
  expect(await found).toMatchObject({ peer: 'b' });
  expect(peer.desk.takeWaitMaxMs()).toBeGreaterThan(2 * SERVICE_MS);
});

test('in rounds: so many attempts, a pause, the next round; the pauses are asked for by number', async () => {
  const peer = await startPeer(0);
  const rounds: number[] = [];
  const pauseMs = (round: number) => {
    rounds.push(round);
    return round < 2 ? 60 : 10_000;
  };
  const startedAt = performance.now();
  const { found, counters, stop } = search({ b: peer.dial }, { parallel: 3, pauseMs });
  await vi.waitFor(() => expect(rounds).toEqual([0, 1, 2]), 3000);
  expect(performance.now() - startedAt).toBeGreaterThan(2 * 60 + 9 * SERVICE_MS * 0.9);
  expect(counters).toMatchObject({ attempts: 9, refused: 9 });
  stop();
  // The pause ends with the search.
  expect(await found).toBeNull();
});

test('every attempt’s connection is told when it is closed, also one that was refused', async () => {
  const peer = await startPeer(0);
  const full = search({ b: peer.dial }, { parallel: 2, pauseMs: () => 10_000 });
  await vi.waitFor(() => expect(full.closed()).toBe(2), 2000);
  full.stop();
  const refused = search({ b: { host: `${network}.250`, port: 7000 } }, { parallel: 2, pauseMs: () => 10_000 });
  await vi.waitFor(() => expect(refused.closed()).toBe(2), 2000);
  refused.stop();
});

test('an offer that cannot be used goes back, and the search goes on until it is stopped', async () => {
  const peer = await startPeer(1);
  const { found, counters, stop } = search({ b: peer.dial }, { usable: () => false });
  await vi.waitFor(() => expect(counters.answered).toBeGreaterThan(5), 2000);
  stop();
  expect(await found).toBeNull();
  await vi.waitFor(() => expect(peer.reservations.size).toBe(0), 1000);
});

test('refused connections count as failed and are not tried as fast as the CPU can', async () => {
  const { found, counters, stop } = search({ b: { host: `${network}.250`, port: 7000 } }, { parallel: 1 });
  await vi.waitFor(() => expect(counters.failed).toBeGreaterThanOrEqual(10), 3000);
  const startedAt = performance.now();
  const failedBefore = counters.failed;
  await vi.waitFor(() => expect(counters.failed).toBeGreaterThanOrEqual(failedBefore + 20), 3000);
  expect(performance.now() - startedAt).toBeGreaterThan(20 * (SERVICE_MS - 1) * 0.9);
  stop();
  await found;
});

test('a node gives no second slot to a volume it holds, and makes the asker wait all the same', async () => {
  const { desk } = await startPeer(3);
  const startedAt = performance.now();
  expect(await desk.ask('held', () => false)).toEqual({ type: 'full' });
  expect(performance.now() - startedAt).toBeGreaterThan(SERVICE_MS - 1.5);
});

test('an asker that has gone is served but gets no reservation', async () => {
  const { desk, reservations } = await startPeer(3);
  await desk.ask('v1', () => true);
  expect(reservations.size).toBe(0);
});

test('a reservation runs out unless it is renewed or taken up', () => {
  vi.useFakeTimers();
  const reservations = new Reservations(100);
  const lapsing = reservations.add('v1', 0);
  const renewed = reservations.add('v2', 1);
  const taken = reservations.add('v3', 2);
  expect(reservations.takeUp(taken, 'v1')).toBeNull();
  expect(reservations.takeUp(taken, 'v3')).toBe(2);
  vi.advanceTimersByTime(RESERVATION_MS - 1);
  expect(reservations.renew(renewed)).toBe(true);
  vi.advanceTimersByTime(1);
  expect([0, 1, 2].filter((slot) => reservations.has(slot))).toEqual([1, 2]);
  expect(reservations.renew(lapsing)).toBe(false);
  vi.advanceTimersByTime(RESERVATION_MS);
  expect([0, 1, 2].filter((slot) => reservations.has(slot))).toEqual([2]);
});

function never(): never {
  throw new Error('no such peer');
}
