import { type Problem, problemAt } from './bad-input-error.ts';
import { PAGE_BYTES, SMALLEST_DATABASE_BYTES } from './place-databases.ts';
import type { LoadSettings, PlanContainer, PlanDatabaseInstance, PlanMultiZoneDatabase, PlanVolume } from './plan.ts';
import type { ResolvedParameters } from './resolve-parameters.ts';
import type { Topology } from './topology.ts';

/**
 * `load.multiZoneDatabases` pairs, each with a primary in a container of its own and its standby in that of all standbys, on the
 * last volumes of their zones: single-zone databases begin with the first.
 */
export function placeMultiZoneDatabases(
  containers: readonly PlanContainer[],
  volumes: readonly PlanVolume[],
  { multiZoneDatabases: count, databaseVolumes: each }: LoadSettings,
): PlanMultiZoneDatabase[] {
  const primaries = containers.filter(({ role }) => role === 'database-primary');
  const standbys = containers.find(({ role }) => role === 'database-standbys');
  if (standbys === undefined) return [];
  const digits = Math.max(2, String(count).length);
  return primaries.map((primary, i) => {
    const instance = ({ id, zone }: PlanContainer): PlanDatabaseInstance => {
      const ids = volumes.filter((volume) => volume.zone === zone).map((volume) => volume.id);
      const from = ids.length - (primaries.length - i) * each;
      return { container: id, zone, volumes: ids.slice(from, from + each) };
    };
    return { id: `mz-${String(i + 1).padStart(digits, '0')}`, primary: instance(primary), standby: instance(standbys) };
  });
}

/** The volumes that are left for single-zone databases. */
export function withoutThoseOf(
  databases: readonly PlanMultiZoneDatabase[],
  volumes: readonly PlanVolume[],
): PlanVolume[] {
  const taken = new Set(databases.flatMap(({ primary, standby }) => [...primary.volumes, ...standby.volumes]));
  return volumes.filter(({ id }) => !taken.has(id));
}

/** Pairs that the zones' volumes have no room for, and times that contradict one another. */
export function multiZoneProblems(topology: Topology, parameters: ResolvedParameters): Problem[] {
  const { storage, load } = parameters;
  const { multiZoneDatabases: count, databaseVolumes: each, databaseStripeBytes: stripe } = load;
  if (count === 0) return [];
  const problems: Problem[] = [];
  const require = (holds: boolean, name: string, found: string, expected: string): void => {
    if (!holds) problems.push(problemAt(parameters.placeOf(name), found, expected));
  };
  const zoneOf = (role: 'database-primary' | 'database-standbys'): string | undefined =>
    topology.services.find((service) => service.role === role)?.zone;
  const zones = [zoneOf('database-primary'), zoneOf('database-standbys')];
  if (zones.includes(undefined) || zones[0] === zones[1]) {
    const found = 'multi-zone databases in a topology without primaries in one zone and standbys in another';
    return [problemAt(parameters.placeOf('load.multiZoneDatabases'), found, 'services of both roles')];
  }
  for (const zone of zones.filter((one) => one !== undefined)) {
    const volumes = parameters.number(`zones.${zone}.volumes`);
    const found = `${count} multi-zone databases on ${each} volumes of ${zone} each, which has ${volumes}`;
    require(count * each <=
      volumes, 'load.multiZoneDatabases', found, `at most ${Math.floor(volumes / each)}, or more volumes`);
    // With single-zone databases beside them, these keep one at least where they have a container.
    const single = topology.services.some((service) => service.zone === zone && service.role === 'databases');
    require(!single || load.databases === 0 || volumes - count * each >= each, 'load.multiZoneDatabases', `${
      volumes - count * each
    } volumes of ${zone} left for its single-zone databases`, `at least ${each}`);
  }
  require(stripe > 0 &&
    stripe % PAGE_BYTES === 0, 'load.databaseStripeBytes', `${stripe} bytes`, `a multiple of ${PAGE_BYTES}`);
  const room = each * Math.floor(storage.volumeBytes / 4);
  require(room >=
    SMALLEST_DATABASE_BYTES, 'load.databaseVolumes', `${room} bytes for a database`, `at least ${SMALLEST_DATABASE_BYTES}, of the last quarter of each of its volumes`);
  require(storage.heartbeatMs <
    load.multiZonePartedMs, 'load.multiZonePartedMs', `${load.multiZonePartedMs} ms`, `more than storage.heartbeatMs, ${storage.heartbeatMs} ms, or every pair would be parted`);
  require(storage.heartbeatMs <
    storage.leaseMs, 'storage.leaseMs', `${storage.leaseMs} ms`, `more than storage.heartbeatMs, ${storage.heartbeatMs} ms, or no primary could keep its lease`);
  return problems;
}
