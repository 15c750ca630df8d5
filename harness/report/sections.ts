import { ALL_CALLS } from '../measure/api.ts';
import type { Operations } from '../measure/operations.ts';
import { fewIds } from '../measure/trigger.ts';
import { applicationLabel } from './application-label.ts';
import { availabilityInterval } from './availability-interval.ts';
import { crashRows } from './crash-rows.ts';
import { databaseRows } from './database-rows.ts';
import { historyRows } from './history-rows.ts';
import { ledgerRows } from './ledger-rows.ts';
import { multiZoneRows } from './multi-zone-rows.ts';
import { bytes, count, integer, megabits, milliseconds, number, percent, percentOr, seconds } from './numbers.ts';
import { operatorRows } from './operator-rows.ts';
import type { Result } from './result-schema.ts';
import { type Row, SECTION_TITLES, type Section, type SectionTitle } from './section.ts';
import { environmentRows, parameterRows } from './setting-rows.ts';
import { snapshotRows } from './snapshot-rows.ts';
import { besideRows, expectationRows, loopRows } from './story-rows.ts';

/** Everything that an output shows below its verdict; terminal, `summary.md` and `report.html` are made from this list. */
export function sectionsOf(result: Result): readonly Section[] {
  const { operator, databases, multiZone } = result;
  const rows: Readonly<Record<SectionTitle, readonly Row[]>> = {
    Expectations: expectationRows(result),
    'The loop': loopRows(result),
    'Beside the event': besideRows(result),
    Storm: stormRows(result),
    Dose: doseRows(result),
    Fabric: fabricRows(result),
    Agreement: agreementRows(result),
    Applications: applicationRows(result),
    'Block I/O of the instances': blockIoRows(result),
    'Control plane': [...controlPlaneRows(result.controlPlane), ...snapshotRows(result)],
    Operator: operator.actions.length === 0 ? [] : operatorRows(result),
    Databases: databases.zones.length === 0 ? [] : databaseRows(databases),
    'Multi-zone databases': multiZone === undefined || multiZone.pairs.length === 0 ? [] : multiZoneRows(multiZone),
    Ledger: ledgerRows(result),
    History: historyRows(result),
    Validity: validityRows(result),
    Parameters: parameterRows(result),
    Environment: environmentRows(result),
  };
  return SECTION_TITLES.map((title) => ({ title, rows: rows[title] })).filter((section) => section.rows.length > 0);
}

function stormRows(result: Result): readonly Row[] {
  const { storm, loss, search, copy, elections, dose } = result;
  const depth = storm.stuckShareAt10s;
  const predicted = storm.predictedStuckShare;
  const rows: Row[] = [
    ['partners lost (D) of volumes (V)', `${loss.volumesLosingPartner} of ${loss.volumes}`],
    [
      'free slots before (F)',
      loss.freeSlotsBefore === null ? orReason(loss.freeSlotsBeforeReason) : `${loss.freeSlotsBefore}`,
    ],
    ['stuck 10 s after the trigger', depth === null ? orReason(storm.stuckShareAt10sReason) : stuck(depth, predicted)],
    ['stuck at most', `${storm.peakStuckVolumes} by the instances, ${storm.peakStuckVolumesByNodes} by the nodes`],
    ['until under 1 % are stuck', lasted(storm.stormSeconds, storm.stormHeldSeconds, storm.stormSecondsReason)],
    ['the same by the nodes', storm.stormSecondsByNodes === null ? '–' : seconds(storm.stormSecondsByNodes)],
    ['until all are mirrored', lasted(storm.mirroredSeconds, storm.mirroredHeldSeconds, storm.mirroredSecondsReason)],
    [
      'nodes lost to a peer',
      `${loss.nodesLost}, in ${count(loss.pairsLost, 'pair')}; longest silence ${milliseconds(loss.longestSilenceMs)}`,
    ],
    ['search attempts', searched(search)],
    ['copied', copied(copy)],
    ['elections', `${elections.elected} elected, ${elections.promoted} promoted, ${elections.confirmed} confirmed`],
    ['slots held by old copies', `at most ${storm.peakHeldSlots}`],
    ...crashRows(result),
  ];
  for (const zone of storm.elsewhere) {
    rows.push([
      `${zone.zone}, ${dose.zones?.includes(zone.zone) ? 'a fault aimed there too' : 'no fault there'}`,
      `${zone.peakUnmirroredVolumes} of ${zone.volumes} unmirrored, ${zone.peakStuckVolumes} stuck`,
    ]);
  }
  return rows;
}

