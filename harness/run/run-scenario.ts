import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { cpus, release } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { Shaping } from '../fabric/router.ts';
import { appendHistory } from '../history/append-history.ts';
import { type HistoryRecord, RECORDS_VERSION, type RunEnd } from '../history/records.ts';
import { chooseShaping, type ShapingChoice } from '../lab/choose-shaping.ts';
import { clean, requireGone } from '../lab/clean.ts';
import { Stop } from '../lab/engine/bounded-calls.ts';
import type { EngineIdentity } from '../lab/engine/identity.ts';
import { standingOf } from '../lab/engine/known-engines.ts';
import { EngineWatch, engineGone } from '../lab/engine/watch-engine.ts';
import { EnvironmentError } from '../lab/environment-error.ts';
import { Journal } from '../lab/journal.ts';
import { Lab, type LabImages } from '../lab/lab.ts';
import { aboutLeft } from '../lab/left.ts';
import { LIMITS } from '../lab/limits.ts';
import { freeBlocks } from '../lab/networks/address-block.ts';
import { SubnetTakenError } from '../lab/networks/create-networks.ts';
import { requireForwarding } from '../lab/networks/forwarding.ts';
import { reaperName } from '../lab/session.ts';
import { AppClient } from '../load/app-client.ts';
import { HOST } from '../scenario/lay-out.ts';
import { MULTI_ZONE_ROLES, type Plan } from '../scenario/plan.ts';
import { relocate } from '../scenario/relocate.ts';
import { allEnded } from '../time/all-ended.ts';
import { withDeadline } from '../time/deadline.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { awaitRest } from './await-rest.ts';
import { keepLogs } from './keep-logs.ts';
import { LiveState } from './live-state.ts';
import { observeFirst } from './observe-first.ts';
import { listenForOperators } from './operate-socket.ts';
import { Operator } from './operator.ts';
import { readDisks } from './read-disks.ts';
import { runPhases, unableFaults } from './run-phases.ts';
import { Sampler } from './sampler.ts';
import { verifyRest } from './verify-rest.ts';

export interface RunScenarioOptions {
  readonly docker: Docker;
  /** Which one that is, for whoever finds the run's journal. */
  readonly engine: EngineIdentity;
  readonly plan: Plan;
  readonly folder: string;
  readonly images: LabImages;
  /** `null`: the kernel's queue where it can be had. */
  readonly shaping: Shaping | null;
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
export async function runScenario(asked: RunScenarioOptions): Promise<RunEnd['outcome']> {
  const runId = randomBytes(4).toString('hex');
  await using history = await appendHistory(join(asked.folder, 'history.jsonl'));
  let live: LiveState | null = null;
  let over = false;
  const onRecord = (record: HistoryRecord): void => {
    // What still waited for a dead engine when it was given up may wake later.
    if (over) return;
    history.append(record);
    live?.take(record);
    asked.onRecord(record);
  };
  const end = (outcome: RunEnd['outcome'], reason: string | null): void =>
    onRecord({ kind: 'run.end', t: monotonicMs(), source: 'harness', outcome, reason });
  using journal = new Journal(runId, asked.engine);
  using watch = new EngineWatch(asked.docker);
  const { gone } = watch;
  const options = { ...asked, gone, signal: AbortSignal.any([asked.signal, gone]) };
  let cause: unknown = null;
  const carryOut = async (): Promise<RunEnd['outcome']> => {
    const lab = await startLab(options, runId, onRecord);
    live = new LiveState(lab.plan);
    try {
      refuseUnable(lab);
      await conduct(lab, live, journal, options, onRecord);
      end('completed', null);
      return 'completed';
    } catch (error) {
      // What fails while the lab is removed, or an interrupt by then, is not why the run ended.
      cause = options.signal.reason ?? error;
      throw error;
    } finally {
      options.progress('keeping the logs, removing containers and networks');
      const kept = keepLogs(options.docker, runId, join(options.folder, 'logs'));
      // Logs that cannot be had are no reason to hide why the run ended.
      await withDeadline(kept, LIMITS.logsMs, 'the logs', gone).catch((error: Error) =>
        options.progress(error.message),
      );
      await lab.remove();
    }
  };
  let outcome: RunEnd['outcome'] = 'broken';
  let broken: Error | null = null;
  try {
    outcome = await untilGone(carryOut(), gone);
  } catch (error) {
    cause ??= options.signal.reason ?? error;
    if (cause === 'deadline' || cause === 'interrupted') outcome = cause;
    else broken = await whoseFault(cause as Error, watch);
    const reason = broken === null ? null : (broken.stack ?? broken.message);
    // On a full disk this fails too: what the run started is removed nevertheless.
    const unrecorded = errorOf(() => end(outcome, reason));
    broken ??= unrecorded;
  }
  over = true;
  const left = await leftBy(removeAll(options, runId, journal, watch));
  if (left !== null) {
    const reason = [broken, left].flatMap((error) => (error === null ? [] : [error.message])).join('\nThen: ');
    errorOf(() => history.append({ kind: 'run.end', t: monotonicMs(), source: 'harness', outcome: 'broken', reason }));
  }
  const errors = [broken, left].filter((error) => error !== null);
  const [first] = errors;
  if (first === undefined) return outcome;
  // Why the run broke is told first; what its removal met with does not replace it.
  throw errors.length === 1 ? first : new AggregateError(errors, first.message);
}

/** What a call throws; `null`: nothing. */
function errorOf(call: () => void): Error | null {
  try {
    call();
    return null;
  } catch (error) {
    return error as Error;
  }
}

/** Why the removal failed; `null`: nothing is left. */
const leftBy = (removal: Promise<void>): Promise<Error | null> =>
  removal.then(
    () => null,
    (error: Error) => error,
  );

/** What the work comes to; once the engine is gone, it has so long to put back what it can without it. */
async function untilGone<T>(work: Promise<T>, gone: AbortSignal): Promise<T> {
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => reject(gone.reason as Error), LIMITS.putBackMs);
  };
  gone.addEventListener('abort', wait, { once: true });
  try {
    return await Promise.race([work, givenUp]);
  } finally {
    gone.removeEventListener('abort', wait);
    clearTimeout(timer);
  }
}

