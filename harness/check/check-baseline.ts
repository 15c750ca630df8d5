import { ALL_CALLS } from '../measure/api.ts';
import { applicationsOf, requestsOf } from '../measure/application.ts';
import { atSeconds, type Window } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** Fewer requests of an application than this cannot say anything about its availability. */
const FEWEST_REQUESTS = 100;

/** Before the fault everything worked; else what follows cannot be the fault's doing. */
export function checkBaseline({
  frame,
  loss,
  applications,
  blockIo,
  controlPlane,
  databases,
  multiZone,
}: Measurements): readonly Problem[] {
  const problems: string[] = [];
  const { plan, measured, trigger, touchedT, phases } = frame;
  const [first] = phases;
  const end = trigger.startT === null ? (first?.endT ?? measured.endT) : touchedT;
  const baseline: Window = { startT: measured.startT, endT: end };
  const inBaseline = (t: number) => t >= baseline.startT && t < baseline.endT;
  const hasRole = (zone: string, role: 'instances' | 'users') =>
    plan.containers.some((container) => container.zone === zone && container.role === role);

  for (const { id } of plan.zones) {
    for (const { id: app, label } of applicationsOf(frame).filter((application) => application.zone === id)) {
      const offered = applications.find((application) => application.app === app)?.periods[0]?.offered ?? 0;
      const answered = requestsOf(frame, app).some(({ outcome, intended }) => outcome === 'ok' && inBaseline(intended));
      if (plan.load.appRequestsPerSecond === 0) continue;
      if (!answered) problems.push(`${label}: no request was answered in the baseline`);
      else if (offered < FEWEST_REQUESTS) {
        problems.push(`${label}: only ${offered} requests in all, ${FEWEST_REQUESTS} are needed`);
      }
    }
    const io = blockIo.find((entry) => entry.zone === id && entry.volumes === 'all');
    const firstPeriod = io?.periods.find((period) => period.period === first?.name);
    if (hasRole(id, 'instances') && (firstPeriod?.ok ?? 0) === 0) {
      problems.push(`${id}: no block I/O succeeded in the baseline`);
    }
    const calls = controlPlane.api.find((entry) => entry.zone === id && entry.call === ALL_CALLS);
    const firstCalls = calls?.periods.find((period) => period.period === first?.name);
    if (hasRole(id, 'users') && (firstCalls?.ok ?? 0) === 0) {
      problems.push(`${id}: no call to the API succeeded in the baseline`);
    }
  }
  for (const { zone, periods } of databases.result.zones) {
    const firstTransactions = periods.find((period) => period.period === first?.name);
    if ((firstTransactions?.ok ?? 0) === 0) problems.push(`${zone}: no transaction was committed in the baseline`);
  }
  const firstOfPairs = multiZone.periods.find((period) => period.period === first?.name);
  if (multiZone.pairs.length > 0 && (firstOfPairs?.ok ?? 0) === 0) {
    problems.push('no transaction of a multi-zone database was committed in the baseline');
  }
  const tooSoon = new Set(
    multiZone.events
      .filter(({ atSeconds: at, event }) => at < atSeconds(frame, touchedT) && (event === 'parted' || event === 'hung'))
      .map(({ database }) => database),
  );
  if (trigger.startT !== null && tooSoon.size > 0) {
    problems.push(`parted or in trouble before the fault: ${[...tooSoon].join(', ')}`);
  }
  const { appRequestsPerSecond } = plan.load;
  if (!plan.containers.some(({ role }) => (role === 'app' && appRequestsPerSecond > 0) || role === 'instances')) {
    problems.push('nothing was asked of the system under test, so nothing worked in the baseline');
  }
  if (trigger.startT !== null && loss.lossesBefore > 0) {
    problems.push(`${loss.lossesBefore} partners were lost before the fault`);
  }
  return problems.map((what) => ({ check: 'baseline', what }));
}