const orReason = (reason: string | null): string => `– (${reason ?? 'not measured'})`;

const stuck = (share: number, predicted: number | null): string =>
  `${percent(share)}${predicted === null ? '' : `; (D − F) / V is ${percent(predicted)}`}`;

const lasted = (value: number | null, held: number | null, reason: string | null): string =>
  value === null ? orReason(reason) : `${seconds(value)}${held === null ? '' : `, held for ${seconds(held)}`}`;

function searched({ attempts, peakPerSecond, refusedShare, amplification }: Result['search']): string {
  if (attempts === 0) return '0';
  const parts = [integer(attempts), `peak ${number(peakPerSecond)}/s`, `${percentOr(refusedShare)} refused`];
  return [...parts, ...(amplification === null ? [] : [`${number(amplification)} per lost partner`])].join(', ');
}

function copied({ bytesResynced, copyMbit, shareOfResidual, reason }: Result['copy']): string {
  if (copyMbit === null) return `${bytes(bytesResynced)} (${reason ?? ''})`;
  return `${bytes(bytesResynced)} at ${megabits(copyMbit)}, ${percentOr(shareOfResidual)} of the capacity left for it`;
}

/** Most faults that have a row of their own; of more, those that went wrong come first. */
const FAULTS_MAX = 6;

function faultRows({ faults, measurements }: Result['dose']): Row[] {
  const times = Map.groupBy(measurements.filter(isTime), ({ fault }) => fault);
  const isInTime = (id: string): boolean => (times.get(id) ?? []).every((one) => !isOff(one));
  const isWell = ({ id, applied, reverted, failure }: (typeof faults)[number]) =>
    applied && reverted && failure === null && isInTime(id);
  const sorted =
    faults.length <= FAULTS_MAX ? faults : faults.toSorted((a, b) => Number(isWell(a)) - Number(isWell(b)));
  const rows = sorted.slice(0, FAULTS_MAX).map(({ id, applied, reverted, failure }): Row => {
    const done = failure ?? `${applied ? 'applied' : 'never applied'}, ${reverted ? 'reverted' : 'not reverted'}`;
    return [id, [done, ...(times.get(id) ?? []).map(timeText)].join('; ')];
  });
  const rest = sorted.slice(FAULTS_MAX);
  if (rest.length === 0) return rows;
  const unwell = rest.filter((fault) => !isWell(fault)).length;
  const inTime = times.size === 0 ? '' : ' in time';
  const how =
    unwell === 0 ? `all applied and reverted${inTime}` : `${unwell} of them not applied and reverted${inTime}`;
  return [...rows, [`and ${rest.length} more`, how]];
}

type Measured = Result['dose']['measurements'][number];

/** When a fault began, or how long it was in force. */
const isTime = ({ allowed }: Measured): boolean => allowed !== undefined;

const isOff = ({ asked, measured, allowed }: Measured): boolean =>
  asked !== null && (measured === null || Math.abs(measured - asked) > (allowed ?? 0));

function timeText(one: Measured): string {
  const { what, asked, measured } = one;
  const words = what === 'begin' ? 'began at' : 'in force for';
  const off = isOff(one) ? ', NOT AS ASKED' : '';
  return `${words} ${measured === null ? '–' : seconds(measured)}${asked === null ? '' : ` (asked ${seconds(asked)})`}${off}`;
}

