import { setTimeout as delay } from 'node:timers/promises';
import type { PlanLink } from '../../harness/scenario/plan.ts';
import { monotonicMs } from '../../harness/time/monotonic.ts';
import { dial, execIn, type ProbeLab } from '../container/probe-lab.ts';
import { receivedBytes, receivedMbit } from './receiver.ts';
import { until } from './until.ts';

/** A link and by how many connections it is flooded. */
export type Flood = readonly [link: string, connections: number];

export interface Saturation {
  /** From the first bytes of each flood at its destination until the connections have found their rates. */
  readonly warmUpMs?: number;
  readonly measuredMs?: number;
  /** At the beginning and at the end of what is measured. */
  readonly atStart?: () => Promise<void>;
  readonly atEnd?: () => Promise<void>;
}

const WARM_UP_MS = 1_800;
const MEASURED_MS = 5_000;
/** For how long the programs go on sending beyond that: for their start, and for a first SYN that was lost. */
const LATE_MS = 2_000;
/**
 * For how long connections may need to end: one that a full queue starved sends again only when its timer, which doubles
 * with each loss, has run out, and learns no sooner that nobody is there. Of twelve floods one took 9 s, the others 7 ms.
 */
const ENDING_MS = 60_000;

/**
 * Floods links and returns what arrived over each, Mbit/s of payload, as the receiving programs counted it after the
 * warm-up. Two floods must not have one destination on one network, as its counts are by address.
 *
 * @throws Error when a flood did not arrive, or ended before it was measured
 */
export async function saturate(
  probe: ProbeLab,
  floods: readonly Flood[],
  { warmUpMs = WARM_UP_MS, measuredMs = MEASURED_MS, atStart, atEnd }: Saturation = {},
): Promise<number[]> {
  const links = floods.map(([id]) => linkOf(probe, id));
  const seconds = (warmUpMs + measuredMs + LATE_MS) / 1000;
  const before = links.map(({ destination, upstream }) => receivedBytes(probe, destination, upstream.ip));
  let ended = false;
  const sending = floods.map(async ([id, connections], i) => {
    await probe.exec(links[i]?.source ?? '', 'flood.ts', [...dial(probe.plan, id), connections, seconds]);
    ended = true;
  });
  await until('every flood arrives', () =>
    links.every(({ destination, upstream }, i) => receivedBytes(probe, destination, upstream.ip) > (before[i] ?? 0)),
  );
  await delay(warmUpMs);
  const from = monotonicMs();
  await atStart?.();
  await delay(measuredMs);
  const to = monotonicMs();
  await atEnd?.();
  if (ended) throw new Error('a flood ended before it was measured: it arrived too late');
  const rates = links.map(({ destination, upstream }) => receivedMbit(probe, destination, from, to, upstream.ip));
  await Promise.all(sending);
  await comeToRest(probe, links);
  return rates;
}

/** Ends what floods have left over these links, until nothing of it stands in a queue. */
export async function comeToRest(probe: ProbeLab, links: readonly PlanLink[]): Promise<void> {
  await forget(probe, new Set(links.map((link) => link.destination)));
  for (const { router, listen } of links) {
    const { shell, shaping } = probe.lab.router(router);
    const haveEnded = async () => !(await shell.connections()).has(listen.port);
    await until('the flood’s connections end', haveEnded, ENDING_MS);
    // A queue that is made shallower keeps what stands in it, and takes nothing, the next flood's SYNs neither.
    if (shaping === 'kernel') await until('the queue is empty', async () => (await shell.queue()).backlogBytes === 0);
  }
}

/** Ends what is still on its way from floods to these containers. */
async function forget(probe: ProbeLab, destinations: ReadonlySet<string>): Promise<void> {
  for (const id of destinations) await execIn(probe.lab, id, ['sh', '-c', 'kill -USR1 1; echo done']);
}

export function linkOf(probe: ProbeLab, id: string): PlanLink {
  const link = probe.plan.links.find((one) => one.id === id);
  if (link === undefined) throw new Error(`no link ${id}`);
  return link;
}
