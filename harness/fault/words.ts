/** Parts that the words and descriptions of several faults share. */
import type { Laid } from '../scenario/fault-language.ts';
import type { PlanFault } from '../scenario/plan.ts';

export const NO_TARGETS: PlanFault['targets'] = { zone: null, routers: [], links: [], containers: [] };

/** `a1, a2 and a3`, and no more than four by name. */
export function list(names: readonly string[], what: string): string {
  if (names.length > 4) return `${names.length} ${what}`;
  if (names.length <= 1) return names[0] ?? `no ${what}`;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

export const wasOrWere = (names: readonly unknown[]): string => (names.length === 1 ? 'was' : 'were');

/** The one zone that all of these containers are in, or the first's. */
export function zoneOf(laid: Laid, containers: readonly string[]): string | null {
  return laid.containers.find((one) => containers.includes(one.id))?.zone ?? null;
}

/** The zone of the first link's source, or of its destination where it comes from outside. */
export function zoneOfLinks(laid: Laid, links: readonly string[]): string | null {
  const link = laid.links.find((one) => links.includes(one.id));
  return link === undefined ? null : zoneOf(laid, [link.source === 'host' ? link.destination : link.source]);
}

/** Targets that are links. */
export function linkTargets(laid: Laid, links: readonly string[]): PlanFault['targets'] {
  const routers = new Set(laid.links.filter((one) => links.includes(one.id)).map((one) => one.router));
  return { zone: zoneOfLinks(laid, links), routers: [...routers], links, containers: [] };
}

/** Targets that are containers. */
export function containerTargets(laid: Laid, containers: readonly string[]): PlanFault['targets'] {
  return { zone: zoneOf(laid, containers), routers: [], links: [], containers };
}