function doseRows({ dose, trigger, queues, loss }: Result): readonly Row[] {
  const rows: Row[] = faultRows(dose);
  const skipped = Map.groupBy(dose.skipped ?? [], ({ phase }) => phase);
  for (const [phase, faults] of skipped) {
    rows.push([`skipped in ${phase}`, `${fewIds(faults.map(({ id }) => id))}: planned, and its phase ended first`]);
  }
  rows.push([
    'trigger',
    trigger.seconds === null ? orReason(trigger.secondsReason) : `${seconds(trigger.seconds)}, proved gone`,
  ]);
  if (dose.misroute !== null) {
    const { misroutedBytes, baselineBytes, receivedOverQueue, queueMbit, seconds: lasting } = dose.misroute;
    const { excessBytes, expectedBytes } = dose.misroute;
    const before = baselineBytes === null ? '' : ` (${bytes(baselineBytes)} in as long before)`;
    rows.push([
      'through the thin network',
      `${misroutedBytes === null ? '–' : bytes(misroutedBytes)} in ${seconds(lasting)}${before}`,
    ]);
    if (receivedOverQueue !== null) {
      rows.push(['nodes received ÷ queue sent', `${number(receivedOverQueue)} at ${megabits(queueMbit)}`]);
    } else if (excessBytes !== null && expectedBytes !== null) {
      rows.push(['beyond the baseline', `${bytes(excessBytes)}, the nodes usually receive ${bytes(expectedBytes)}`]);
    }
  }
  for (const { what, unit, asked, measured } of dose.measurements.filter((one) => !isTime(one))) {
    rows.push([what, `${number(measured)} ${unit}${asked === null ? '' : `, asked ${number(asked)}`}`]);
  }
  // A fault of the region has no zone: then those of the zone that everything is told of.
  const zones = dose.zones === undefined || dose.zones.length === 0 ? [loss.zone] : dose.zones;
  for (const queue of queues.filter(({ zone, faultMbit }) => faultMbit !== null && zones.includes(zone))) {
    const rates = [queue.baselineMbit, queue.faultMbit, queue.afterMbit].map((rate) => rate?.toFixed(1) ?? '–');
    rows.push([queue.router, `${rates.join(' → ')} of ${queue.capacityMbit} Mbit/s, ${integer(queue.drops)} drops`]);
  }
  return rows;
}

function fabricRows({ fabric }: Result): readonly Row[] {
  const rows: Row[] = [];
  if (fabric.shaping === 'toxiproxy') {
    rows.push(['capacities', `by Toxiproxy’s rates, shared over live connections (${fabric.shapingReason ?? ''})`]);
  }
  for (const path of fabric.paths) {
    const carried = path.receivedMbit === null ? orReason(path.reason) : `${number(path.receivedMbit)} Mbit/s before`;
    const rtt = `round trip ${milliseconds(path.rttP50Ms)} idle, ${milliseconds(path.measuredRttP50Ms)} in the run`;
    rows.push([
      `${path.router}, asked ${path.askedMbit}`,
      `${carried}; ${rtt} (p99 ${milliseconds(path.measuredRttP99Ms)})`,
    ]);
  }
  // What was not as asked first, then what nobody could tell, and what was excused last.
  const rank = ({ holds, missing }: (typeof fabric.experiences)[number]): number =>
    holds === false ? 0 : missing !== undefined ? 1 : holds === true ? 2 : 3;
  const worst = fabric.experiences.toSorted((a, b) => rank(a) - rank(b));
  for (const seen of worst.slice(0, FAULTS_MAX)) {
    const as =
      seen.holds === null
        ? `not judged (${seen.reason ?? 'too little seen'})`
        : seen.holds
          ? 'as asked'
          : 'NOT AS ASKED';
    const added = seen.askedAddedRttMs === null ? '' : `, ${milliseconds(seen.addedRttMs)} longer`;
    rows.push([
      `${seen.fault} on ${seen.link}`,
      `open: ${seen.seenOpen ?? '–'}, new: ${seen.seenFresh ?? '–'}${added}: ${as}`,
    ]);
  }
  const { unwitnessed } = fabric;
  if (unwitnessed !== undefined && unwitnessed.length > 0) {
    rows.push(['without a witness', `${fewIds(unwitnessed)}: what connections saw is not known`]);
  }
  for (const held of fabric.capacities.slice(0, FAULTS_MAX)) {
    const { fault, what, askedMbit, measuredMbit, firstSecondMbit, reached, reason } = held;
    const how = reached === true ? 'filled' : 'at most';
    const seen = measuredMbit === null ? orReason(reason ?? null) : `${number(measuredMbit)} Mbit/s ${how}`;
    const first = firstSecondMbit === undefined ? '' : `; ${number(firstSecondMbit)} in its first second`;
    rows.push([`${fault}: ${what}`, `${seen}, asked ${number(askedMbit)}${first}`]);
  }
  rows.push(['links that no byte crossed', silentLinksText(fabric)]);
  if (fabric.replacedRouters.length > 0) {
    rows.push(['routers replaced', fabric.replacedRouters.map(({ router }) => router).join(', ')]);
  }
  const left = fabric.leftBehind;
  rows.push([
    'read back at the end',
    left === null ? '–' : left.length === 0 ? 'everything as at the start' : left.join('; '),
  ]);
  return rows;
}

function silentLinksText({ silentLinks, silentLinksReason, linksTotal }: Result['fabric']): string {
  if (silentLinks === null) return orReason(silentLinksReason);
  if (silentLinks.length === 0) return `none of ${linksTotal}`;
  const shown = silentLinks.slice(0, 4).join(', ');
  return `${silentLinks.length} of ${linksTotal}: ${shown}${silentLinks.length > 4 ? ', …' : ''}`;
}

