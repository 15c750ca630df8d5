import { checkRun } from '../check/check-run.ts';
import type { HistoryRecord } from '../history/records.ts';
import { atSeconds, type Frame } from '../measure/frame.ts';
import { type Measurements, measureRun } from '../measure/measure-run.ts';
import { toSeconds } from '../measure/rounding.ts';
import { describeTrigger } from '../measure/trigger.ts';
import type { Plan } from '../scenario/plan.ts';
import { besideEvent } from './beside-event.ts';
import type { Result } from './result-schema.ts';
import { whatHappened } from './what-happened.ts';

/**
 * A run's result, from its plan and its records alone: the same two give the same result, byte for byte, whenever
 * and wherever. `notes`: what reading the history left out.
 */
export function analyze(plan: Plan, records: Iterable<HistoryRecord>, notes: readonly string[] = []): Result {
  const measurements = measureRun(plan, records);
  const { verdict, expectations } = checkRun(measurements);
  const { scenario, preset, seed, overrides } = plan;
  const beside = besideEvent(measurements);
  const { frame, storm, loss, search, copy, elections, controlPlane, dose, fabric, ledger, machine, series } =
    measurements;
  return {
    schemaVersion: 2,
    run: describeRun(frame, notes),
    scenario: { name: scenario.name, title: scenario.title, preset, seed, overrides: { ...overrides } },
    verdict: { outcome: verdict.outcome, problems: [...verdict.problems] },
    whatHappened: [...whatHappened(measurements)],
    expectations: [...expectations],
    history: measurements.recorded,
    phases: describePhases(measurements),
    trigger: describeTrigger(frame.trigger),
    loss,
    storm: storm.result,
    ...(beside === undefined ? {} : { besideTheEvent: beside }),
    search,
    crashes: measurements.crashes,
    copy,
    elections,
    controlPlane,
    operator: measurements.operator,
    snapshots: measurements.snapshots,
    dose,
    fabric,
    agreement: [...measurements.agreement],
    queues: [...measurements.queues],
    applications: [...measurements.applications],
    blockIo: [...measurements.blockIo],
    databases: measurements.databases.result,
    multiZone: measurements.multiZone,
    ledger,
    machine,
    parameters: [...plan.parameters],
    environment: describeEnvironment(frame),
    series,
  };
}

function describeRun(frame: Frame, notes: readonly string[]): Result['run'] {
  const start = frame.history.of('run.start')[0];
  const end = frame.history.of('run.end').at(-1);
  return {
    id: start?.runId ?? null,
    startedAt: start?.wallClock ?? null,
    outcome: end?.outcome ?? null,
    outcomeReason: end?.reason ?? null,
    measuredSeconds: toSeconds(frame.measured.endT - frame.measured.startT),
    notes: [...notes],
  };
}

function describePhases({ frame }: Measurements): Result['phases'] {
  return frame.phases.map(({ name, startT, endT }) => ({
    name,
    fromSeconds: atSeconds(frame, startT),
    toSeconds: atSeconds(frame, endT),
    faults: frame.plan.phases.find((phase) => phase.name === name)?.faults.map((fault) => fault.id) ?? [],
  }));
}

function describeEnvironment(frame: Frame): Result['environment'] {
  const start = frame.history.of('run.start')[0];
  if (start === undefined) return null;
  const { zonestorm, node, engine, kernel, cpus, images } = start;
  return { zonestorm, node, engine, kernel, cpus, images: { ...images } };
}
