import { apiCallsOf, isOpenLoop } from '../measure/api.ts';
import { applicationsOf, requestsOf } from '../measure/application.ts';
import { transactionsOf } from '../measure/databases.ts';
import { atSeconds, type Frame, type Window, within } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { transactionsOf as multiZoneTransactionsOf } from '../measure/multi-zone.ts';
import type { Operation } from '../measure/operations.ts';
import type { Problem } from './problem.ts';

/** Fewer requests of an application than this cannot say anything about its availability. */
const FEWEST_REQUESTS = 100;

/**
 * Before the fault everything worked; else what follows cannot be the fault's doing. What succeeded later in the first
 * phase, with a fault in it, says nothing of that.
 */
export function checkBaseline({ frame, loss, applications, databases, multiZone }: Measurements): readonly Problem[] {
  const problems: string[] = [];
  const { plan, measured, trigger, touchedT, phases } = frame;
  const [first] = phases;
  const end = trigger.startT === null ? (first?.endT ?? measured.endT) : touchedT;
  const baseline: Window = { startT: measured.startT, endT: end };
  const worked = (operations: readonly Operation[]) =>
    operations.some(({ outcome, intended }) => outcome === 'ok' && within(baseline, intended));
  const hasRole = (zone: string, role: 'instances' | 'users') =>
    plan.containers.some((container) => container.zone === zone && container.role === role);

  for (const { id } of plan.zones) {
    for (const { id: app, label } of applicationsOf(frame).filter((application) => application.zone === id)) {
      const offered = applications.find((application) => application.app === app)?.periods[0]?.offered ?? 0;
      if (plan.load.appRequestsPerSecond === 0) continue;
      if (!worked(requestsOf(frame, app))) problems.push(`${label}: no request was answered in the baseline`);
      else if (offered < FEWEST_REQUESTS) {
        problems.push(`${label}: only ${offered} requests in all, ${FEWEST_REQUESTS} are needed`);
      }
    }
    if (hasRole(id, 'instances') && !ioWorked(frame, id, baseline)) {
      problems.push(`${id}: no block I/O succeeded in the baseline`);
    }
    if (hasRole(id, 'users') && !worked(apiCallsOf(frame, id).filter(isOpenLoop))) {
      problems.push(`${id}: no call to the API succeeded in the baseline`);
    }
  }
  for (const { zone } of databases.result.zones) {
    if (!worked(transactionsOf(frame, zone))) problems.push(`${zone}: no transaction was committed in the baseline`);
  }
  if (multiZone.pairs.length > 0 && !worked(multiZoneTransactionsOf(frame))) {
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

/** Straight from the records, of which there are the most: there the first one answers as a rule. */
function ioWorked({ plan, history }: Frame, zone: string, window: Window): boolean {
  const volumes = new Set(plan.volumes.filter((volume) => volume.zone === zone).map(({ id }) => id));
  return history
    .of('io')
    .some(({ ops }) =>
      ops.some(
        ([volume, , intended, , outcome]) => outcome === 'ok' && within(window, intended) && volumes.has(volume),
      ),
    );
}