/** Whatever failed after the engine did not answer failed because of that; other errors stay what they are. */
async function whoseFault(cause: Error, watch: EngineWatch): Promise<Error> {
  if (cause instanceof EnvironmentError) return cause;
  const there = await watch.answers();
  return there && watch.missed === null ? cause : engineGone(watch.missed, cause);
}

/** Everything of the run, and then its journal; read back, not assumed. */
async function removeAll(
  options: RunScenarioOptions,
  runId: string,
  journal: Journal,
  watch: EngineWatch,
): Promise<void> {
  const { docker, sessionLabels } = options;
  try {
    if (!(await watch.answers())) throw engineGone(watch.missed);
    // It may have come back; if it has not, that has just taken its time.
    const gone = watch.gone.aborted ? undefined : watch.gone;
    const cleaned = clean(docker, runId);
    const { left } = await withDeadline(cleaned, LIMITS.cleanMs, 'the removal of what the run started', gone);
    await requireGone(docker, runId, left);
    if (left.length > 0) options.progress(aboutLeft(left));
  } catch (error) {
    const faults = journal.inForce.map(({ id, description }) => `\n  ${id}: ${description}`).join('');
    throw new EnvironmentError(
      `what run ${runId} started could not be removed: ${(error as Error).message}` +
        (faults === '' ? '' : `\nFaults that are still in force:${faults}`),
      'When the engine answers again, `zonestorm clean` puts all of it back, and so does the next run. Until then it ' +
        `stands in ${journal.path}.`,
      { cause: error },
    );
  }
  await journal.finish();
  await docker
    .getContainer(reaperName(sessionLabels))
    .remove({ force: true })
    .catch(() => undefined);
}

/** @throws EnvironmentError when a fault of the plan cannot be carried out here. */
function refuseUnable(lab: Lab): void {
  const unable = unableFaults(lab.plan.phases, lab);
  if (unable.length === 0) return;
  throw new EnvironmentError(unable.join('; '), '`zonestorm doctor` says what this engine can do.');
}

/** Claims an address block, writes the plan as it will be carried out, and starts the containers. */
async function startLab(
  options: RunScenarioOptions,
  runId: string,
  onRecord: (record: HistoryRecord) => void,
): Promise<Lab> {
  const trial = await tryEngine(options, runId);
  const shaping: ShapingChoice =
    options.shaping === null || options.shaping === trial.shaping
      ? trial
      : options.shaping === 'toxiproxy'
        ? { shaping: 'toxiproxy', reason: 'asked for' }
        : trial;
  if (options.shaping === 'kernel' && trial.shaping !== 'kernel') {
    throw new EnvironmentError(
      `the kernel's queue was asked for: ${trial.reason}`,
      '`--shaping toxiproxy` does without.',
    );
  }
  const refused = new Set<string>();
  for (let attempt = 0; attempt < LIMITS.blockAttempts; attempt += 1) {
    const block = (await freeBlocks(options.docker)).find((free) => !refused.has(free));
    if (block === undefined) break;
    const plan = relocate(options.plan, block);
    await writeFile(join(options.folder, 'plan.json'), `${JSON.stringify(plan, null, 2)}\n`);
    if (attempt === 0) onRecord(await runStart(options, runId, shaping));
    try {
      return await Lab.start({ ...options, shaping, plan, runId, onRecord });
    } catch (error) {
      if (!(error instanceof SubnetTakenError)) throw error;
      // It may belong to a network that the engine is still making and does not list: under load, for seconds.
      refused.add(block);
    }
  }
  throw new EnvironmentError(
    'no free address block in 198.18.0.0/15',
    '`zonestorm clean` removes what earlier runs left.',
  );
}

