import { existsSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type Docker from 'dockerode';
import { allEnded } from '../time/all-ended.ts';
import { settled } from '../time/settled.ts';
import { chooseShaping, type ShapingChoice } from './choose-shaping.ts';
import { runsOnEngine } from './clean.ts';
import { Stop } from './engine/bounded-calls.ts';
import { connectEngine } from './engine/connect.ts';
import { execute } from './engine/execute.ts';
import { standingOf } from './engine/known-engines.ts';
import { namedEngine } from './engine/named-engine.ts';
import { type EngineInfo, type EngineVersion, thisHost, whyUnfit } from './engine/require-fit-engine.ts';
import { EnvironmentError } from './environment-error.ts';
import { OWN_IMAGES, publicName } from './images/catalogue.ts';
import { isPresent } from './images/resolve-images.ts';
import { abandonedJournals, describeAbandoned } from './journal.ts';
import { LIMITS } from './limits.ts';
import { freeBlocks } from './networks/address-block.ts';
import { requireForwarding } from './networks/forwarding.ts';
import { requirePublishing } from './networks/publishing.ts';
import { requireSameNetwork } from './same-network.ts';
import { removeAbandonedTrials, removeOwnTrials, trialRun } from './trials.ts';
import type { TrialOptions } from './try-in-container.ts';

export interface Finding {
  readonly ok: boolean;
  readonly subject: string;
  readonly detail: string;
}

/**
 * Looks at everything that a run depends on; installs nothing, and removes what it tries things with, also when it ends by
 * the signal, whose reason it throws then.
 */
export async function diagnose(signal: AbortSignal): Promise<Finding[]> {
  const findings: Finding[] = [
    { ok: Number.parseInt(process.versions.node, 10) >= 24, subject: 'Node.js', detail: process.versions.node },
    {
      ok: process.platform === 'linux' && process.arch === 'x64',
      subject: 'platform',
      detail: `${process.platform} ${process.arch}; Linux on x64 is what is tested`,
    },
    machine(cpus().length, totalmem()),
  ];
  findings.push(await journals());
  try {
    const docker = await connectEngine();
    if (docker === null) findings.push(noEngine());
    else findings.push(...(await untilSignal(docker, signal)));
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    findings.push({ ok: false, subject: 'engine', detail: `${error.message}. ${error.remedy}` });
  }
  return findings;
}

const LEAST_CPUS = 2;
const LEAST_BYTES = 2 * 2 ** 30;

/** Whether a run fits at all; how busy the machine is with it is measured in each run. */
export function machine(count: number, bytes: number): Finding {
  const least = `a run needs ${LEAST_CPUS} CPUs and ${LEAST_BYTES / 2 ** 30} GiB`;
  return {
    // A machine of 2 GiB has some of them for its kernel alone.
    ok: count >= LEAST_CPUS && bytes >= 0.9 * LEAST_BYTES,
    subject: 'machine',
    detail: `${count} CPUs, ${(bytes / 2 ** 30).toFixed(0)} GiB; ${least}`,
  };
}

function noEngine(): Finding {
  const named = namedEngine();
  if (named !== null) return { ok: false, subject: 'engine', detail: `none answers ${named.where}. ${named.remedy}` };
  const installable = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  const detail = installable
    ? 'none answers; `zonestorm setup --yes` installs and starts one'
    : 'none answers; start one';
  return { ok: false, subject: 'engine', detail };
}

async function untilSignal(docker: Docker, signal: AbortSignal): Promise<Finding[]> {
  try {
    using stop = new Stop(signal, [docker]);
    const diagnosis = diagnoseEngine(docker);
    try {
      return await stop.during(diagnosis);
    } finally {
      await settled(diagnosis, LIMITS.callsEndMs);
      // A trial that was ended is none that failed.
      signal.throwIfAborted();
    }
  } catch (error) {
    await removeOwnTrials(docker);
    throw error;
  }
}

async function diagnoseEngine(docker: Docker): Promise<Finding[]> {
  const [version, info] = await Promise.all([docker.version(), docker.info()]);
  const unfit = whyUnfit(info as EngineInfo, version as EngineVersion, thisHost());
  if (unfit === null) await removeAbandonedTrials(docker);
  const free = await freeBlocks(docker);
  const runs = await runsOnEngine(docker);
  const images = await Promise.all(
    (['runtime', 'toxiproxy', 'fixtures'] as const).map(async (image) => ({
      ok: true,
      subject: `image ${image}`,
      detail: `${OWN_IMAGES[image]}: ${(await isPresent(docker, OWN_IMAGES[image])) ? 'present' : 'will be built'}`,
    })),
  );
  const ryuk = await isPresent(docker, publicName('reaper'));
  const own = await isPresent(docker, OWN_IMAGES.reaper);
  const reaper = ryuk
    ? `${publicName('reaper')}: present`
    : own
      ? `${OWN_IMAGES.reaper}: present`
      : 'pulled, or else ours is built';
  return [
    {
      ok: true,
      subject: 'engine',
      detail: `${standingOf(version.Version).words}; API ${version.ApiVersion}, cgroup v${info.CgroupVersion ?? 1}`,
    },
    {
      ok: unfit === null,
      subject: 'engine kind',
      detail: unfit === null ? `${info.OperatingSystem}, this machine's kernel` : `${unfit.reason}. ${unfit.remedy}`,
    },
    // Nothing is tried on an engine that would be refused.
    ...(unfit === null ? await trials(docker) : []),
    { ok: free.length > 0, subject: 'addresses', detail: `${free.length} of 128 blocks of 198.18.0.0/15 are free` },
    {
      ok: true,
      subject: 'runs',
      detail: runs.length === 0 ? 'none on the engine' : `on the engine: ${runs.join(', ')}`,
    },
    ...images,
    { ok: true, subject: 'image reaper', detail: reaper },
  ];
}

/** Capacities need these of the engine's kernel; each is on or a module. */
const SHAPING_OPTIONS = {
  sch_tbf: 'NET_SCH_TBF',
  cls_u32: 'NET_CLS_U32',
  act_mirred: 'NET_ACT_MIRRED',
  ifb: 'IFB',
  sch_ingress: 'NET_SCH_INGRESS',
};

/** What can only be known by trying, where there is an image to try it with. */
async function trials(docker: Docker): Promise<Finding[]> {
  if (!(await isPresent(docker, OWN_IMAGES.runtime))) return [await shapingByKernel()];
  const options = { docker, image: OWN_IMAGES.runtime, runId: trialRun() };
  const unless = async (subject: string, trial: Promise<string>): Promise<Finding> => {
    try {
      return { ok: true, subject, detail: await trial };
    } catch (error) {
      if (!(error instanceof EnvironmentError)) throw error;
      return { ok: false, subject, detail: `${error.message}. ${error.remedy}` };
    }
  };
  return allEnded([
    unless(
      'ports',
      requirePorts(options).then(() => 'tried: what the engine publishes on 127.0.0.1 answers here'),
    ),
    unless('shaping', chooseShaping(options).then(inWords)),
    unless(
      'forwarding',
      requireForwarding(options).then(() => 'tried: packets pass between two containers of one network'),
    ),
  ]);
}

/** From another network namespace no port answers either, so that reason comes first. */
const requirePorts = (options: TrialOptions): Promise<unknown> =>
  allEnded([requireSameNetwork(options), requirePublishing(options)]);

const inWords = ({ shaping, reason }: ShapingChoice): string =>
  shaping === 'kernel'
    ? 'by the kernel’s queue: tried, tc works in a container'
    : `by Toxiproxy’s rates, without dropped packets and misroutes that keep connections: tc does not work in a container (${reason})`;

/** Which way capacities will be made, by what the kernel's options say. */
async function shapingByKernel(): Promise<Finding> {
  const subject = 'shaping';
  const config = await execute('zcat', ['/proc/config.gz'], { timeoutMs: 5_000 }).catch(() => '');
  if (config === '') return { ok: true, subject, detail: 'kernel configuration not readable; a run will tell' };
  const missing = Object.entries(SHAPING_OPTIONS).flatMap(([module, option]) =>
    new RegExp(`^CONFIG_${option}=[ym]$`, 'm').test(config) ? [] : [module],
  );
  const detail =
    missing.length === 0
      ? `by the kernel’s queue, it seems: it has ${Object.keys(SHAPING_OPTIONS).join(', ')}`
      : `by Toxiproxy’s rates: the kernel lacks ${missing.join(', ')}`;
  return { ok: true, subject, detail };
}

/** Runs that did not end properly; the next start on their engine puts back what they had in force. */
async function journals(): Promise<Finding> {
  const abandoned = await abandonedJournals();
  const detail =
    abandoned.length === 0
      ? 'every run has put back what it did'
      : `not put back yet: ${abandoned.map(describeAbandoned).join('; ')}; the next run on the same engine or ` +
        '`zonestorm clean` does';
  return { ok: true, subject: 'journals', detail };
}
