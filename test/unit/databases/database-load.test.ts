import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Transfer } from '../../../fixtures/storage/databases/database.ts';
import { DatabaseLoad } from '../../../fixtures/storage/databases/database-load.ts';
import { IdRanges } from '../../../fixtures/storage/databases/id-ranges.ts';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';

/** Commits at once, or when it is told to. */
class ToyDatabase {
  readonly begun: Transfer[] = [];
  held: PromiseWithResolvers<void> | undefined;

  async transfer(transfer: Transfer): Promise<void> {
    this.begun.push(transfer);
    await this.held?.promise;
  }
}

const loadOn = (database: ToyDatabase) =>
  new DatabaseLoad({
    id: 'a-db-01',
    database,
    lastTransfer: 10,
    transactionsPerSecond: 100,
    timeoutMs: 100,
    random: seededRandom(1, 'test'),
    now: () => performance.now(),
  });

describe('the load on a database', () => {
  it('commits one after the other with rising ids, between different accounts', async () => {
    const database = new ToyDatabase();
    const load = loadOn(database);
    load.start();
    await delay(300);
    await load.stop();
    const finished = load.take();
    expect(finished.length).toBeGreaterThan(10);
    expect(finished.every(([id, , , outcome]) => id === 'a-db-01' && outcome === 'ok')).toBe(true);
    expect(load.acknowledged.entries()).toEqual([[11, 10 + finished.length]]);
    expect(
      database.begun.every(({ from, to }) => from !== to && Math.min(from, to) >= 1 && Math.max(from, to) <= 64),
    ).toBe(true);
    expect(load.unfinished()).toEqual([]);
  });

  it('while the database hangs: gives up what was not begun, and does not know of the one that was', async () => {
    const database = new ToyDatabase();
    database.held = Promise.withResolvers();
    const load = loadOn(database);
    load.start();
    await delay(400);
    expect(database.begun).toHaveLength(1);
    const meanwhile = load.take();
    expect(meanwhile.length).toBeGreaterThan(5);
    for (const [, intended, ended, outcome, reason] of meanwhile) {
      expect([outcome, reason]).toEqual(['failed', 'not begun']);
      expect(ended - intended).toBeGreaterThan(90);
    }
    const [[, oldest = 0] = []] = load.unfinished();
    expect(performance.now() - oldest).toBeGreaterThan(300);
    expect(load.acknowledged.count).toBe(0);
    database.held.resolve();
    database.held = undefined;
    await delay(100);
    await load.stop();
    const [late, ...after] = load.take();
    expect(late?.slice(3)).toEqual(['unknown', 'late']);
    // The next one may have been about to be given up, and be late too by a hair; none is that has its time.
    const inTime = after.filter(([, intended, ended]) => ended - intended < 99);
    expect(inTime.length).toBeGreaterThan(0);
    expect(inTime.filter(([, , , outcome, reason]) => outcome !== 'ok' || reason !== null)).toEqual([]);
    const tooLate = after.filter(([, intended, ended]) => ended - intended > 101);
    expect(tooLate.filter(([, , , outcome]) => outcome === 'ok')).toEqual([]);
    // Its commit was told of all the same, so it has to be there.
    expect(load.acknowledged.entries()[0]?.[0]).toBe(11);
  });

  it('begins nothing after it was stopped, and says what has no outcome', async () => {
    const database = new ToyDatabase();
    database.held = Promise.withResolvers();
    const load = loadOn(database);
    load.start();
    await delay(80);
    const stopped = load.stop();
    expect(load.unfinished().length).toBeGreaterThan(1);
    database.held.resolve();
    await stopped;
    expect(database.begun).toHaveLength(1);
    expect(load.lastBegun).toBe(11);
  });

  it('does not count as committed what the database answered with an error', async () => {
    const load = loadOn({
      begun: [],
      held: undefined,
      transfer: () => Promise.reject(new Error('disk I/O error')),
    });
    load.start();
    await delay(100);
    await load.stop();
    expect(load.take()[0]?.slice(3)).toEqual(['unknown', 'disk I/O error']);
    expect(load.acknowledged.count).toBe(0);
  });
});

describe('ranges of ids', () => {
  it('join neighbours', () => {
    const ranges = IdRanges.of([1, 2, 3, 7, 8, 10]);
    expect(ranges.entries()).toEqual([
      [1, 3],
      [7, 8],
      [10, 10],
    ]);
    expect(ranges.count).toBe(6);
  });

  it('refuse an id that is not higher', () => {
    const ranges = IdRanges.of([5]);
    expect(() => ranges.add(5)).toThrow(RangeError);
  });
});
