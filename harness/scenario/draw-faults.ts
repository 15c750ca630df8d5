import { type Located, type Problem, problemAt } from './bad-input-error.ts';
import { expectedName } from './nearest-name.ts';
import type { Plan, PlanFault, PlanPhase } from './plan.ts';
import { randomFor } from './random.ts';
import type { ResolvedParameters } from './resolve-parameters.ts';
import type { Scenario, ScenarioFault } from './scenario.ts';

type Laid = Pick<Plan, 'zones' | 'containers' | 'links'>;

/** The plan's phases with every fault's targets drawn. Problems are added to `problems`, not thrown. */
export function drawPhases(
  scenario: Scenario,
  parameters: ResolvedParameters,
  laid: Laid,
  seed: number,
  problems: Problem[],
): PlanPhase[] {
  const counts = new Map<string, number>();
  const nextId = (kind: string): string => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind}-${count}`;
  };
  return scenario.phases.map((phase, i) => {
    const name = phase.name.value;
    if (scenario.phases.slice(0, i).some((earlier) => earlier.name.value === name)) {
      problems.push(problemAt(phase.name.at, `a second phase \`${name}\``, 'each phase’s name once'));
    }
    const seconds = (key: 'for' | 'atMost'): number | null =>
      phase[key] === null ? null : parameters.number(`phases.${name}.${key}`);
    const drawn = phase.faults.flatMap((fault, j): PlanFault[] => {
      const targets = new Targets(laid, fault, seed, `fault/${name}/${j}`, problems);
      const pick = `phases.${name}.pick`;
      const given = parameters.has(pick) ? { value: parameters.number(pick), at: parameters.placeOf(pick) } : null;
      const made = faultOf(fault, targets, given);
      return made === null ? [] : [{ ...made, id: nextId(made.kind) }];
    });
    return { name, seconds: seconds('for'), until: phase.until, atMostSeconds: seconds('atMost'), faults: drawn };
  });
}

/** Without its id. */
type Drawn = PlanFault extends infer F ? (F extends unknown ? Omit<F, 'id'> : never) : never;

function faultOf({ fault }: ScenarioFault, targets: Targets, pick: Located<number> | null): Drawn | null {
  const { misroute, cut, kill } = fault;
  if (misroute !== undefined) {
    const { zone, connections } = misroute;
    const nodes = targets.nodes('misroute', zone, misroute.nodes, pick);
    targets.requireBothPlanes(zone);
    return nodes.length === 0 ? null : { kind: 'misroute', zone, nodes, connections };
  }
  if (cut !== undefined) return { kind: 'cut', links: targets.links(cut.links) };
  if (kill?.containers !== undefined) return { kind: 'kill', containers: targets.containers(kill.containers) };
  if (kill?.zone !== undefined && kill.nodes !== undefined) {
    return { kind: 'kill', containers: targets.nodes('kill', kill.zone, kill.nodes, pick) };
  }
  return null;
}

class Targets {
  private readonly laid: Laid;
  private readonly fault: ScenarioFault;
  private readonly seed: number;
  private readonly label: string;
  private readonly problems: Problem[];

  constructor(laid: Laid, fault: ScenarioFault, seed: number, label: string, problems: Problem[]) {
    this.laid = laid;
    this.fault = fault;
    this.seed = seed;
    this.label = label;
    this.problems = problems;
  }

  nodes(
    kind: 'misroute' | 'kill',
    zone: string,
    asked: readonly string[] | { pick: number },
    pick: Located<number> | null,
  ): string[] {
    const zones = this.laid.zones.filter((z) => z.planes.some((plane) => plane.router !== null)).map((z) => z.id);
    if (!zones.includes(zone)) {
      this.problem([kind, 'zone'], `the zone \`${zone}\``, expectedName(zone, zones, 'zone'));
      return [];
    }
    const known = this.laid.containers.filter((c) => c.zone === zone && c.role === 'node').map((c) => c.id);
    if ('pick' in asked) {
      const count = pick?.value ?? asked.pick;
      if (count > known.length) {
        const at = pick?.at ?? this.fault.placeOf([kind, 'nodes', 'pick']);
        this.problems.push(problemAt(at, `${count} nodes`, `at most the ${known.length} nodes of ${zone}`));
      }
      // Sorted as the zone lists them: the order of drawing means nothing.
      const drawn = new Set(randomFor(this.seed, this.label).shuffled(known).slice(0, count));
      return known.filter((node) => drawn.has(node));
    }
    return this.known(asked, known, [kind, 'nodes'], 'node');
  }

  containers(asked: readonly string[]): string[] {
    const known = this.laid.containers.map((container) => container.id);
    return this.known(asked, known, ['kill', 'containers'], 'container');
  }

  /** Ids, with `*` for any part of them. */
  links(patterns: readonly string[]): string[] {
    const ids = this.laid.links.map((link) => link.id);
    const chosen = new Set<string>();
    for (const [i, pattern] of patterns.entries()) {
      const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
      const matching = ids.filter((id) => new RegExp(`^${parts.join('.*')}$`).test(id));
      if (matching.length === 0) {
        this.problem(['cut', 'links', i], `the link \`${pattern}\``, expectedName(pattern, ids, 'link'));
      }
      for (const id of matching) chosen.add(id);
    }
    return ids.filter((id) => chosen.has(id));
  }

  requireBothPlanes(zone: string): void {
    const planes = this.laid.zones.find((z) => z.id === zone)?.planes.map((plane) => plane.plane) ?? [];
    if (planes.length > 0 && !planes.includes('replication')) {
      this.problem(['misroute', 'zone'], `\`${zone}\` with no replication plane`, 'a zone with both planes');
    }
  }

  private known(asked: readonly string[], known: readonly string[], path: readonly string[], what: string): string[] {
    for (const [i, id] of asked.entries()) {
      if (!known.includes(id)) this.problem([...path, i], `the ${what} \`${id}\``, expectedName(id, known, what));
    }
    return [...new Set(asked)];
  }

  private problem(path: readonly PropertyKey[], found: string, expected: string): void {
    this.problems.push(problemAt(this.fault.placeOf(path), found, expected));
  }
}
