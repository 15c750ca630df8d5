import { setTimeout as delay } from 'node:timers/promises';
import { Database, type Transfer } from '../../../fixtures/storage/databases/database.ts';
import { databaseRegion } from '../../../fixtures/storage/databases/database-region.ts';
import { StripedDevice } from '../../../fixtures/storage/databases/striped-device.ts';
import { type AgentRecord, FailoverAgent } from '../../../fixtures/storage/multi-zone/agent.ts';
import { type Channel, Dialled, type Listening, listen } from '../../../fixtures/storage/multi-zone/channel.ts';
import { type Instance, serveInstances, tellRole } from '../../../fixtures/storage/multi-zone/instance-server.ts';
import type { AgentMessage } from '../../../fixtures/storage/multi-zone/messages.ts';
import { PairClient } from '../../../fixtures/storage/multi-zone/pair-client.ts';
import { Primary } from '../../../fixtures/storage/multi-zone/primary.ts';
import { ReplicaDatabase } from '../../../fixtures/storage/multi-zone/replica-database.ts';
import { Standby } from '../../../fixtures/storage/multi-zone/standby.ts';
import type { Dial } from '../../../harness/scenario/container-config.ts';
import { MemoryVolume } from '../databases/memory-volume.ts';
import { TcpPipe } from '../storage/tcp-pipe.ts';

const VOLUME_BYTES = 1024 * 1024;
const STRIPE = 4096;
const REGION = databaseRegion(VOLUME_BYTES, STRIPE);
const PAIR = 'mz-01';
const HOST = '127.0.0.1';

export const TIMES = { partedMs: 400, leaseMs: 600, heartbeatMs: 50 } as const;
export const HUNG_MS = 1000;

export const now = (): number => performance.now();

export const newVolumes = (): MemoryVolume[] =>
  Array.from({ length: 4 }, () => new MemoryVolume(Buffer.alloc(VOLUME_BYTES)));
export const openReplica = (volumes: readonly MemoryVolume[]): Promise<ReplicaDatabase> =>
  ReplicaDatabase.open(new StripedDevice(volumes, REGION, STRIPE), now);

export const transferOf = (id: number): Transfer => ({
  id,
  from: 1 + (id % 64),
  to: 1 + ((id + 7) % 64),
  amount: 1 + (id % 9),
});

export interface Told {
  readonly who: string;
  readonly event: string;
  readonly reason: string | null;
}

