import { expect, test } from 'vitest';
import { Forwarder } from '../../../fixtures/storage/node/forwarder.ts';
import type { Outstanding } from '../../../fixtures/storage/node/peer-link.ts';
import { VolumeCopy } from '../../../fixtures/storage/node/volume-copy.ts';
import type { PeerRequest, PeerResult } from '../../../fixtures/storage/wire/peer-message.ts';

/** The receiving end of a link, answering when the test says so. */
class Receiver {
  readonly requests: PeerRequest[] = [];
  readonly answers: ((result: PeerResult) => void)[] = [];
  cancelled = 0;

  request(request: PeerRequest): Outstanding {
    this.requests.push(request);
    const { promise, resolve } = Promise.withResolvers<PeerResult>();
    this.answers.push(resolve);
    return {
      result: promise,
      cancel: () => {
        this.cancelled += 1;
      },
    };
  }

  /** [offset, seq] of each write so far. */
  get writes(): [number, number][] {
    return this.requests.flatMap((request) => (request.type === 'write' ? [[request.offset, request.seq]] : []));
  }
}

const settled = async (promise: Promise<void>) => {
  let isSettled = false;
  const note = () => {
    isSettled = true;
  };
  promise.then(note, note);
  await new Promise(setImmediate);
  return isSettled;
};

test('what the lost target had not acknowledged hangs until a new one is elected', async () => {
  const receiver = new Receiver();
  const forwarder = new Forwarder('v1', () => undefined);
  forwarder.elect({ peer: 'b', epoch: 1, link: receiver, copy: null });
  const write = forwarder.forward(0, Buffer.alloc(4), false);
  forwarder.lose();
  expect(receiver.cancelled).toBe(1);
  receiver.answers[0]?.('ok');
  expect(await settled(write)).toBe(false);
  const late = forwarder.forward(4, Buffer.alloc(4), false);
  expect(await settled(late)).toBe(false);
  forwarder.elect({ peer: 'c', epoch: 2, link: receiver, copy: null });
  expect(await settled(write)).toBe(true);
  expect(await settled(late)).toBe(true);
});

test('a write settles when every part has been acknowledged, and not when it is refused', async () => {
  const refused: string[] = [];
  const receiver = new Receiver();
  const forwarder = new Forwarder('v1', (target) => refused.push(target.peer));
  forwarder.elect({ peer: 'b', epoch: 1, link: receiver, copy: null });
  const write = forwarder.forward(0, Buffer.alloc(4), false);
  receiver.answers[0]?.('stale');
  expect(await settled(write)).toBe(false);
  expect(refused).toEqual(['b']);
  forwarder.fail(new Error('gone'));
  await expect(write).rejects.toThrow('gone');
});

test('during a copy: what has not begun stays local, everything else is forwarded at once', async () => {
  const receiver = new Receiver();
  const forwarder = new Forwarder('v1', () => undefined);
  const copy = new VolumeCopy({ volumeBytes: 12, chunkBytes: 4, window: 1 });
  forwarder.elect({ peer: 'c', epoch: 2, link: receiver, copy });
  const chunks = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const copying = copy.run({
    read: async (_, begin) => {
      begin();
      return Buffer.alloc(4);
    },
    send: (index) => chunks[index]?.promise ?? Promise.resolve(),
  });
  chunks[0]?.resolve();
  await new Promise(setImmediate);
  // Chunk 0 is copied, 1 in flight, 2 waits.
  expect(await settled(forwarder.forward(8, Buffer.alloc(4), false))).toBe(true);
  expect(receiver.writes).toEqual([]);
  const acrossAll = forwarder.forward(2, Buffer.alloc(8), true);
  const inFlight = forwarder.forward(5, Buffer.alloc(1), false);
  expect(receiver.writes).toEqual([
    [2, 1],
    [4, 2],
    [5, 3],
  ]);
  expect(await settled(acrossAll)).toBe(false);
  for (const answer of receiver.answers) answer('ok');
  expect(await settled(acrossAll)).toBe(true);
  expect(await settled(inFlight)).toBe(true);
  for (const chunk of chunks) chunk.resolve();
  await copying;
});

test('taken again, the target is told newer numbers, and what was pending waits for whoever sends it again', async () => {
  const receiver = new Receiver();
  const forwarder = new Forwarder('v1', () => undefined);
  const target = { peer: 'b', epoch: 1, link: receiver, copy: null };
  forwarder.elect(target);
  const done = forwarder.forward(0, Buffer.alloc(4), false);
  receiver.answers[0]?.('ok');
  await done;
  const write = forwarder.forward(8, Buffer.alloc(2), false);
  const flush = forwarder.flush();
  forwarder.lose();
  const unsent = forwarder.forward(4, Buffer.alloc(1), false);
  const { ranges, settle } = forwarder.resume(target);
  expect(ranges).toEqual([{ offset: 8, length: 2 }, null, { offset: 4, length: 1 }]);
  expect(await settled(write)).toBe(false);
  const fresh = forwarder.forward(12, Buffer.alloc(1), false);
  expect(receiver.writes.at(-1)).toEqual([12, 3]);
  settle();
  expect(await Promise.all([write, flush, unsent, fresh].map(settled))).toEqual([true, true, true, false]);
});
