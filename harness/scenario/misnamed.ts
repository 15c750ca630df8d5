import { type Problem, problemAt } from './bad-input-error.ts';
import { HOST } from './lay-out.ts';
import { expectedName } from './nearest-name.ts';
import type { Plan } from './plan.ts';
import type { YamlSource } from './yaml-source.ts';

/** Problems whose places are looked up only when there are some: that takes a slow parser. */
export type Unplaced = (source: YamlSource) => readonly Problem[];
type Path = readonly PropertyKey[];
type What = 'zone' | 'router' | 'container' | 'link';

export const unplaced =
  (path: Path, found: string, expected: string): Unplaced =>
  (source) => [problemAt(source.placeOf(path), found, expected)];

export const unknownName = (id: string, path: Path, known: readonly string[], what: string): Unplaced =>
  unplaced(path, `the ${what} \`${id}\``, expectedName(id, known, what));

/** Names in a plan of what it does not have, and names that it has twice. */
export function misnamed(plan: Plan): Unplaced[] {
  const ids = (key: 'zones' | 'routers' | 'containers' | 'links' | 'volumes'): string[] =>
    plan[key].map(({ id }) => id);
  const names: Readonly<Record<What, readonly string[]>> = {
    zone: ids('zones'),
    router: ids('routers'),
    container: ids('containers'),
    link: ids('links'),
  };
  const sets = new Map(Object.entries(names).map(([what, known]) => [what, new Set(known)]));
  const check = (what: What, id: string, ...path: Path): Unplaced[] =>
    sets.get(what)?.has(id) === true ? [] : [unknownName(id, path, names[what], what)];
  const every = (what: What, all: readonly string[], ...path: Path): Unplaced[] =>
    all.flatMap((id, i) => check(what, id, ...path, i));
  return [
    ...(['zones', 'routers', 'containers', 'links', 'volumes'] as const).flatMap((key) =>
      twice(ids(key), key.slice(0, -1), (i) => [key, i, 'id']),
    ),
    ...plan.routers.flatMap(({ zone }, i) => check('zone', zone, 'routers', i, 'zone')),
    ...plan.containers.flatMap(({ zone }, i) => check('zone', zone, 'containers', i, 'zone')),
    ...plan.links.flatMap(({ source, destination, router }, i) => [
      ...(source === HOST ? [] : check('container', source, 'links', i, 'source')),
      ...check('container', destination, 'links', i, 'destination'),
      ...check('router', router, 'links', i, 'router'),
    ]),
    ...plan.witnesses.flatMap(({ link }, i) => check('link', link, 'witnesses', i, 'link')),
    ...plan.volumes.flatMap(({ zone, primary, mirror }, i) => [
      ...check('zone', zone, 'volumes', i, 'zone'),
      ...check('container', primary, 'volumes', i, 'primary'),
      ...check('container', mirror, 'volumes', i, 'mirror'),
    ]),
    ...plan.multiZoneDatabases.flatMap((pair, i) =>
      (['primary', 'standby'] as const).flatMap((which) => [
        ...check('container', pair[which].container, 'multiZoneDatabases', i, which, 'container'),
        ...check('zone', pair[which].zone, 'multiZoneDatabases', i, which, 'zone'),
      ]),
    ),
    ...twice(
      plan.phases.map(({ name }) => name),
      'phase',
      (i) => ['phases', i, 'name'],
    ),
    ...faultNames(plan, check, every),
  ];
}

function faultNames(
  plan: Plan,
  check: (what: What, id: string, ...path: Path) => Unplaced[],
  every: (what: What, ids: readonly string[], ...path: Path) => Unplaced[],
): Unplaced[] {
  const faults = plan.phases.flatMap((phase, i) =>
    phase.faults.map((fault, j) => ({ fault, path: ['phases', i, 'faults', j] as Path })),
  );
  const ids = faults.map(({ fault }) => fault.id);
  const actions = plan.phases.flatMap((phase, i) =>
    phase.actions.map((action, j) => ({ action, path: ['phases', i, 'actions', j] as Path })),
  );
  return [
    ...twice(ids, 'fault', (i) => [...(faults[i]?.path ?? []), 'id']),
    ...twice(
      actions.map(({ action }) => action.id),
      'action',
      (i) => [...(actions[i]?.path ?? []), 'id'],
    ),
    ...actions.flatMap(({ action, path }) => check('zone', action.zone, ...path, 'zone')),
    ...faults.flatMap(({ fault: { targets, silences, losesPartnersOf }, path }) => [
      ...(targets.zone === null ? [] : check('zone', targets.zone, ...path, 'targets', 'zone')),
      ...every('router', targets.routers, ...path, 'targets', 'routers'),
      ...every('link', targets.links, ...path, 'targets', 'links'),
      ...every('container', targets.containers, ...path, 'targets', 'containers'),
      ...every('container', silences, ...path, 'silences'),
      ...every('container', losesPartnersOf ?? [], ...path, 'losesPartnersOf'),
    ]),
  ];
}

function twice(ids: readonly string[], what: string, pathOf: (i: number) => Path): Unplaced[] {
  const seen = new Set<string>();
  return ids.flatMap((id, i) => {
    if (seen.has(id)) return [unplaced(pathOf(i), `a second ${what} \`${id}\``, `each ${what} once`)];
    seen.add(id);
    return [];
  });
}