/** Waits for what is to come about by itself. */
export async function until(holds: () => boolean, what: string, limitMs = 5000): Promise<void> {
  const since = now();
  while (!holds()) {
    if (now() - since > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await delay(5);
  }
}

export interface TestPair extends AsyncDisposable {
  readonly told: readonly Told[];
  readonly primaryVolumes: readonly MemoryVolume[];
  readonly standbyVolumes: readonly MemoryVolume[];
  /** Ids that the client was told of. */
  readonly acknowledged: readonly number[];
  readonly primary: Primary;
  readonly standby: Standby;
  readonly agent: FailoverAgent;
  readonly client: PairClient;
  /** Where a client dials each instance, by its name. */
  readonly dials: Readonly<Record<string, Dial>>;
  /** The ways from the primary to its standby and to the agent. */
  readonly replication: TcpPipe;
  readonly toAgent: TcpPipe;
  /** What the agent has written. */
  readonly records: readonly Readonly<Record<string, AgentRecord>>[];
  /** Asks for the next transfer; settles when it is acknowledged. */
  transfer(): Promise<void>;
  has(event: string): boolean;
}

/** A pair, its agent and a client over TCP on this machine, synchronous when this settles. */
export async function startPair(options: { readonly witness: boolean }): Promise<TestPair> {
  const told: Told[] = [];
  const records: Readonly<Record<string, AgentRecord>>[] = [];
  const acknowledged: number[] = [];
  const primaryVolumes = newVolumes();
  const standbyVolumes = newVolumes();
  const times = { ...TIMES, witness: options.witness };
  const tellAs = (who: string) => (event: string, reason: string | null) => void told.push({ who, event, reason });
  const closing: (() => unknown)[] = [];

  const agent = new FailoverAgent({
    pairs: [PAIR],
    limits: { hungMs: HUNG_MS, leaseMs: times.leaseMs, witness: options.witness },
    records: {},
    now,
    write: async (written) => void records.push(written),
    tell: (_, event, reason) => tellAs('agent')(event, reason),
  });
  const ofAgent = await listen({ host: HOST, port: 0 }, (channel) => ({
    onMessage: (message) => {
      if (message.type === 'beat') agent.beat(message.pair, message.beat, channel);
    },
  }));
  const ticking = setInterval(() => agent.tick(), times.heartbeatMs / 2);
  const toAgent = await TcpPipe.open(HOST, { host: HOST, port: ofAgent.port });

  const serve = async (
    volumes: readonly MemoryVolume[],
    dialAgent: Dial,
    make: (parts: InstanceParts) => Pick<Instance, 'standby' | 'primary'> & { receive(message: AgentMessage): unknown },
  ): Promise<Listening> => {
    const database = await openReplica(volumes);
    const clients = new Set<Channel>();
    const made: { receive(message: AgentMessage): unknown } = { receive: () => undefined };
    const channel = new Dialled({
      dial: dialAgent,
      onMessage: (message) => made.receive(message as AgentMessage),
    });
    const parts = make({
      pair: PAIR,
      database,
      times,
      now,
      beat: (beat) => channel.send({ type: 'beat', pair: PAIR, beat }),
      onRole: () => tellRole(instance),
    });
    made.receive = parts.receive;
    const instance: Instance = {
      standby: parts.standby,
      primary: parts.primary,
      last: () => database.last,
      now,
      clients,
    };
    const server = await serveInstances(new Map([[PAIR, instance]]), { host: HOST, port: 0 });
    closing.push(
      () => channel.close(),
      () => server.close(),
    );
    return server;
  };

  let standby: Standby | undefined;
  const standbyServer = await serve(standbyVolumes, { host: HOST, port: ofAgent.port }, (parts) => {
    const made = new Standby({ ...parts, tell: tellAs('standby') });
    standby = made;
    return { standby: made, primary: () => made.primary, receive: (message) => made.receive(message) };
  });
  const replication = await TcpPipe.open(HOST, { host: HOST, port: standbyServer.port });
  let primary: Primary | undefined;
  const primaryServer = await serve(primaryVolumes, toAgent.dial, (parts) => {
    const tell = tellAs('primary');
    const made = new Primary({ ...parts, tell, from: 'primary', epoch: 1, standby: replication.dial });
    primary = made;
    return { standby: null, primary: () => made, receive: (message) => made.receive(message) };
  });
  const dials = {
    primary: { host: HOST, port: primaryServer.port },
    standby: { host: HOST, port: standbyServer.port },
  };
  const client = new PairClient({
    pair: PAIR,
    instances: Object.entries(dials).map(([instance, dial]) => ({ instance, dial })),
  });
  if (primary === undefined || standby === undefined) throw new Error('not made');
  closing.push(
    () => clearInterval(ticking),
    () => client.close(),
    () => primary?.close(),
    () => standby?.close(),
    () => replication.close(),
    () => toAgent.close(),
    () => ofAgent.close(),
  );
  await Promise.all([primary.synchronous, client.ready]);
  await until(() => agent.state(PAIR)?.last?.mode === 'synchronous', 'the agent knows that it is synchronous');
  told.length = 0;
  let nextId = 1;
  return {
    told,
    records,
    primaryVolumes,
    standbyVolumes,
    acknowledged,
    primary,
    standby,
    agent,
    client,
    dials,
    replication,
    toAgent,
    async transfer() {
      const id = nextId++;
      await client.transfer(transferOf(id));
      acknowledged.push(id);
    },
    has: (event) => told.some((one) => one.event === event),
    async [Symbol.asyncDispose]() {
      for (const volume of [...primaryVolumes, ...standbyVolumes]) volume.resume();
      await Promise.all(closing.map((close) => close()));
    },
  };
}

type InstanceParts = Omit<ConstructorParameters<typeof Standby>[0], 'tell'>;

/** What a replica's volumes hold, as after a crash: the ids of its transfers. */
export async function heldBy(volumes: readonly MemoryVolume[]): Promise<readonly number[]> {
  const copies = volumes.map(({ bytes }) => new MemoryVolume(Buffer.from(bytes)));
  const content = await (await Database.open(new StripedDevice(copies, REGION, STRIPE))).content();
  if (content.problem !== null) throw new Error(content.problem);
  return content.transfers;
}