/** What a run relies on is tried before its lab starts: that packets pass, and how capacities can be made. */
async function tryEngine(options: RunScenarioOptions, runId: string): Promise<ShapingChoice> {
  const { docker, images, sessionLabels } = options;
  const trial = { docker, image: images.runtime, runId, sessionLabels };
  using stop = new Stop(options.signal, [docker]);
  const [shaping] = await allEnded([stop.during(chooseShaping(trial)), stop.during(requireForwarding(trial))]);
  return shaping;
}

async function runStart(options: RunScenarioOptions, runId: string, shaping: ShapingChoice): Promise<HistoryRecord> {
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
    engineStanding: standingOf(Version).how,
    kernel: release(),
    cpus: cpus().length,
    images: { ...options.images },
    shaping: shaping.shaping,
    shapingReason: shaping.reason,
    records: RECORDS_VERSION,
  };
}

/** The measured part, and after it everything that needs the containers' disks. */
async function conduct(
  lab: Lab,
  live: LiveState,
  journal: Journal,
  options: RunScenarioOptions & { readonly gone: AbortSignal },
  onRecord: (record: HistoryRecord) => void,
): Promise<void> {
  const { plan } = lab;
  const zoneOf = (container: string): string => plan.containers.find((one) => one.id === container)?.zone ?? '';
  const clients = lab.withRole('app').map((app) => {
    const zone = zoneOf(app);
    // Of several published ports the first is the one that its clients ask.
    const link = plan.links.find((one) => one.source === HOST && one.destination === app);
    const port = lab.hostPort(link?.id ?? `${HOST}->${app}`);
    const index = lab
      .withRole('app')
      .filter((one) => zoneOf(one) === zone)
      .indexOf(app);
    return new AppClient({ zone, app, index, port, load: plan.load, seed: plan.seed, onRecord });
  });
  const trouble = (error: Error): void => options.progress(`sampling: ${error.message}`);
  {
    // What goes wrong while they stop does not stand in the place of why the phases ended.
    await using _clients = {
      [Symbol.asyncDispose]: async () => {
        await Promise.all(clients.map((client) => client.stop({ atOnce: options.signal.aborted })));
      },
    };
    using _first = observeFirst();
    using _sampler = new Sampler(lab.routers, onRecord, trouble);
    for (const client of clients) client.start();
    const rests = await awaitRest(live, LIMITS.restMs, options.signal);
    if (!rests) options.progress(`the machine is still busy ${LIMITS.restMs / 1000} s after the start; the run begins`);
    const operator = new Operator({ plan, target: lab, onRecord, signal: options.signal });
    {
      await using _terminals = await listenForOperators(options.folder, operator);
      await runPhases(plan.phases, { target: lab, live, journal, operator, onRecord, signal: options.signal });
    }
    const problems = await verifyRest(lab);
    onRecord({ kind: 'final-state', t: monotonicMs(), source: 'harness', problems });
  }
  options.progress('stopping the load, then the storage');
  await lab.stop(lab.withRole('instances', 'app', 'users', 'databases', ...MULTI_ZONE_ROLES));
  await lab.stop(lab.withRole('node', 'spare'));
  await lab.stop(lab.withRole('control-plane', 'gauge'));
  await recordLinkBytes(lab, onRecord);
  options.progress('reading every replica from disk');
  await readDisks(lab, {
    image: options.images.fixtures,
    sessionLabels: options.sessionLabels,
    onRecord,
    gone: options.gone,
  });
}

/** All programs have ended, and with them every connection: Toxiproxy has added up what crossed each link. */
async function recordLinkBytes(lab: Lab, onRecord: (record: HistoryRecord) => void): Promise<void> {
  for (const router of lab.routers) {
    const bytes = await router.closedBytes();
    onRecord({ kind: 'links', t: monotonicMs(), source: router.id, bytes });
  }
}
