import type { Frame } from '../measure/frame.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { faultWindow } from '../measure/queues.ts';
import type { PlanFault } from '../scenario/plan.ts';
import { count, percent, seconds } from './numbers.ts';

/** Two sentences made of this run's measured numbers, for somebody who sees nothing else of the report. */
export const whatHappened = (measurements: Measurements): readonly [string, string] => [
  whatTheFaultDid(measurements),
  whatFollowed(measurements),
];

function whatTheFaultDid({ frame, loss, search }: Measurements): string {
  const { trigger, zone } = frame;
  const lost =
    loss.volumesLosingPartner === 0
      ? `none of ${zone}’s ${loss.volumes} volumes lost its partner`
      : `${loss.volumesLosingPartner} of ${zone}’s ${loss.volumes} volumes lost their partner`;
  if (trigger.faults.length === 0) return `No fault was planned, and ${lost}.`;
  if (trigger.startT === null) return `The planned fault was never applied, and ${lost}.`;
  const known = trigger.endT === null ? 'For a time whose end was not proved' : lasting(frame);
  const pairs =
    loss.pairsLost === 0
      ? `no node lost another (longest silence ${seconds(loss.longestSilenceMs / 1000)})`
      : `${count(loss.pairsLost, 'pair')} of nodes lost one another`;
  const room =
    loss.volumesLosingPartner === 0 || loss.freeSlotsBefore === null
      ? ''
      : `, with ${count(loss.freeSlotsBefore, 'free slot')} for them and ${count(search.attempts, 'attempt')} to find one`;
  return `${known}, ${trigger.faults.map((fault) => describeFault(frame, fault)).join(' and ')}: ${pairs}, and ${lost}${room}.`;
}

function lasting(frame: Frame): string {
  const { startT, endT } = faultWindow(frame);
  return `For ${seconds((endT - startT) / 1000)}`;
}

function describeFault(frame: Frame, fault: PlanFault): string {
  switch (fault.kind) {
    case 'misroute': {
      const router = frame.plan.routers.find((r) => r.zone === fault.zone && r.plane === 'replication');
      const capacity = router === undefined ? '' : ` of ${router.capacityMbit} Mbit/s`;
      const nodes = frame.plan.containers.filter((c) => c.zone === fault.zone && c.role === 'node').length;
      return `the bytes to ${fault.nodes.length} of ${nodes} nodes of ${fault.zone} took the replication network${capacity}`;
    }
    case 'cut':
      return `${count(fault.links.length, 'link')} ${fault.links.length === 1 ? 'was' : 'were'} cut`;
    case 'kill':
      return `${fault.containers.join(', ')} ${fault.containers.length === 1 ? 'was' : 'were'} down`;
  }
}

function whatFollowed({ frame, storm, applications }: Measurements): string {
  const answers = applications.map(({ zone, periods: [overall] }) =>
    overall === undefined || overall.availability === null
      ? `${zone} was asked nothing`
      : `${zone} answered ${percent(overall.availability)} of ${count(overall.offered, 'request')}`,
  );
  const applicationsText = answers.length === 0 ? '' : `; the application in ${answers.join(', in ')}`;
  return `${capitalise(storminess(frame, storm))}${applicationsText}.`;
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
