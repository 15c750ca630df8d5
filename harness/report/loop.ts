import { count, integer, number, percent, seconds } from './numbers.ts';
import type { Result } from './result-schema.ts';

/** What the loop of 2011 goes through; each is a box of the figure. */
export const LOOP_STATES = {
  trigger: 'Partners are lost',
  full: 'The cluster is full',
  creations: 'Creations hang',
  workers: 'Workers are used up',
  confirmations: 'Elections fail',
  copies: 'Old copies are kept',
  search: 'Nodes search on',
  crashes: 'Nodes crash',
} as const;
export type LoopState = keyof typeof LOOP_STATES;

/** That one state led to the next, with this run's numbers; `happened` is false where this run did not have it. */
export interface LoopArrow {
  readonly from: LoopState;
  readonly to: LoopState;
  readonly happened: boolean;
  /** A few words each. */
  readonly lines: readonly string[];
}

/**
 * The loop that sustained the storm of 2011 (https://aws.amazon.com/message/65648/, which does not state it as one
 * chain) with what this run measured of each of its steps. Empty for a run in which no volume lost its partner.
 */
export function loopOf(result: Result): readonly LoopArrow[] {
  if (result.loss.volumesLosingPartner === 0) return [];
  const hang = creationsHang(result);
  const usedUp = workersUsedUp(result, hang.happened);
  const fail = electionsFail(result, usedUp.happened);
  return [
    partnersLost(result),
    hang,
    usedUp,
    fail,
    copiesKept(result, fail.happened),
    slotsHeld(result),
    searchGoesOn(result),
    nodesCrash(result),
    capacityGoes(result),
  ];
}

function partnersLost({ loss }: Result): LoopArrow {
  const free = loss.freeSlotsBefore === null ? [] : [`${count(loss.freeSlotsBefore, 'free slot')} for them`];
  const lost = `${loss.volumesLosingPartner} of ${count(loss.volumes, 'volume')} lost theirs`;
  return { from: 'trigger', to: 'full', happened: true, lines: [lost, ...free] };
}

/** Of the users in the fault's zone, whose creations need two of its slots. */
function creationsHang({ controlPlane, loss, series }: Result): LoopArrow {
  const { at, free } = series.freeSlots;
  const known = free.flatMap((slots, index) => (slots === null || (at[index] ?? -1) < 0 ? [] : [slots]));
  const fewest = known.length === 0 ? [] : [`fewest free slots: ${Math.min(...known)}`];
  const calls = controlPlane.api.find(({ zone, call }) => zone === loss.zone && call === 'createVolume')?.periods[0];
  const arrow = { from: 'full', to: 'creations' } as const;
  if (calls === undefined || calls.offered === 0) {
    return { ...arrow, happened: false, lines: [...fewest, 'nobody created volumes'] };
  }
  const answered = `${integer(calls.ok)} of ${count(calls.offered, 'creation')} answered`;
  return { ...arrow, happened: calls.ok < calls.offered, lines: [...fewest, answered] };
}

function workersUsedUp({ controlPlane, parameters }: Result, hang: boolean): LoopArrow {
  const { pools } = controlPlane;
  const [only] = pools;
  const busy =
    only === undefined
      ? 'workers not measured'
      : pools.length === 1
        ? `${only.busyPeak} of ${count(only.workers, 'worker')} busy at once`
        : `busy: ${pools.map(({ name, busyPeak, workers }) => `${name} ${busyPeak} of ${workers}`).join(', ')}`;
  const timeout = parameters.find(({ name }) => name === 'storage.createTimeoutMs')?.value;
  const held = typeof timeout === 'number' ? [`a creation waits up to ${seconds(timeout / 1000)}`] : [];
  const happened = hang && pools.some(({ busyPeak, workers }) => busyPeak >= workers);
  return { from: 'creations', to: 'workers', happened, lines: [busy, ...held] };
}

function electionsFail(result: Result, usedUp: boolean): LoopArrow {
  const { queueMaxSeconds } = result.controlPlane;
  const elections = callsOf(result, 'elections');
  const waited = queueMaxSeconds === null ? [] : [`up to ${seconds(queueMaxSeconds)} until a worker is free`];
  const arrow = { from: 'workers', to: 'confirmations' } as const;
  if (elections === undefined) return { ...arrow, happened: false, lines: [...waited, 'nobody asked for an election'] };
  const answered = `${percent(elections.ok / elections.offered)} of ${count(elections.offered, 'election')} answered`;
  return { ...arrow, happened: usedUp && elections.ok < elections.offered, lines: [...waited, answered] };
}

function copiesKept(result: Result, fail: boolean): LoopArrow {
  const calls = callsOf(result, 'confirm');
  const arrow = { from: 'confirmations', to: 'copies' } as const;
  if (calls === undefined) return { ...arrow, happened: false, lines: ['nobody asked to confirm a mirror'] };
  const lines = [`${integer(calls.ok)} of ${count(calls.offered, 'confirmation')}`, 'reached the node that asked'];
  return { ...arrow, happened: fail && calls.ok < calls.offered, lines };
}

function slotsHeld({ storm, series }: Result): LoopArrow {
  const atEnd = series.volumes.heldSlots.at(-1);
  const lines = [
    `at most ${count(storm.peakHeldSlots, 'slot')} held by old copies`,
    ...(atEnd === undefined ? [] : [`${atEnd} at the end`]),
  ];
  return { from: 'copies', to: 'full', happened: storm.peakHeldSlots > 0, lines };
}

function searchGoesOn({ search }: Result): LoopArrow {
  const { attempts, peakPerSecond, refusedShare } = search;
  const lines = [
    `${count(attempts, 'attempt')}, up to ${number(peakPerSecond)}/s`,
    ...(refusedShare === null ? [] : [`${percent(refusedShare)} refused`]),
  ];
  return { from: 'full', to: 'search', happened: attempts > 0, lines };
}

function nodesCrash({ crashes }: Result): LoopArrow {
  const { closesPeak, nodesCrashed, racyCloses } = crashes;
  const closed = `up to ${closesPeak} closed at once on a node`;
  const lines = [closed, `${count(racyCloses, 'close')} could lose the race`, `${count(nodesCrashed, 'node')} crashed`];
  return { from: 'search', to: 'crashes', happened: nodesCrashed > 0, lines };
}

function capacityGoes({ crashes }: Result): LoopArrow {
  const { nodesCrashed, peakQuarantinedSlots, volumesDegraded } = crashes;
  const lines = [
    `${count(peakQuarantinedSlots, 'slot')} in quarantine`,
    `${count(volumesDegraded, 'volume')} lost a replica`,
  ];
  return { from: 'crashes', to: 'full', happened: nodesCrashed > 0, lines };
}

/** What the nodes of the fault's zone got of the control plane; `undefined`: they did not ask. */
function callsOf({ controlPlane, loss }: Result, operation: string) {
  const calls = controlPlane.nodeCalls.find((one) => one.zone === loss.zone && one.operation === operation)?.periods[0];
  return calls === undefined || calls.offered === 0 ? undefined : calls;
}
