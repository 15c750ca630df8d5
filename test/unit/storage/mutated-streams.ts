import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '../../../fixtures/storage/node/seeded-random.ts';
import { encodeFrame } from '../../../fixtures/storage/wire/frame.ts';
import type { Dial } from '../../../harness/scenario/container-config.ts';

type Draw = (below: number) => number;

/** What no field is meant to hold. */
const STRANGE: readonly unknown[] = [
  undefined,
  null,
  -1,
  0.5,
  2 ** 53,
  true,
  '',
  'a'.repeat(60_000),
  [],
  {},
  [null],
  '__proto__',
];
const MESSAGES_MAX = 4;

/**
 * Streams of bytes for servers to survive, the same ones for the same seed: up to four of `messages`, of which one is
 * spoiled: a field with a strange value or none, one moved into another message, or bytes that are changed, left out or doubled.
 */
export function* mutatedStreams(seed: number, messages: readonly object[], count: number): Generator<Buffer> {
  const random = seededRandom(seed, 'mutated streams');
  const draw: Draw = (below) => Math.floor(random() * below);
  for (let made = 0; made < count; made += 1) {
    const chosen = Array.from({ length: 1 + draw(MESSAGES_MAX) }, () =>
      structuredClone(messages[draw(messages.length)] ?? {}),
    );
    const spoiled = draw(chosen.length);
    if (draw(3) > 0) chosen[spoiled] = spoilField(chosen[spoiled] as Record<string, unknown>, draw);
    const stream = Buffer.concat(chosen.flatMap((message) => encodeFrame(message, Buffer.alloc(draw(64), 7))));
    yield draw(2) === 0 ? stream : spoilBytes(stream, draw);
  }
}

/** As `mutatedStreams`, of streams that are no frames: each has up to three places spoiled. */
export function* mutatedBytes(seed: number, streams: readonly Buffer[], count: number): Generator<Buffer> {
  const random = seededRandom(seed, 'mutated bytes');
  const draw: Draw = (below) => Math.floor(random() * below);
  for (let made = 0; made < count; made += 1) {
    let stream = streams[draw(streams.length)] ?? Buffer.alloc(0);
    for (let left = 1 + draw(3); left > 0 && stream.length > 0; left -= 1) stream = spoilBytes(stream, draw);
    yield stream;
  }
}

function spoilField(message: Record<string, unknown>, draw: Draw): object {
  const names = Object.keys(message);
  const name = names[draw(names.length)] ?? '';
  const value = message[name];
  if (typeof value === 'object' && value !== null && !Array.isArray(value) && draw(3) > 0) {
    return { ...message, [name]: spoilField(value as Record<string, unknown>, draw) };
  }
  return { ...message, [name]: STRANGE[draw(STRANGE.length)] };
}

function spoilBytes(stream: Buffer, draw: Draw): Buffer {
  const at = draw(stream.length);
  const until = Math.min(stream.length, at + 1 + draw(16));
  switch (draw(4)) {
    case 0: {
      const changed = Buffer.from(stream);
      changed[at] = draw(256);
      return changed;
    }
    case 1:
      return Buffer.concat([stream.subarray(0, at), stream.subarray(until)]);
    case 2:
      return Buffer.concat([stream.subarray(0, until), stream.subarray(at)]);
    default:
      return stream.subarray(0, at);
  }
}

/** Sends each on a connection of its own, one after the other; rejects when the server can no longer be connected to. */
export async function sendEach({ host, port }: Dial, streams: Iterable<Buffer>): Promise<void> {
  for (const stream of streams) {
    const socket = connect({ host, port });
    await once(socket, 'connect');
    socket.on('error', () => undefined);
    socket.resume();
    socket.end(stream);
    await Promise.race([once(socket, 'close'), delay(100)]);
    socket.destroy();
  }
}
