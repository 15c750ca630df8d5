import { PORTS } from './container-config.ts';
import type { Laid } from './fault-language.ts';
import type { PlanFault, PlanPhase, PlanWitness } from './plan.ts';

/**
 * A witness is a process at each end, and on a link asks 24 times a second: so many are about 3 % of a CPU, which is
 * load on the machine that is measured. A fault beyond that has none, and the result says so.
 */
export const WITNESSES_MAX = 16;
/** On the router, above every link's and every detour's, where a published port may be too. */
const FIRST_PORT = 30_000;

/**
 * Links with a witness. Each fault that states what connections see gets one, in the order of their times, as long as
 * there may be more; then each a second one, on its last link, which is on another router where there is one.
 */
export function witnessesOf(laid: Laid, phases: readonly PlanPhase[]): PlanWitness[] {
  const stated = phases.flatMap((phase) => phase.faults).filter(({ experience }) => experience !== null);
  const linksOf = witnessable(laid);
  const chosen = new Set<string>();
  const pairs: string[][] = [];
  for (const fault of stated) {
    const links = linksOf(fault);
    const [first] = links;
    // Of several occurrences of one fault, and of faults on the same links, those that are chosen do.
    if (first === undefined || links.some((id) => chosen.has(id))) continue;
    if (chosen.size >= WITNESSES_MAX) break;
    chosen.add(first);
    pairs.push([first, links.at(-1) ?? first]);
  }
  for (const [, last] of pairs) {
    if (last !== undefined && chosen.size < WITNESSES_MAX) chosen.add(last);
  }
  const inOrder = [...new Set(pairs.flat())].filter((id) => chosen.has(id));
  return inOrder.map((link, i) => ({ link, listenPort: FIRST_PORT + i, port: portFor(laid, link, i) }));
}

/** A fault's links that can have one: a gauge is the witness of its own. */
function witnessable(laid: Laid): (fault: PlanFault) => readonly string[] {
  const gauges = new Set(laid.containers.filter((one) => one.role === 'gauge').map((one) => one.id));
  const able = new Set(laid.links.filter(({ source }) => !gauges.has(source)).map(({ id }) => id));
  return ({ targets }) => targets.links.filter((id) => able.has(id));
}

/**
 * Of the echo. A link from the host has one of its own: what is done to its packets is done at the router's connection
 * to the destination, which is known by the destination's port alone, and other witnesses would be hit.
 */
const portFor = (laid: Laid, id: string, index: number): number =>
  laid.links.find((link) => link.id === id)?.source === 'host' ? PORTS.witness + 1 + index : PORTS.witness;
