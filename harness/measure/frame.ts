import type { History } from '../history/history.ts';
import type { Plan, PlanContainer, PlanVolume } from '../scenario/plan.ts';
import { toSeconds } from './rounding.ts';
import { type Trigger, triggerOf } from './trigger.ts';

/** A stretch of a run, ms of the history's clock: from `startT`, included, to `endT`, not included. */
export interface Window {
  readonly startT: number;
  readonly endT: number;
}

export interface PhaseWindow extends Window {
  readonly name: string;
}

/** What every measurement needs to know about a run before it looks at anything. */
export interface Frame {
  readonly plan: Plan;
  readonly history: History;
  readonly trigger: Trigger;
  readonly phases: readonly PhaseWindow[];
  /**
   * From the first phase's begin to the last one's end. What containers print outside of it belongs to the start
   * and to the taking down, where stopping nodes lose their partners and mean nothing by it.
   */
  readonly measured: Window;
  /** Time zero of everything reported: the trigger's begin, or the first phase's when there was none. */
  readonly zeroT: number;
  /** Until here nothing was touched: the trigger's first word, or the first phase's begin when there was none. */
  readonly touchedT: number;
  /** Of zones with volumes, the one the first fault is in; without a fault in any of them, the first. */
  readonly zone: string;
  readonly volumes: readonly PlanVolume[];
  /** Those that there are from the start. */
  readonly nodes: readonly PlanContainer[];
  /** The zone's nodes that an operator may add; one that has not joined tells nothing. */
  readonly spares: readonly PlanContainer[];
  /** From the trigger's first word to its end plus the detector's time: who is lost in here, the fault made lost. */
  readonly lossWindow: Window;
  /** I/O that takes longer than this counts as hung, ms. */
  readonly hungMs: number;
}

export function frameOf(plan: Plan, history: History): Frame {
  const trigger = triggerOf(plan, history);
  const endOfRecord = history.of('run.end').at(-1)?.t ?? history.lastT;
  const phases = phasesOf(history, endOfRecord);
  const startT = phases[0]?.startT ?? history.of('run.start')[0]?.t ?? 0;
  const measured = { startT, endT: Math.max(startT, phases.at(-1)?.endT ?? endOfRecord) };
  const hasVolumes = (id: string | null) => plan.volumes.some((volume) => volume.zone === id);
  const zone = trigger.faults.find((fault) => hasVolumes(fault.targets.zone))?.targets.zone;
  const touchedT = (trigger.startT === null ? null : trigger.touchedT) ?? measured.startT;
  const lossEndT = trigger.endT === null ? measured.endT : trigger.endT + plan.storage.detectorMs;
  return {
    plan,
    history,
    trigger,
    phases,
    measured,
    zeroT: trigger.startT ?? measured.startT,
    touchedT,
    ...partsOf(plan, zone ?? plan.volumes[0]?.zone ?? plan.zones[0]?.id ?? ''),
    lossWindow: { startT: touchedT, endT: Math.min(measured.endT, lossEndT) },
    hungMs: Math.max(1000, plan.storage.detectorMs),
  };
}

/** Seconds since the frame's time zero. */
export const atSeconds = (frame: Frame, t: number): number => toSeconds(t - frame.zeroT);

export const within = (window: Window, t: number): boolean => t >= window.startT && t < window.endT;

/** `use1-a` -> `a`: the name a zone has in metrics and container ids. */
export const shortZone = (zone: string): string => zone.slice(zone.lastIndexOf('-') + 1);

function phasesOf(history: History, endOfRecord: number): readonly PhaseWindow[] {
  const phases: PhaseWindow[] = [];
  const records = history.of('phase');
  for (const begin of records.filter((record) => record.state === 'begin')) {
    const end = records.find((record) => record.state === 'end' && record.phase === begin.phase);
    phases.push({ name: begin.phase, startT: begin.t, endT: end?.t ?? Math.max(begin.t, endOfRecord) });
  }
  return phases;
}

function partsOf(plan: Plan, zone: string): Pick<Frame, 'zone' | 'volumes' | 'nodes' | 'spares'> {
  return {
    zone,
    volumes: plan.volumes.filter((volume) => volume.zone === zone),
    nodes: plan.containers.filter((container) => container.role === 'node' && container.zone === zone),
    spares: plan.containers.filter((container) => container.role === 'spare' && container.zone === zone),
  };
}
