import { once } from 'node:events';
import { connect } from 'node:net';
import { expect, test, vi } from 'vitest';
import { FailoverAgent } from '../../../fixtures/storage/multi-zone/agent.ts';
import { listen } from '../../../fixtures/storage/multi-zone/channel.ts';
import { serveInstances } from '../../../fixtures/storage/multi-zone/instance-server.ts';
import { encodeFrame, FrameDecoder } from '../../../fixtures/storage/wire/frame.ts';
import type { Dial } from '../../../harness/scenario/container-config.ts';
import { mutatedStreams, sendEach } from './mutated-streams.ts';
import { TestCluster } from './test-cluster.ts';

/** Of each kind of server, in 1 to 3 s. Whoever is not in the cluster: what is well formed and forged is believed. */
const STREAMS = 400;
const OF_VOLUME = { volume: 'nobody', epoch: 1 };

const CALLS = [
  { id: 1, op: 'beat', body: { node: 'nobody' } },
  { id: 2, op: 'lookup', zone: 'z', deadline: 1e12, body: { volume: 'v' } },
  { id: 3, op: 'members', body: { node: 'a' } },
  { id: 4, op: 'elect', body: { ...OF_VOLUME, node: 'a', joining: 'c' } },
  { id: 5, op: 'promote', body: { ...OF_VOLUME, node: 'b' } },
  { id: 6, op: 'confirm', body: { ...OF_VOLUME, node: 'a', joining: 'c' } },
  { id: 7, op: 'deleteVolume', body: { volume: 'nobody' } },
  { id: 8, op: 'attachVolume', body: { volume: 'v', instance: 'i' } },
  { id: 9, op: 'describeVolumes', body: { volumes: ['v', 'nobody'] } },
  { id: 10, op: 'createSnapshot', body: { volume: 'nobody' } },
  { id: 11, op: 'describeSnapshots', body: { volume: 'v' } },
  { id: 12, op: 'deleteSnapshot', body: { snapshot: 'nobody' } },
  { id: 13, op: 'restoreSnapshot', body: { snapshot: 'nobody', zone: 'z' } },
  { id: 14, op: 'restoreUnrecoverable', body: { zone: 'z', failedNodes: ['a'], batchSize: 1 } },
];

const HELLO = { type: 'hello', from: 'nobody', plane: 'primary', incarnation: 1 };
const PEER_MESSAGES = [
  HELLO,
  { type: 'ping', sentAt: 1.5 },
  { type: 'search', from: 'nobody', volume: 'nobody' },
  { type: 'release', token: 1 },
  { type: 'image', volume: 'nobody', whileBlocked: false },
  { type: 'part', offset: 0, length: 10 },
  { type: 'write', id: 1, ...OF_VOLUME, seq: 1, offset: 0, fua: true },
  { type: 'flush', id: 2, ...OF_VOLUME },
  { type: 'chunk', id: 3, ...OF_VOLUME, index: 0, offset: 0 },
  { type: 'join', id: 4, ...OF_VOLUME, token: 1 },
  { type: 'renew', id: 5, token: 1 },
  { type: 'create', id: 6, ...OF_VOLUME, token: 1, role: 'primary', partner: 'b', filling: true },
  { type: 'delete', id: 7, volume: 'nobody' },
  { type: 'fill', id: 8, ...OF_VOLUME, offset: 0 },
  { type: 'filled', id: 9, ...OF_VOLUME, sha256: '00' },
  { type: 'serve', id: 10, ...OF_VOLUME },
  { type: 'abandon', id: 11, ...OF_VOLUME },
  { type: 'confirmed', id: 12, ...OF_VOLUME },
  { type: 'superseded', id: 13, ...OF_VOLUME },
];

/** Sends one frame as it is, and reads the answer to it. */
async function ask({ host, port }: Dial, header: object): Promise<unknown> {
  const socket = connect({ host, port });
  const decoder = new FrameDecoder();
  for (const piece of encodeFrame(header)) socket.write(piece);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return decoder.push(chunk)[0]?.header;
}

