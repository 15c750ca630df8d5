import { atSeconds, type Frame } from './frame.ts';
import type { StepCount } from './step-count.ts';

/** A share of the zone's volumes, or why nobody can say. */
export type StuckShare =
  | { readonly share: number; readonly reason: null }
  | { readonly share: null; readonly reason: string };

const untold = (reason: string): StuckShare => ({ share: null, reason });

/**
 * Share of the zone's volumes that are stuck at a time, by the instances. They can tell hung I/O only once it has taken
 * `hungMs`, so the record tells of no later time than that before its end, with one exception: a run that ended early
 * because all was well again (a phase with `until`). At a time that its plan allowed it to reach, none is stuck when
 * the fault was proved gone, every volume was mirrored through the last `hungMs` of the record, and no I/O hung in
 * them: there is nothing left that could block I/O.
 */
export function stuckShareAt(frame: Frame, hung: StepCount, unmirrored: StepCount, t: number): StuckShare {
  const { measured, volumes, hungMs } = frame;
  const outside = `${atSeconds(frame, t).toFixed(1)} s is outside of the measurement`;
  if (volumes.length === 0) return untold('the zone has no volume');
  if (t < measured.startT) return untold(outside);
  const lastT = measured.endT - hungMs;
  if (t <= lastT) return { share: hung.at(t) / volumes.length, reason: null };
  const endedWell = hasEnded(frame, lastT) && isNone(unmirrored, frame, lastT) && isNone(hung, frame, lastT);
  if (t <= measured.endT + cutShortMs(frame) && endedWell) return { share: 0, reason: null };
  return untold(`${outside}, which ends at ${atSeconds(frame, measured.endT).toFixed(1)} s`);
}

/** The run came to its own end, some time after its fault was proved gone. */
function hasEnded({ history, trigger }: Frame, lastT: number): boolean {
  const end = history.of('run.end').at(-1);
  return end?.outcome === 'completed' && trigger.endT !== null && trigger.endT <= lastT;
}

const isNone = (count: StepCount, { measured }: Frame, fromT: number): boolean =>
  fromT >= measured.startT && count.max(fromT, measured.endT) === 0;

/** By how much phases that wait for something ended before their time. */
function cutShortMs({ plan, phases }: Frame): number {
  return plan.phases.reduce((sum, { name, until, atMostSeconds }) => {
    const phase = phases.find((one) => one.name === name);
    if (until === null || atMostSeconds === null || phase === undefined) return sum;
    return sum + Math.max(0, atMostSeconds * 1000 - (phase.endT - phase.startT));
  }, 0);
}
