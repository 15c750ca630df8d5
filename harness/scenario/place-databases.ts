import { type Problem, problemAt } from './bad-input-error.ts';
import type { LoadSettings, PlanContainer, PlanDatabase, PlanVolume } from './plan.ts';
import type { ResolvedParameters } from './resolve-parameters.ts';
import { shortZoneName, type Topology } from './topology.ts';

/** The sector of a volume, and a page of a database. */
export const PAGE_BYTES = 4096;
/** Room for a write-ahead log and for what a database of the fixtures holds after some minutes. */
export const SMALLEST_DATABASE_BYTES = 768 * 1024;

/**
 * In each zone that has a container for databases, `load.databases` of them or as many as its volumes are enough for,
 * each on the next `load.databaseVolumes` volumes. Volumes are placed by the draw, so which of them share nodes is drawn.
 */
export function placeDatabases(
  containers: readonly PlanContainer[],
  volumes: readonly PlanVolume[],
  load: LoadSettings,
): PlanDatabase[] {
  const zones = new Set(containers.filter(({ role }) => role === 'databases').map(({ zone }) => zone));
  return [...zones].flatMap((zone) => {
    const ids = volumes.filter((volume) => volume.zone === zone).map(({ id }) => id);
    const count = Math.min(load.databases, Math.floor(ids.length / load.databaseVolumes));
    const digits = Math.max(2, String(count).length);
    return Array.from({ length: count }, (_, i) => ({
      id: `${shortZoneName(zone)}-db-${String(i + 1).padStart(digits, '0')}`,
      zone,
      volumes: ids.slice(i * load.databaseVolumes, (i + 1) * load.databaseVolumes),
    }));
  });
}

/** Databases that the zones' volumes have no room for. */
export function databaseProblems(topology: Topology, parameters: ResolvedParameters): Problem[] {
  const { storage, load } = parameters;
  if (load.databases === 0) return [];
  const problems: Problem[] = [];
  const require = (holds: boolean, name: string, found: string, expected: string): void => {
    if (!holds) problems.push(problemAt(parameters.placeOf(name), found, expected));
  };
  const { databaseStripeBytes: stripe, databaseVolumes: each } = load;
  require(stripe > 0 &&
    stripe % PAGE_BYTES === 0, 'load.databaseStripeBytes', `${stripe} bytes`, `a multiple of ${PAGE_BYTES}`);
  const room = each * Math.floor(storage.volumeBytes / 4);
  require(room >=
    SMALLEST_DATABASE_BYTES, 'load.databaseVolumes', `${room} bytes for a database`, `at least ${SMALLEST_DATABASE_BYTES}, of the last quarter of each of its volumes`);
  const zones = topology.services.filter(({ role }) => role === 'databases').map(({ zone }) => zone);
  for (const zone of zones) {
    const volumes = parameters.number(`zones.${zone}.volumes`);
    const found = `databases on ${each} volumes each, and ${zone} has ${volumes}`;
    require(volumes >= each, 'load.databaseVolumes', found, 'no more than a zone has');
  }
  return problems;
}
