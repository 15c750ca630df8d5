import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { execute } from '../../harness/lab/engine/execute.ts';
import { LABELS } from '../../harness/lab/labels.ts';

const SESSION = 'org.testcontainers.session-id';
const CGROUPS = '/sys/fs/cgroup';
/** Version 1 has a folder for each controller, then `docker`, then the container. */
const CGROUP_DEPTH = 4;

/** What one run has on the machine, so that it can be looked for when the run is gone. */
export interface Belongings {
  /** `null`: it was killed before it had one, and has nothing but a reaper. */
  readonly runId: string | null;
  readonly session: string | null;
  /** Ids on the engine. */
  readonly containers: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  /** Interfaces of the host: the networks' bridges and what is plugged into them. */
  readonly interfaces: readonly string[];
  /** In the environment of the run's process and of everything that it starts. */
  readonly mark: string;
}

/** Labels of everything that belongs to a run: its own, and its reaper's session. */
function labelsOf(runId: string | null, session: string | null): string[] {
  return [
    ...(runId === null ? [] : [`${LABELS.run}=${runId}`]),
    ...(session === null ? [] : [`${SESSION}=${session}`]),
  ];
}

/** @param reaper session of the run's reaper, where it is known without the run's containers */
export async function belongingsOf(
  docker: Docker,
  runId: string | null,
  mark: string,
  reaper: string | null = null,
): Promise<Belongings> {
  const own =
    runId === null ? [] : await docker.listContainers({ all: true, filters: { label: labelsOf(runId, null) } });
  const session = own.find(({ Labels }) => Labels[SESSION] !== undefined)?.Labels[SESSION] ?? reaper;
  const containers = new Set<string>();
  const networks = new Set<string>();
  const volumes = new Set<string>();
  for (const label of labelsOf(runId, session)) {
    const filters = { label: [label] };
    for (const { Id } of await docker.listContainers({ all: true, filters })) containers.add(Id);
    for (const { Id } of await docker.listNetworks({ filters })) networks.add(Id);
    for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? []) volumes.add(Name);
  }
  const bridges = new Set([...networks].map((id) => `br-${id.slice(0, 12)}`));
  const interfaces = (await hostInterfaces())
    .filter(({ ifname, master = '' }) => bridges.has(ifname) || bridges.has(master))
    .map(({ ifname }) => ifname);
  return {
    runId,
    session,
    containers: [...containers],
    networks: [...networks],
    volumes: [...volumes],
    interfaces,
    mark,
  };
}

/** In words, what the engine says is still there of a run. */
async function remainsOnEngine(docker: Docker, all: Belongings): Promise<string[]> {
  const found: string[] = [];
  for (const label of labelsOf(all.runId, all.session)) {
    const filters = { label: [label] };
    for (const one of await docker.listContainers({ all: true, filters })) {
      found.push(`container ${one.Names[0]} (${one.State})`);
    }
    for (const one of await docker.listNetworks({ filters })) found.push(`network ${one.Name}`);
    for (const one of (await docker.listVolumes({ filters })).Volumes ?? []) found.push(`volume ${one.Name}`);
  }
  return [...new Set(found)];
}

/**
 * The same while the run is being removed: the machine is looked through only once the engine has nothing left, as
 * each look holds the lock of the packet filters that the removal needs.
 */
export async function remainsMeanwhile(docker: Docker, all: Belongings): Promise<string[]> {
  const onEngine = await remainsOnEngine(docker, all);
  return onEngine.length > 0 ? onEngine : remainsOf(docker, all);
}

/** In words, everything of a run that is still there, on the engine and in the machine's kernel. */
export async function remainsOf(docker: Docker, all: Belongings): Promise<string[]> {
  const found = await remainsOnEngine(docker, all);
  for (const { ifname } of await hostInterfaces()) {
    if (all.interfaces.includes(ifname)) found.push(`interface ${ifname}`);
  }
  for (const line of await filterRules()) {
    if (all.interfaces.some((name) => name.startsWith('br-') && line.includes(name))) found.push(`iptables: ${line}`);
  }
  for (const folder of await cgroupFolders(CGROUPS, CGROUP_DEPTH)) {
    if (all.containers.some((id) => folder.includes(id))) found.push(`control group ${folder}`);
  }
  for (const line of (await readFile('/proc/self/mountinfo', 'utf8')).split('\n')) {
    const [, , , , point = ''] = line.split(' ');
    if ([...all.containers, ...all.volumes].some((id) => point.includes(id))) found.push(`mount ${point}`);
  }
  found.push(...(await processesOf(all)));
  return [...new Set(found)];
}

interface HostInterface {
  readonly ifname: string;
  readonly master?: string;
}

/**
 * Names of the host's interfaces that belong to nothing on the engine: not to a network that is there, and of those
 * on the engine's default bridge as many as it has containers.
 */
export async function strayInterfaces(docker: Docker): Promise<string[]> {
  const [interfaces, networks] = await Promise.all([hostInterfaces(), docker.listNetworks()]);
  const bridges = new Set(networks.map(({ Id }) => `br-${Id.slice(0, 12)}`));
  const onDefault = interfaces.filter(({ master }) => master === 'docker0').map(({ ifname }) => ifname);
  const { Containers } = (await docker.getNetwork('bridge').inspect()) as { Containers?: object };
  const explained = onDefault.length <= Object.keys(Containers ?? {}).length ? onDefault : [];
  return interfaces
    .filter(({ ifname, master = '' }) => !bridges.has(ifname) && !bridges.has(master) && !explained.includes(ifname))
    .map(({ ifname }) => ifname);
}

async function hostInterfaces(): Promise<HostInterface[]> {
  return JSON.parse(await execute('ip', ['-j', 'link', 'show'], { timeoutMs: 10_000 })) as HostInterface[];
}

/** The engine's packet filters name bridges. Where they cannot be read there is none to look at. */
async function filterRules(): Promise<string[]> {
  return (await execute('iptables-save', [], { timeoutMs: 10_000 }).catch(() => '')).split('\n');
}

async function cgroupFolders(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name));
  if (depth === 1) return folders;
  const below = await Promise.all(folders.map((one) => cgroupFolders(one, depth - 1)));
  return [...folders, ...below.flat()];
}

/** The run's own, those in its containers, and the engine's for them (their command lines name the container). */
async function processesOf({ containers, mark }: Belongings): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  const found = pids.map(async (pid) => {
    const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
    const [environment, groups, command] = await Promise.all([read('environ'), read('cgroup'), read('cmdline')]);
    const ours = environment.includes(mark) || containers.some((id) => groups.includes(id) || command.includes(id));
    if (!ours) return [];
    const program = await readlink(`/proc/${pid}/exe`).catch(() => 'gone');
    return [`process ${pid} (${program} ${command.replaceAll('\0', ' ').slice(0, 80).trim()})`];
  });
  return (await Promise.all(found)).flat();
}