test('a control plane and a node go on, whatever bytes come to their ports', async () => {
  await using cluster = await TestCluster.start({ nodes: ['a', 'b'], volumes: [['v', 'a', 'b']], quiet: true });
  const { primary: toControlPlane } = cluster.dials('a', 'control-plane');
  const { primary: toNode } = cluster.dials('b', 'a');
  if (toControlPlane === undefined || toNode === undefined) throw new Error('no dial');

  for (const frame of [
    { id: 1, op: 'beat' },
    { id: 1, op: 'beat', body: null },
    { id: 1, op: 'describeVolumes' },
    { id: 1, op: 'describeVolumes', body: {} },
    { id: 1, op: 'constructor', body: {} },
    { id: 1, op: 'elect', body: { volume: 'v', node: 'a', epoch: '1', joining: 'c' } },
    // A well-formed one, whose answer is more than a frame holds.
    { id: 1, op: 'describeVolumes', body: { volumes: Array.from({ length: 3000 }, () => 'v') } },
  ]) {
    expect(await ask(toControlPlane, frame), JSON.stringify(frame).slice(0, 80)).toEqual({
      id: 1,
      refusal: 'bad-request',
    });
  }
  await sendEach(toControlPlane, mutatedStreams(1, CALLS, STREAMS));
  const peers = mutatedStreams(2, PEER_MESSAGES, STREAMS);
  const greeting = Buffer.concat(encodeFrame(HELLO));
  await sendEach(
    toNode,
    peers.map((stream) => Buffer.concat([greeting, stream])),
  );

  // The same processes as before, and the volume as they left it.
  expect(await cluster.control.request('lookup', { volume: 'v' }, 1000)).toMatchObject({
    epoch: 1,
    primary: 'a',
    mirror: 'b',
  });
  expect(cluster.hasEnded('control-plane')).toBe(false);
  expect(cluster.hasEnded('a')).toBe(false);
});

test('an instance of a pair goes on, whatever bytes come to its port', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const committed: number[] = [];
  const primary = {
    serves: true,
    epoch: 1,
    commit: async ({ id }: { readonly id: number }) => void committed.push(id),
  };
  const instance = {
    standby: null,
    primary: () => primary as never,
    last: () => 0,
    now: () => 0,
    clients: new Set<never>(),
  };
  const server = await serveInstances(new Map([['mz-01', instance as never]]), { host: '127.0.0.1', port: 0 });
  const dial = { host: '127.0.0.1', port: server.port };
  const transfer = { id: 1, from: 1, to: 2, amount: 3 };
  const hello = { type: 'hello', pair: 'mz-01', as: 'client' };
  await sendEach(dial, [
    Buffer.concat([hello, { type: 'commit' }].flatMap((message) => encodeFrame(message))),
    Buffer.concat([hello, { type: 'commit', transfer: null }].flatMap((message) => encodeFrame(message))),
    ...mutatedStreams(
      3,
      [
        hello,
        { type: 'commit', transfer },
        { type: 'ping', sentAt: 1 },
        { type: 'ship', epoch: 1, after: 0, transfer },
      ],
      STREAMS,
    ),
  ]);
  expect(new Set(committed)).toEqual(new Set([1]));
  // Of connections that have gone nothing is left.
  await expect.poll(() => instance.clients.size).toBe(0);
  await server.close();
  vi.restoreAllMocks();
});

test('a failover agent goes on, whatever bytes come to its port', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const agent = new FailoverAgent({
    pairs: ['mz-01', 'mz-02'],
    limits: { hungMs: 1000, leaseMs: 1000, witness: true },
    records: {},
    now: () => performance.now(),
    write: async () => undefined,
    tell: () => undefined,
  });
  const server = await listen({ host: '127.0.0.1', port: 0 }, (channel) => ({
    onMessage(message) {
      if (message.type === 'beat') agent.beat(message.pair, message.beat, channel);
    },
  }));
  const dial = { host: '127.0.0.1', port: server.port };
  const beat = { from: 'primary', epoch: 1, sentAt: 5, mode: 'synchronous', ioHungMs: 0 };
  const messages = [
    { type: 'beat', pair: 'mz-01', beat },
    { type: 'beat', pair: 'mz-01', beat: { ...beat, from: 'standby', mode: 'standby' } },
    { type: 'hello', pair: 'mz-01', as: 'primary' },
  ];
  await sendEach(dial, mutatedStreams(6, messages, STREAMS));
  // A pair of which nobody spoke is watched as ever.
  expect(await ask(dial, { type: 'beat', pair: 'mz-02', beat })).toMatchObject({ type: 'lease', sentAt: 5, epoch: 1 });
  await server.close();
  vi.restoreAllMocks();
});
