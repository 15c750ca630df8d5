import { type Place, type Problem, problemAt } from './bad-input-error.ts';
import { gaugeId, routerId, singleId } from './container-ids.ts';
import type { Role } from './plan.ts';
import type { Topology, TopologyService } from './topology.ts';

/** Every program looks for the control plane under this id. */
const CONTROL_PLANE = 'control-plane';

/** Two containers of such a role would be given the same volumes, and overwrite what the other wrote. */
const OWNS_VOLUMES: readonly Role[] = ['instances', 'databases', 'database-standbys'];

/** Containers that would stand in one another's way, or that no program would find. `services`: where they begin. */
export function containerProblems(topology: Topology, services: Place): Problem[] {
  return [
    ...problemsOfControlPlane(topology, services),
    ...OWNS_VOLUMES.flatMap((role) => problemsOfOwners(topology, role)),
    ...problemsOfTakenIds(topology),
  ];
}

function problemsOfControlPlane({ services }: Topology, at: Place): Problem[] {
  const [first, ...others] = services.filter(({ role }) => role === CONTROL_PLANE);
  const expected = `exactly one, named \`${CONTROL_PLANE}\``;
  if (first === undefined) return [problemAt(at, 'no service of role control-plane', expected)];
  return [
    ...(singleId(first) === CONTROL_PLANE
      ? []
      : [problemAt(first.at, `a control plane named \`${first.name}\``, expected)]),
    ...others.map((other) => problemAt(other.at, `a second control plane \`${other.name}\``, expected)),
    ...problemsOfNumber(first, 'one container of the control plane'),
  ];
}

/** Standbys stand in one zone, whichever; of the other roles each zone may have one. */
function problemsOfOwners({ services }: Topology, role: Role): Problem[] {
  const owners = services.filter((service) => service.role === role);
  return owners.flatMap((service, i) => {
    const first = owners.slice(0, i).find(({ zone }) => zone === service.zone || role === 'database-standbys');
    const within = role === 'database-standbys' ? '' : ' in a zone';
    const expected = `one container of role ${role}${within}, as its volumes have one owner`;
    const found = `\`${service.name}\` beside \`${first?.name}\``;
    return [
      ...(first === undefined ? [] : [problemAt(service.at, found, expected)]),
      ...problemsOfNumber(service, expected),
    ];
  });
}

function problemsOfNumber({ name, replicas, scaledBy }: TopologyService, expected: string): Problem[] {
  if (scaledBy !== undefined) return [problemAt(scaledBy.at, `\`${name}\` scaled by \`${scaledBy.value}\``, expected)];
  return replicas.value === 1 ? [] : [problemAt(replicas.at, `${replicas.value} replicas of \`${name}\``, expected)];
}

/** What the harness calls its own containers of a zone. */
function problemsOfTakenIds({ zones, networks, services }: Topology): Problem[] {
  const taken = zones
    .filter(({ regionWide }) => !regionWide)
    .flatMap(({ id }) => {
      const routers = networks.filter(({ zone }) => zone === id).map(({ plane }) => routerId(id, plane));
      return [gaugeId(id), ...routers.flatMap((router) => [router, `${router}-shell`])];
    });
  return services
    .filter((service) => service.role !== 'node' && taken.includes(singleId(service)))
    .map(({ name, at, ...service }) => {
      const id = singleId({ name, ...service });
      return problemAt(at, `a container \`${id}\``, `another name than \`${name}\`: the harness has its own \`${id}\``);
    });
}