const agreementRows = ({ agreement }: Result): readonly Row[] =>
  agreement.map(({ what, oneValue, otherValue, agree, reason }) => {
    const word = agree === null ? `not compared (${reason ?? 'a value is missing'})` : agree ? 'agree' : 'DISAGREE';
    return [what, `${number(oneValue)} and ${number(otherValue)}: ${word}`];
  });

const applicationRows = ({ applications }: Result): readonly Row[] =>
  applications.flatMap((entry) => overall(`${applicationLabel(entry, applications)} application`, entry.periods));

const blockIoRows = ({ blockIo }: Result): readonly Row[] =>
  blockIo.flatMap(({ zone, volumes, periods }) =>
    overall(`${zone} block I/O${volumes === 'all' ? '' : `, ${volumes}`}`, periods),
  );

/** Of all periods the first, which is the whole run. */
const overall = (label: string, [first]: readonly Operations[]): readonly Row[] =>
  first === undefined ? [] : [[label, operations(first)]];

function operations({ offered, ok, availability, latency, ...rest }: Operations): string {
  if (availability === null) return 'nothing was offered';
  const interval = availabilityInterval(rest);
  const p50 = milliseconds(latency.p50Ms, latency.p50AtLeast);
  const p99 = milliseconds(latency.p99Ms, latency.p99AtLeast);
  return `${percent(availability)} (${interval}), ${integer(ok)} of ${integer(offered)}; p50 ${p50}, p99 ${p99}`;
}

function controlPlaneRows(control: Result['controlPlane']): readonly Row[] {
  if (control.reason !== null) return [['not measured', control.reason]];
  const { busyPeak, queueMaxSeconds, queuedPeak, storeMaxSeconds, served, expired, dropped, refused, pools } = control;
  const workers = pools.reduce((sum, pool) => sum + pool.workers, 0);
  const rows: Row[] = [
    ['workers busy at once', `at most ${number(busyPeak)}${workers === 0 ? '' : ` of ${workers}`}`],
    [
      'waited for a worker',
      `at most ${seconds(queueMaxSeconds ?? 0)}, at most ${count(queuedPeak ?? 0, 'call')} at once`,
    ],
  ];
  if (storeMaxSeconds !== null) rows.push(['longest operation of the store', seconds(storeMaxSeconds)]);
  if (pools.length > 1) {
    for (const { name, workers: own, busyPeak: busy, queueMaxSeconds: waited } of pools) {
      rows.push([`workers: ${name}`, `at most ${busy} of ${own} busy, waited for at most ${seconds(waited)}`]);
    }
  }
  const inVain = expired === null ? '' : `, ${integer(expired)} after the caller had given up`;
  rows.push(['calls served', `${integer(served ?? 0)}${inVain}`]);
  if ((dropped ?? 0) + (refused ?? 0) > 0) {
    rows.push(['calls not worked on', `${integer(refused ?? 0)} refused, ${integer(dropped ?? 0)} left alone`]);
  }
  for (const {
    zone,
    operation,
    periods: [overall],
  } of control.nodeCalls) {
    if (operation !== 'elections' || overall === undefined || overall.offered === 0) continue;
    rows.push([`elections, by ${zone}’s nodes`, operations(overall)]);
  }
  for (const {
    zone,
    call,
    periods: [overall],
  } of control.api) {
    if (overall === undefined || overall.offered === 0) continue;
    rows.push([`API, ${zone}${call === ALL_CALLS ? '' : `: ${call}`}`, operations(overall)]);
  }
  return rows;
}

function validityRows({ machine }: Result): readonly Row[] {
  const lags = machine.lag.filter((entry) => entry.p99Ms !== null);
  const worst = lags.toSorted((a, b) => (b.p99Ms ?? 0) - (a.p99Ms ?? 0))[0];
  const silent = machine.silent.map(({ container, seconds: gap }) => `${container} for ${seconds(gap)}`);
  return [
    [
      'CPU of the machine',
      `median ${percentOr(machine.cpuMedianShare)}, p95 ${percentOr(machine.cpuP95Share)} (limit 70 %)`,
    ],
    [
      'worst event-loop lag, p99',
      worst === undefined ? '–' : `${milliseconds(worst.p99Ms)} in ${worst.who} (limit 50 ms)`,
    ],
    ['silent for over 2 s', silent.length === 0 ? 'nobody' : silent.join(', ')],
  ];
}
