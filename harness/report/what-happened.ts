import type { Frame } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { faultWindow } from '../measure/queues.ts';
import { applicationLabel } from './application-label.ts';
import { count, percent, seconds } from './numbers.ts';

/** Two or three sentences made of this run's measured numbers, for somebody who sees nothing else of the report. */
export function whatHappened(measurements: Measurements): readonly string[] {
  const { history } = measurements.frame;
  const broke = history.of('run.end').at(-1)?.outcome === 'broken';
  // Of what was never looked at nothing is said, such as that nobody lost anything.
  if (broke && history.of('phase').length === 0) return ['The run broke before its first phase: nothing was measured.'];
  return [
    ...(broke ? ['The run broke; what was recorded by then stands here.'] : []),
    whatTheFaultDid(measurements),
    whatFollowed(measurements),
    ...whoCrashed(measurements),
  ];
}

function whatTheFaultDid({ frame, loss, search }: Measurements): string {
  const { trigger, zone } = frame;
  const lost =
    loss.volumesLosingPartner === 0
      ? `none of ${zone}’s ${loss.volumes} volumes lost its partner`
      : `${loss.volumesLosingPartner} of ${zone}’s ${loss.volumes} volumes lost their partner`;
  if (trigger.faults.length === 0 && trigger.skipped.length > 0) {
    const [only, ...more] = trigger.skipped.map(({ id }) => id);
    const skipped =
      more.length === 0
        ? `${only} was planned, and its phase`
        : `${count(more.length + 1, 'fault')} were planned, and their phases`;
    return `No fault was applied: ${skipped} ended first; ${lost}.`;
  }
  if (trigger.faults.length === 0) return `No fault was planned, and ${lost}.`;
  if (trigger.startT === null) return `The planned fault was never applied, and ${lost}.`;
  const known = trigger.endT === null ? 'For a time whose end was not proved' : lasting(frame);
  const faults = joined(fewDescriptions(trigger.faults.map((fault) => fault.description)));
  const pairs =
    loss.pairsLost === 0
      ? `no node lost another (longest silence ${seconds(loss.longestSilenceMs / 1000)})`
      : `${count(loss.pairsLost, 'pair')} of nodes lost one another`;
  const room =
    loss.volumesLosingPartner === 0 || loss.freeSlotsBefore === null
      ? ''
      : `, with ${count(loss.freeSlotsBefore, 'free slot')} for them and ${count(search.attempts, 'attempt')} to find one`;
  return `${known}, ${faults}: ${pairs}, and ${lost}${room}.`;
}

/** Of faults that come and go: `within`, as none of them need have lasted so long. */
function lasting(frame: Frame): string {
  const { startT, endT } = faultWindow(frame);
  return `${frame.trigger.faults.length === 1 ? 'For' : 'Within'} ${seconds((endT - startT) / 1000)}`;
}

const DESCRIPTIONS_MAX = 6;

/** Each description once, with how often; no more than a few, and how many faults are left out. */
export function fewDescriptions(descriptions: readonly string[]): readonly string[] {
  const times = Map.groupBy(descriptions, (description) => description);
  const shown = [...times].slice(0, DESCRIPTIONS_MAX);
  const left = descriptions.length - shown.reduce((sum, [, same]) => sum + same.length, 0);
  return [
    ...shown.map(([description, { length }]) => (length === 1 ? description : `${description} (${length} times)`)),
    ...(left === 0 ? [] : [`${left} more`]),
  ];
}

const joined = (parts: readonly string[]): string =>
  parts.length <= 2 ? parts.join(' and ') : `${parts.slice(0, -1).join('; ')}; and ${parts.at(-1)}`;

function whatFollowed({ frame, storm, applications }: Measurements): string {
  const answers = applications.map((application) => {
    const where = applicationLabel(application, applications);
    const [overall] = application.periods;
    return overall === undefined || overall.availability === null
      ? `${where} was asked nothing`
      : `${where} answered ${percent(overall.availability)} of ${count(overall.offered, 'request')}`;
  });
  const applicationsText = answers.length === 0 ? '' : `; the application in ${answers.join(', in ')}`;
  return `${capitalise(storminess(frame, storm))}${applicationsText}.`;
}

/** Nothing where nobody crashed. */
function whoCrashed({ crashes }: Measurements): readonly string[] {
  const { nodesCrashed, volumesDegraded, peakQuarantinedSlots, volumesUnrecoverable } = crashes;
  if (nodesCrashed === 0) return [];
  const times = crashes.crashes.map(({ node, atSeconds: at }) => `${node} after ${seconds(at)}`);
  const left =
    volumesUnrecoverable === 0
      ? 'every volume kept a confirmed replica elsewhere'
      : `${count(volumesUnrecoverable, 'volume')} had no confirmed replica elsewhere at the end`;
  return [
    `Closing many requests at once crashed ${count(nodesCrashed, 'node')} (${joined(fewDescriptions(times))}), ` +
      `which took ${count(peakQuarantinedSlots, 'slot')} and a replica of ${count(volumesDegraded, 'volume')}; ${left}.`,
  ];
}

function storminess(frame: Frame, { result }: Measurements['storm']): string {
  const { volumes, trigger } = frame;
  const of = `of ${volumes.length} volumes`;
  if (result.peakStuckVolumes === 0) return `no operation of the instances hung on any ${of}`;
  const peak = `at most ${result.peakStuckVolumes} ${of} were stuck at once`;
  if (trigger.endT === null) return peak;
  const depth =
    result.stuckShareAt10s === null
      ? peak
      : `ten seconds after the fault was proved gone ${percent(result.stuckShareAt10s)} ${of} were stuck`;
  if (result.stormSeconds !== null) return `${depth}, and it took ${seconds(result.stormSeconds)} until under 1 % were`;
  if (result.stormAtLeastSeconds === null) return depth;
  return `${depth}, and after ${seconds(result.stormAtLeastSeconds)}, when the measurement ended, under 1 % was not reached`;
}

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
