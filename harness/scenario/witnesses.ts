import { PORTS } from './container-config.ts';
import type { Laid } from './fault-language.ts';
import type { PlanPhase, PlanWitness } from './plan.ts';

/** A witness is a process at each end; more of them would be load on the machine. */
const WITNESSES_MAX = 6;
/** Of one fault, the first link and the last, which is on another router where there is one. */
const FIRST_PORT = 30_000;

/** Links with a witness: of every fault that states what connections see, until there are enough. */
export function witnessesOf(laid: Laid, phases: readonly PlanPhase[]): PlanWitness[] {
  const gauges = new Set(laid.containers.filter((one) => one.role === 'gauge').map((one) => one.id));
  const chosen = new Set<string>();
  for (const { experience, targets } of phases.flatMap((phase) => phase.faults)) {
    if (experience === null) continue;
    const links = targets.links.filter((id) => {
      const source = laid.links.find((link) => link.id === id)?.source ?? 'host';
      return source !== 'host' && !gauges.has(source);
    });
    // Of several occurrences of one fault, the links seen already do.
    if (links.some((id) => chosen.has(id))) continue;
    for (const id of [links.at(0), links.at(-1)]) {
      if (id !== undefined && chosen.size < WITNESSES_MAX) chosen.add(id);
    }
  }
  return [...chosen].map((link, i) => ({ link, listenPort: FIRST_PORT + i, port: PORTS.witness }));
}
