import { z } from 'zod';
import { experienceSchema, measureExperiences, unwitnessedFaults } from './experiences.ts';
import type { Frame } from './frame.ts';
import { heldCapacitySchema, measureHeldCapacities } from './held-capacities.ts';
import { measurePaths, pathSchema } from './paths.ts';

export const fabricSchema = z.strictObject({
  shaping: z.enum(['kernel', 'toxiproxy']).nullable().describe('`toxiproxy`: rates shared over live connections'),
  shapingReason: z.string().nullable().describe('Why capacities are not the kernel’s queues'),
  paths: z.array(pathSchema).describe('What each router’s path really did, before the storage started'),
  experiences: z.array(experienceSchema).describe('What connections saw of each fault, on links with a witness'),
  unwitnessed: z
    .array(z.string())
    .optional()
    .describe('Faults that state what connections over their links see, and on none of whose links anybody looked'),
  capacities: z.array(heldCapacitySchema).describe('Capacities that faults set, as the traffic of the run shows them'),
  linksTotal: z.number(),
  silentLinks: z.array(z.string()).nullable().describe('Links that no byte crossed, the whole run long'),
  silentLinksReason: z.string().nullable(),
  idleFaults: z.array(z.string()).describe('Faults all of whose links no byte crossed: they proved nothing'),
  slippedFaults: z.array(z.string()).describe('Not in force any more when they were to be reverted'),
  unreadFaults: z
    .array(z.strictObject({ fault: z.string(), reason: z.string() }))
    .optional()
    .describe('Whether they were still in force at their end, or their dose, could not be read'),
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
    unwitnessed: [...unwitnessedFaults(frame)],
    capacities: [...measureHeldCapacities(frame)],
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
    unreadFaults: history
      .of('fault')
      .filter((one) => one.state === 'unread')
      .map(({ id, detail }) => ({ fault: id, reason: detail })),
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
