import { rmdir } from 'node:fs/promises';
import { Command, Option } from 'commander';
import type { Shaping } from '../fabric/router.ts';
import { Stop } from '../lab/engine/bounded-calls.ts';
import { putBackAbandoned } from '../lab/put-back-abandoned.ts';
import { requireSameNetwork } from '../lab/same-network.ts';
import { giveUpSession, startSession } from '../lab/session.ts';
import { removeOwnTrials, trialRun } from '../lab/trials.ts';
import { formatResult } from '../report/result-json.ts';
import { renderTerminal } from '../report/terminal.ts';
import { writeReports } from '../report/write-reports.ts';
import { runScenario } from '../run/run-scenario.ts';
import type { Plan } from '../scenario/plan.ts';
import { allEnded } from '../time/all-ended.ts';
import { EXIT, exitCodeOfVerdict } from './exit-code.ts';
import { LiveLine } from './live-line.ts';
import { type Prepared, prepareEngine } from './prepare-engine.ts';
import { progress } from './progress.ts';
import { hasHistory, reportBroken } from './report-broken.ts';
import { makeRunFolder } from './run-folder.ts';
import { parseTimeout, planOf, type ScenarioOptions, SHAPING, withScenarioOptions } from './scenario-options.ts';
import { VERSION } from './version.ts';

interface RunOptions extends ScenarioOptions {
  readonly out?: string;
  readonly json?: boolean;
  readonly yes?: boolean;
  readonly timeout: number;
  readonly shaping?: Shaping;
}

/** Runs a scenario on real containers, and measures, judges and reports what happened. */
export function runCommand(): Command {
  return withScenarioOptions(new Command('run'))
    .description('run a scenario on real containers and report what it did')
    .option('--out <dir>', "the run's folder, new or empty (default: below runs/)")
    .option('--json', 'result.json on stdout')
    .option('--yes', 'install and start an engine without asking')
    .addOption(new Option('--shaping <how>', SHAPING.description).choices(SHAPING.choices))
    .option('--timeout <seconds>', 'give up, revert and remove everything after so long', parseTimeout, 900)
    .action(run);
}

async function run(scenario: string, options: RunOptions): Promise<void> {
  const plan = await planOf(scenario, options);
  const abort = new AbortController();
  const interrupt = (): void => {
    progress('interrupted: putting everything back');
    abort.abort('interrupted');
  };
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  if (process.connected) {
    // A campaign's run, whose campaign may be gone, however it ended: then there is nobody to tell either.
    process.once('disconnect', interrupt);
    process.stderr.on('error', () => undefined);
  }
  // A bug in a callback ends the run like any other error: everything is put back first, then it is reported.
  // A second one changes nothing, and must not end the process before that.
  process.on('uncaughtException', (error) => abort.abort(error));
  const folder = await makeRunFolder(options.out, `${plan.scenario.name}-${plan.preset}-${plan.seed}`, new Date());
  const interrupted = await carryOut(plan, folder, options, abort).catch(async (error: unknown) => {
    // Ctrl-C also ends a build that is under way, which then fails.
    if (abort.signal.reason === 'interrupted' && !(await hasHistory(folder))) return true;
    await reportBroken(folder, plan, error);
    throw error;
  });
  if (interrupted) {
    await rmdir(folder).catch(() => undefined);
    process.exitCode = EXIT.interrupted;
    return;
  }
  const result = await writeReports(folder);
  process.stdout.write(options.json === true ? formatResult(result) : renderTerminal(result));
  progress(`report: ${folder}/report.html`);
  process.exitCode = exitCodeOfVerdict(result.verdict.outcome);
}

/** The run itself; whether it was interrupted. */
async function carryOut(plan: Plan, folder: string, options: RunOptions, abort: AbortController): Promise<boolean> {
  const prepared = await prepareEngine(options.yes === true, progress, abort.signal);
  if (abort.signal.reason === 'interrupted') return true;
  progress(`${plan.scenario.name}, preset ${plan.preset}, seed ${plan.seed}, folder ${folder}`);
  const sessionLabels = await begin(prepared, abort.signal);
  const deadline = setTimeout(() => abort.abort('deadline'), options.timeout * 1000);
  const live = new LiveLine(plan, process.stderr);
  try {
    const outcome = await runScenario({
      ...prepared,
      plan,
      shaping: options.shaping ?? null,
      folder,
      sessionLabels,
      version: VERSION,
      progress: (line) => live.interrupt(() => progress(line)),
      onRecord: (record) => live.take(record),
      signal: abort.signal,
    });
    if (outcome === 'interrupted') live.interrupt(() => progress('everything was reverted and removed'));
    return outcome === 'interrupted';
  } finally {
    clearTimeout(deadline);
    live.end();
  }
}

/** What is done before the run itself makes anything; returns the labels by which the reaper removes it. */
async function begin(prepared: Prepared, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  try {
    return await beginUntil(prepared, signal);
  } catch (error) {
    await giveUpSession(prepared.docker);
    await removeOwnTrials(prepared.docker);
    throw error;
  }
}

async function beginUntil(
  { docker, images, reaper }: Prepared,
  signal: AbortSignal,
): Promise<Readonly<Record<string, string>>> {
  using stop = new Stop(signal, [docker]);
  for (const { runId, faults } of await stop.during(putBackAbandoned(docker, progress))) {
    progress(
      `put back what run ${runId} had left: ${faults.map(({ id }) => id).join(', ') || 'no fault was in force'}`,
    );
  }
  // Side by side, as both take half a second. Where the first fails the second does, too, and says less.
  const trial = { docker, image: images.runtime, runId: trialRun() };
  const [, labels] = await allEnded([stop.during(requireSameNetwork(trial)), stop.during(startSession(reaper))]);
  return labels;
}
