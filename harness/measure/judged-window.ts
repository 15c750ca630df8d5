import type { Frame, Window } from './frame.ts';
import { DEPTH_AFTER_MS, type StormMeasurement } from './storm.ts';

/**
 * For how long the machine has to carry the run: from the trigger's begin for as long as a number of its storm is being
 * taken, which is until the storm is over, every volume is mirrored and the share that is stuck 10 s after the trigger has
 * been seen, whichever is last. What comes later is not counted, or a long calm would hide a saturated second.
 */
export function judgedWindow({ zeroT, measured }: Frame, { window, mirrored }: StormMeasurement): Window {
  const depthT = Math.min(window.startT + DEPTH_AFTER_MS, measured.endT);
  return { startT: zeroT, endT: Math.max(window.endT, depthT, mirroredT()) };

  function mirroredT(): number {
    if (!mirrored.needed) return window.startT;
    return mirrored.seconds === null ? measured.endT : window.startT + mirrored.seconds * 1000;
  }
}
