import { z } from 'zod';
import { experienceSchema, inForce, measureExperiences } from './experiences.ts';
import type { Frame, Window } from './frame.ts';
import { measurePaths, pathSchema } from './paths.ts';
import { mbit, payloadCounter } from './queues.ts';
import { round } from './rounding.ts';

const heldCapacitySchema = z.strictObject({
  fault: z.string(),
  what: z.string().describe('A router or a link'),
  askedMbit: z.number(),
  measuredMbit: z.number().nullable().describe('Payload; of a router the most in one second, of a link the mean'),
  reached: z
    .boolean()
    .nullable()
    .describe('Whether traffic filled it, so that the capacity itself was measured and not only a bound of it'),
});
export type HeldCapacity = z.infer<typeof heldCapacitySchema>;

export const fabricSchema = z.strictObject({
  shaping: z.enum(['kernel', 'toxiproxy']).nullable().describe('`toxiproxy`: rates shared over live connections'),
  shapingReason: z.string().nullable().describe('Why capacities are not the kernel’s queues'),
  paths: z.array(pathSchema).describe('What each router’s path really did, before the storage started'),
  experiences: z.array(experienceSchema).describe('What connections saw of each fault, on links with a witness'),
  capacities: z.array(heldCapacitySchema).describe('Capacities that faults set, as the traffic of the run shows them'),
  linksTotal: z.number(),
  silentLinks: z.array(z.string()).nullable().describe('Links that no byte crossed, the whole run long'),
  silentLinksReason: z.string().nullable(),
  idleFaults: z.array(z.string()).describe('Faults all of whose links no byte crossed: they proved nothing'),
  slippedFaults: z.array(z.string()).describe('Not in force any more when they were to be reverted'),
  replacedRouters: z
    .array(z.strictObject({ router: z.string(), reason: z.string() }))
    .describe('Their Toxiproxy did not answer and was replaced, which closed all of their connections'),
  leftBehind: z.array(z.string()).nullable().describe('Read back after the last phase: what was not as at the start'),
});
export type Fabric = z.infer<typeof fabricSchema>;

/** The fabric as an instrument: whether it did what it was asked for, and nothing else. */
export function measureFabric(frame: Frame): Fabric {
  const { history, plan } = frame;
  const start = history.of('run.start')[0];
  const replaced = history.of('router.replaced');
  const silent = silentLinks(frame);
  const faults = plan.phases.flatMap((phase) => phase.faults);
  return {
    shaping: start?.shaping ?? null,
    shapingReason: start?.shapingReason ?? null,
    paths: [...measurePaths(frame)],
    experiences: [...measureExperiences(frame)],
    capacities: [...heldCapacities(frame)],
    linksTotal: plan.links.length,
    silentLinks: silent,
    silentLinksReason: silent !== null ? null : 'bytes were not counted at the end of the run',
    idleFaults: faults
      .filter(({ targets }) => targets.links.length > 0 && targets.links.every((link) => silent?.includes(link)))
      .map(({ id }) => id),
    slippedFaults: history
      .of('fault')
      .filter((one) => one.state === 'slipped')
      .map((one) => one.id),
    replacedRouters: replaced.map(({ source, reason }) => ({ router: source, reason })),
    leftBehind: history.of('final-state').at(-1)?.problems.slice() ?? null,
  };
}

/** A server that was replaced has forgotten what had crossed it before, so its links are left out. */
function silentLinks({ history, plan }: Frame): string[] | null {
  const counts = history.of('links');
  if (counts.length < plan.routers.length) return null;
  const replaced = new Set(history.of('router.replaced').map(({ source }) => source));
  // A spare that never joined has told nothing, and nobody has dialled it.
  const told = new Set(history.of('ready').map(({ source }) => source));
  const waiting = new Set(
    plan.containers.filter(({ id, role }) => role === 'spare' && !told.has(id)).map(({ id }) => id),
  );
  const ofWaiting = new Set(
    plan.links.filter((link) => waiting.has(link.source) || waiting.has(link.destination)).map(({ id }) => id),
  );
  return counts
    .filter(({ source }) => !replaced.has(source))
    .flatMap(({ bytes }) => bytes.flatMap(([link, count]) => (count === 0 && !ofWaiting.has(link) ? [link] : [])));
}

/** What stood in the queue when the fault was applied leaves at the new rate; samples come four times a second. */
const SETTLE_MS = 500;
const SECOND_MS = 1000;

function heldCapacities(frame: Frame): readonly HeldCapacity[] {
  const measured = frame.history.of('dose');
  return frame.plan.phases
    .flatMap(({ faults }) => faults)
    .flatMap(({ id, experience, targets }, _, all): HeldCapacity[] => {
      const askedMbit = experience?.capacityMbit ?? null;
      const fault = all.find((one) => one.id === id);
      const window = fault === undefined ? null : inForce(frame, fault);
      if (askedMbit === null || window === null) return [];
      if (targets.links.length > 0) {
        return measured
          .filter((one) => one.fault === id)
          .map((one) => ({ fault: id, what: one.what, askedMbit, measuredMbit: one.measured, reached: null }));
      }
      return targets.routers.map((router) => ({ fault: id, what: router, askedMbit, ...most(frame, router, window) }));
    });
}

/** Most payload in any second, and whether the queue was never empty in that second. */
function most(frame: Frame, router: string, window: Window): Pick<HeldCapacity, 'measuredMbit' | 'reached'> {
  const records = frame.history
    .of('queue')
    .filter((one) => one.source === router && one.t >= window.startT + SETTLE_MS && one.t < window.endT);
  const counter = payloadCounter(frame, router);
  let found: { rate: number; full: boolean } | null = null;
  for (const first of records) {
    const last = records.find((one) => one.t >= first.t + SECOND_MS);
    if (last === undefined) break;
    const span = { startT: first.t, endT: last.t };
    const rate = mbit(counter.in(span), span) ?? 0;
    const full = records.every((one) => one.t < first.t || one.t > last.t || one.backlogBytes > 0);
    if (found === null || rate > found.rate) found = { rate, full };
  }
  return found === null
    ? { measuredMbit: null, reached: null }
    : { measuredMbit: round(found.rate, 3), reached: found.full };
}
