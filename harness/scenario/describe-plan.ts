import type { Parameter, Plan, PlanPhase } from './plan.ts';
import { predictStorm } from './predict-storm.ts';
import { aligned, wrap } from './text-columns.ts';

/**
 * A plan as plain text of at most 100 columns, for `zonestorm plan`: what would be started and done, in which
 * order, and what the placement alone foretells. It ends with a line feed.
 */
export function describePlan(plan: Plan): string {
  const { scenario, topology, preset, seed } = plan;
  const sections: [string, readonly string[]][] = [
    ['zones', zoneLines(plan)],
    ['routers', routerLines(plan)],
    ['timeline', plan.phases.flatMap(phaseLines)],
    ['predicted by the placement, not measured', predictionLines(plan)],
    ['expectations', plan.expectations.map(({ text }) => text)],
    ['parameters', parameterLines(plan.parameters)],
  ];
  const head = [
    `${scenario.name}: ${scenario.title}`,
    `scenario ${scenario.file}, topology ${topology.file}, preset ${preset}, seed ${seed}`,
    ...Object.entries(plan.overrides).map(([key, value]) => `--set ${key}=${value}`),
  ];
  const body = sections.flatMap(([title, lines]) => ['', title, ...lines.flatMap((line) => wrap(line, 2))]);
  return `${[...head.flatMap((line) => wrap(line, 0)), ...body].join('\n')}\n`;
}

const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
/** Whole numbers exactly: 65536 bytes are not 65540. */
const rounded = (value: number): string => String(Number.isInteger(value) ? value : Number(value.toPrecision(4)));

function zoneLines(plan: Plan): string[] {
  const rows = plan.zones.map(({ id, planes }) => {
    const containers = plan.containers.filter((container) => container.zone === id);
    const nodes = containers.filter((container) => container.role === 'node').length;
    const spares = containers.filter((container) => container.role === 'spare').length;
    const isCounted = ({ role }: Plan['containers'][number]) => role === 'node' || role === 'spare';
    const others = containers.filter((container) => !isCounted(container)).map((container) => container.role);
    const volumes = plan.volumes.filter((volume) => volume.zone === id).length;
    const parts = [
      ...(nodes > 0 ? [counted(nodes, 'node')] : []),
      ...(spares > 0 ? [counted(spares, 'spare')] : []),
      ...(volumes > 0 ? [counted(volumes, 'volume')] : []),
      ...others,
    ];
    return [id, parts.join(', '), planes.map((plane) => `${plane.plane} ${plane.subnet}`).join(', ')];
  });
  return aligned(rows);
}

function routerLines(plan: Plan): string[] {
  const rows = plan.routers.map(({ id, capacityMbit, queueBytes }) => {
    const links = plan.links.filter((link) => link.router === id).length;
    const seconds = (queueBytes * 8) / (capacityMbit * 1e6);
    const queue = `queue ${rounded(queueBytes / 1e6)} MB (${rounded(seconds)} s)`;
    return [id, `${rounded(capacityMbit)} Mbit/s`, queue, counted(links, 'link')];
  });
  return [...aligned(rows, [1, 3]), 'A capacity means TCP payload at the receiver, shared by all links of the router.'];
}

/** Most faults of a phase that are shown: a flap may be a thousand cuts. */
const FAULTS_SHOWN = 12;

function phaseLines({ name, seconds, until, atMostSeconds, faults, actions }: PlanPhase): string[] {
  const length = seconds === null ? `until ${until}, at most ${atMostSeconds} s` : `${seconds} s`;
  const rows = faults.slice(0, FAULTS_SHOWN).map(({ id, description, atSeconds, forSeconds }) => {
    const time = `+${atSeconds} s ${forSeconds === null ? 'to its end' : `for ${forSeconds} s`}`;
    return [time, id, description];
  });
  const last = faults.at(-1);
  const left = faults.length - rows.length;
  const more = left <= 0 || last === undefined ? [] : [`  and ${left} more, the last at +${last.atSeconds} s`];
  const done = actions.map(({ id, description, atSeconds }) => [`+${atSeconds} s`, id, description]);
  const lines = [...aligned(rows), ...aligned(done)].map((line) => `  ${line}`);
  return [`${name}: ${length}`, ...lines, ...more];
}

function predictionLines(plan: Plan): string[] {
  const storm = predictStorm(plan);
  if (storm === null) return ['No misroute: nothing should degrade.'];
  const { zone, V, D, F, stuckShare, copySecondsMin } = storm;
  const share = `${(stuckShare * 100).toFixed(1)} %`;
  const rows = [
    ['V', String(V), `volumes of ${zone}`],
    ['D', String(D), 'of them have a replica on a misrouted node'],
    ['F', String(F), 'free slots on its nodes'],
    ['(D − F) / V', share, 'stuck at first, should the nodes lose one another'],
    ['copy', `${copySecondsMin.toFixed(1)} s`, `at least, for ${Math.min(D, F)} volumes over the replication plane`],
  ];
  const note = 'With this seed D does not exceed F: every volume finds a slot, so this plan foretells no storm.';
  return [...aligned(rows, [1]), ...(D > F ? [] : [note])];
}

function parameterLines(parameters: readonly Parameter[]): string[] {
  const rows = parameters.map(({ name, value, unit, origin }) => {
    const shown = typeof value === 'number' ? rounded(value) : String(value);
    return [name, shown, unit, origin];
  });
  return aligned(rows, [1]).flatMap((line, i) => [line, `  ${parameters[i]?.why ?? ''}`]);
}
