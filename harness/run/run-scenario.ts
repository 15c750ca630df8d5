import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { appendHistory } from '../history/append-history.ts';
import type { HistoryRecord, RunEnd } from '../history/records.ts';
import { clean } from '../lab/clean.ts';
import { EnvironmentError } from '../lab/environment-error.ts';
import { Lab, type LabImages } from '../lab/lab.ts';
import { LIMITS } from '../lab/limits.ts';
import { freeBlocks } from '../lab/networks/address-block.ts';
import { SubnetTakenError } from '../lab/networks/create-networks.ts';
import { reaperName } from '../lab/session.ts';
import { AppClient } from '../load/app-client.ts';
import type { Plan } from '../scenario/plan.ts';
import { relocate } from '../scenario/relocate.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { keepLogs } from './keep-logs.ts';
import { LiveState } from './live-state.ts';
import { readDisks } from './read-disks.ts';
import { runPhases } from './run-phases.ts';
import { Sampler } from './sampler.ts';

export interface RunScenarioOptions {
  readonly docker: Docker;
  readonly plan: Plan;
  readonly folder: string;
  readonly images: LabImages;
  readonly sessionLabels: Readonly<Record<string, string>>;
  readonly version: string;
  readonly progress: (line: string) => void;
  /** Sees every record as it is written, for the live line. */
  readonly onRecord: (record: HistoryRecord) => void;
  /** Aborted with reason `interrupted` (a signal), `deadline` (`--timeout`), or the error of a broken callback. */
  readonly signal: AbortSignal;
}

/**
 * One run: starts the lab, goes through the phases, stops everything in order, reads the disks, keeps the logs, and
 * removes what it started, whatever happens. Leaves `plan.json`, `history.jsonl` and `logs/` in the folder.
 *
 * @returns how the run ended; an error of the environment or of zonestorm is recorded as `broken` and thrown.
 */
export async function runScenario(options: RunScenarioOptions): Promise<RunEnd['outcome']> {
  const runId = randomBytes(4).toString('hex');
  await using history = await appendHistory(join(options.folder, 'history.jsonl'));
  let live: LiveState | null = null;
  const onRecord = (record: HistoryRecord): void => {
    history.append(record);
    live?.take(record);
    options.onRecord(record);
  };
  const end = (outcome: RunEnd['outcome'], reason: string | null): void =>
    onRecord({ kind: 'run.end', t: monotonicMs(), source: 'harness', outcome, reason });
  try {
    await using lab = await startLab(options, runId, onRecord);
    live = new LiveState(lab.plan);
    try {
      await conduct(lab, live, options, onRecord);
      end('completed', null);
      return 'completed';
    } finally {
      options.progress('keeping the logs, removing containers and networks');
      await keepLogs(options.docker, runId, join(options.folder, 'logs'));
    }
  } catch (error) {
    const { reason } = options.signal;
    if (reason === 'deadline' || reason === 'interrupted') {
      end(reason, null);
      return reason;
    }
    const cause = reason instanceof Error ? reason : (error as Error);
    end('broken', cause.stack ?? cause.message);
    throw cause;
  } finally {
    await clean(options.docker, runId);
    await options.docker
      .getContainer(reaperName(options.sessionLabels))
      .remove({ force: true })
      .catch(() => undefined);
  }
}

/** Claims an address block, writes the plan as it will be carried out, and starts the containers. */
async function startLab(
  options: RunScenarioOptions,
  runId: string,
  onRecord: (record: HistoryRecord) => void,
): Promise<Lab> {
  for (let attempt = 0; attempt < LIMITS.blockAttempts; attempt += 1) {
    const [block] = await freeBlocks(options.docker);
    if (block === undefined) break;
    const plan = relocate(options.plan, block);
    await writeFile(join(options.folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    if (attempt === 0) onRecord(await runStart(options, runId));
    try {
      return await Lab.start({ ...options, plan, runId, onRecord });
    } catch (error) {
      if (!(error instanceof SubnetTakenError)) throw error;
    }
  }
  throw new EnvironmentError(
    'no free address block in 198.18.0.0/15',
    '`zonestorm clean` removes what earlier runs left.',
  );
}

async function runStart(options: RunScenarioOptions, runId: string): Promise<HistoryRecord> {
  const { Version } = await options.docker.version();
  return {
    kind: 'run.start',
    t: monotonicMs(),
    source: 'harness',
    runId,
    wallClock: new Date().toISOString(),
    zonestorm: options.version,
    node: process.versions.node,
    engine: Version,
    kernel: release(),
    cpus: cpus().length,
    images: { ...options.images },
  };
}

/** The measured part, and after it everything that needs the containers' disks. */
async function conduct(
  lab: Lab,
  live: LiveState,
  options: RunScenarioOptions,
  onRecord: (record: HistoryRecord) => void,
): Promise<void> {
  const { plan } = lab;
  const clients = lab.withRole('app').map((app) => {
    const zone = plan.containers.find((one) => one.id === app)?.zone ?? '';
    const port = lab.hostPort(`host->${app}@primary`);
    return new AppClient({ zone, app, port, load: plan.load, seed: plan.seed, onRecord });
  });
  const trouble = (error: Error): void => options.progress(`sampling: ${error.message}`);
  try {
    using _sampler = new Sampler(lab.routers, onRecord, trouble);
    for (const client of clients) client.start();
    await runPhases(plan.phases, { target: lab, live, onRecord, signal: options.signal });
  } finally {
    await Promise.all(clients.map((client) => client.stop({ atOnce: options.signal.aborted })));
  }
  options.progress('stopping the load, then the storage');
  await lab.stop(lab.withRole('instances', 'app'));
  await lab.stop(lab.withRole('node'));
  await lab.stop(lab.withRole('control-plane'));
  options.progress('reading every replica from disk');
  await readDisks(lab, { image: options.images.fixtures, sessionLabels: options.sessionLabels, onRecord });
}
