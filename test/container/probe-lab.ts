import type Docker from 'dockerode';
import type { Shaping } from '../../harness/fabric/router.ts';
import { FAULTS } from '../../harness/fault/catalogue.ts';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { ensureEngine } from '../../harness/lab/engine/ensure-engine.ts';
import { resolveImage, resolveReaper } from '../../harness/lab/images/resolve-images.ts';
import { Lab } from '../../harness/lab/lab.ts';
import { freeBlocks } from '../../harness/lab/networks/address-block.ts';
import { startSession } from '../../harness/lab/session.ts';
import { loadScenario } from '../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../harness/scenario/plan.ts';

/** What a probe prints ten times a second: bytes by the address they came in on. */
export interface ProbeRecord {
  readonly kind: 'probe';
  readonly t: number;
  readonly source: string;
  readonly receivedBytes: Readonly<Record<string, number>>;
  readonly interfaceBytes: Readonly<Record<string, number>>;
}

export interface ProbeLab extends AsyncDisposable {
  readonly lab: Lab;
  readonly plan: Plan;
  readonly records: readonly (HistoryRecord | ProbeRecord)[];
  /** Runs a program of the probe in a container and returns the JSON that it prints. */
  exec<T>(id: string, program: string, args: readonly (string | number)[]): Promise<T>;
}

export interface ProbeHooks {
  /** Another way to ask the same engine. */
  readonly docker?: (engine: Docker) => Docker;
  /** Called as the lab starts, before it goes on. */
  readonly progress?: (line: string) => void;
}

/** At which doses are calibrated, whatever capacities suit the load of a preset. */
const CAPACITIES = {
  'zones.use1-a.primary.capacity': '120mbit',
  'zones.use1-a.primary.queue': '2.7MB',
  'zones.use1-a.replication.capacity': '6mbit',
  'zones.use1-a.replication.queue': '850kB',
} as const;

/**
 * A real lab of zone use1-a with some storage nodes, the instances and the control plane, in whose place the probe
 * runs: real networks, routers, links and capacities, and no storage that would put load on them.
 */
export async function startProbeLab(
  nodes: readonly string[],
  change: (plan: Plan) => Plan = probesOnly,
  shaping: Shaping = 'kernel',
  hooks: ProbeHooks = {},
): Promise<ProbeLab> {
  const progress = (line: string): void => {
    console.error(line);
    hooks.progress?.(line);
  };
  const engine = await ensureEngine({ yes: true, progress });
  const docker = hooks.docker?.(engine) ?? engine;
  const context = { docker, progress };
  const images = {
    runtime: (await resolveImage(context, 'runtime')).tag,
    toxiproxy: (await resolveImage(context, 'toxiproxy')).tag,
    fixtures: (await resolveImage(context, 'fixtures')).tag,
  };
  const sessionLabels = await startSession((await resolveReaper(context)).tag);
  const [block] = await freeBlocks(docker);
  const whole = await loadScenario('ebs-2011', {
    preset: 'fast',
    seed: 1,
    overrides: CAPACITIES,
    block,
    faults: FAULTS,
  });
  const kept = new Set([...nodes, 'a-instances', 'control-plane']);
  const plan = change({
    ...whole,
    containers: whole.containers.filter((one) => kept.has(one.id)),
    links: whole.links.filter((link) => kept.has(link.source) && kept.has(link.destination)),
  });
  const records: (HistoryRecord | ProbeRecord)[] = [];
  const lab = await Lab.start({
    docker,
    plan,
    runId: `test${process.pid.toString(36)}${Math.floor(performance.now()).toString(36)}`,
    images,
    shaping: { shaping, reason: null },
    sessionLabels,
    progress,
    onRecord: (record) => records.push(record),
    // What probes print is no record of a run.
    onLine: (source, line) => {
      if (/^\{"kind":"(?:probe|talk)"/.test(line)) records.push({ ...(JSON.parse(line) as ProbeRecord), source });
    },
    signal: new AbortController().signal,
  });
  return {
    lab,
    plan,
    records,
    exec: async <T>(id: string, program: string, args: readonly (string | number)[]) => {
      const command = ['node', `fixtures/probe/${program}`, ...args.map(String)];
      return JSON.parse(await execIn(lab, id, command)) as T;
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

/** The probe in every container. */
export function probesOnly(plan: Plan): Plan {
  const containers = plan.containers.map((one) => ({ ...one, disks: [], command: ['node', 'fixtures/probe/main.ts'] }));
  return { ...plan, containers };
}

export async function execIn(lab: Lab, id: string, command: readonly string[]): Promise<string> {
  const container = lab.docker.getContainer(lab.containerId(id));
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const { PassThrough } = await import('node:stream');
  const stdout = new PassThrough();
  let text = '';
  let errors = '';
  stdout.on('data', (data: Buffer) => {
    text += data.toString();
  });
  const stderr = new PassThrough().on('data', (data: Buffer) => {
    errors += data.toString();
  });
  lab.docker.modem.demuxStream(stream, stdout, stderr);
  await new Promise((resolve) => stream.on('end', resolve));
  if (text === '') throw new Error(`${command.join(' ')} in ${id} printed nothing: ${errors}`);
  return text;
}

/** Where a container dials a link: the router's address, as host and port. */
export function dial(plan: Plan, link: string): [string, number] {
  const found = plan.links.find((one) => one.id === link);
  if (found === undefined) throw new Error(`no link ${link}`);
  return [found.listen.ip, found.listen.port];
}

/** A container's address on a zone's plane. */
export function address(plan: Plan, id: string, network: string): string {
  const ip = plan.containers.find((one) => one.id === id)?.attachments.find((one) => one.network === network)?.ip;
  if (ip === undefined) throw new Error(`${id} is not on ${network}`);
  return ip;
}
