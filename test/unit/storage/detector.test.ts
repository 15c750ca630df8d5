import { describe, expect, test } from 'vitest';
import { Detector, FIRST_ANSWER_LIMIT_MS } from '../../../fixtures/storage/node/detector.ts';

const HEARTBEAT = 100;
const DETECTOR = 500;

function detector(peers = ['b']): Detector {
  return new Detector({ peers, detectorMs: DETECTOR, heartbeatMs: HEARTBEAT, startedAt: 0 });
}

test('the share of peers that are lost', () => {
  const subject = detector(['b', 'c', 'd', 'e']);
  for (const peer of ['b', 'c', 'd', 'e']) subject.answered(peer, 100, 110);
  subject.answered('b', 600, 610);
  for (let now = HEARTBEAT; now <= 700; now += HEARTBEAT) subject.tick(now);
  expect(subject.lostShare()).toBe(0.75);
  subject.answered('c', 650, 700);
  expect(subject.lostShare()).toBe(0.5);
  expect(detector([]).lostShare()).toBe(0);
});

/** Ticks at every heartbeat after `from` up to `to`, and what changed when. */
function tickUntil(subject: Detector, from: number, to: number): [number, string, string][] {
  const changes: [number, string, string][] = [];
  for (let now = from + HEARTBEAT; now <= to; now += HEARTBEAT) {
    for (const { peer, state } of subject.tick(now)) changes.push([now, peer, state]);
  }
  return changes;
}

describe('a peer', () => {
  test('is quiet before its first answer, and when it owes one that was asked for a heartbeat ago', () => {
    const subject = detector();
    expect(subject.isQuiet('b', 0)).toBe(true);
    subject.answered('b', 100, 110);
    expect(subject.isQuiet('b', 200)).toBe(false);
    expect(subject.isQuiet('b', 210)).toBe(false);
    expect(subject.isQuiet('b', 300)).toBe(true);
    expect(subject.isQuiet('nobody', 300)).toBe(true);
  });

  test('is lost once the newest answered heartbeat was sent longer ago than the detector allows', () => {
    const subject = detector();
    subject.answered('b', 100, 110);
    expect(tickUntil(subject, 0, 600)).toEqual([]);
    expect(subject.tick(700)).toEqual([{ peer: 'b', state: 'lost', silenceMs: 600 }]);
    expect(subject.isLost('b')).toBe(true);
    expect(subject.tick(800)).toEqual([]);
  });

  test('is not kept alive by an answer that comes late to a heartbeat sent long ago', () => {
    const subject = detector();
    subject.answered('b', 100, 110);
    tickUntil(subject, 0, 600);
    expect(subject.answered('b', 150, 690)).toBeNull();
    expect(subject.tick(700)).toHaveLength(1);
    // Nor does such an answer bring it back.
    expect(subject.answered('b', 200, 750)).toBeNull();
    expect(subject.isLost('b')).toBe(true);
    expect(subject.answered('b', 740, 760)).toEqual({ peer: 'b', state: 'heard', silenceMs: 20 });
    expect(subject.isLost('b')).toBe(false);
  });

  test('is kept alive by answers on one plane alone, in whatever order they come', () => {
    const subject = detector();
    subject.answered('b', 400, 410);
    subject.answered('b', 100, 420);
    expect(tickUntil(subject, 0, 900)).toEqual([]);
    expect(tickUntil(subject, 900, 1000)).toEqual([[1000, 'b', 'lost']]);
  });

  test('that has never answered is given time to start, and no more', () => {
    const subject = detector();
    expect(tickUntil(subject, 0, FIRST_ANSWER_LIMIT_MS)).toEqual([]);
    expect(subject.tick(FIRST_ANSWER_LIMIT_MS + HEARTBEAT)).toHaveLength(1);
  });
});

describe('a node that was descheduled', () => {
  test('judges nobody by its own absence, but does after one more round', () => {
    const subject = detector();
    subject.answered('b', 100, 110);
    tickUntil(subject, 0, 200);
    // Its own tick comes 1.8 s late.
    expect(subject.tick(2100)).toEqual([]);
    expect(subject.tick(2200)).toEqual([{ peer: 'b', state: 'lost', silenceMs: 2100 }]);
  });

  test('loses nobody who answers in that round', () => {
    const subject = detector();
    subject.answered('b', 100, 110);
    tickUntil(subject, 0, 200);
    subject.tick(2100);
    subject.answered('b', 2100, 2105);
    expect(tickUntil(subject, 2100, 2600)).toEqual([]);
  });
});

test('the longest silence counts every tick and starts anew when it is taken', () => {
  const subject = detector(['b', 'c']);
  subject.answered('b', 50, 60);
  subject.tick(100);
  subject.answered('b', 100, 110);
  subject.tick(200);
  subject.tick(300);
  expect(subject.takeSilenceMaxMs()).toBe(200);
  expect(subject.takeSilenceMaxMs()).toBe(0);
});
