import { History } from '../../../harness/history/history.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { type Frame, frameOf } from '../../../harness/measure/frame.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { fault, finalState, gaugePaths, phase, runEnd, runStart, triggerEnd } from './record-builders.ts';
import { MISROUTE, smallPlan } from './small-plan.ts';

/** Applied at 20,000 ms, routes restored at 22,000, drained at 22,500; measured from 10,000 to 50,000. */
export const SMALL_TIMES = { begin: 10_000, applied: 20_000, restored: 22_000, drained: 22_500, end: 50_000 } as const;

export const smallRun = (): readonly HistoryRecord[] => [
  runStart(9000),
  ...phase('baseline', SMALL_TIMES.begin, SMALL_TIMES.applied),
  ...phase('misroute', SMALL_TIMES.applied, SMALL_TIMES.restored),
  ...phase('storm', SMALL_TIMES.restored, SMALL_TIMES.end),
  fault(MISROUTE.id, 'applied', SMALL_TIMES.applied),
  fault(MISROUTE.id, 'reverted', SMALL_TIMES.restored),
  triggerEnd(SMALL_TIMES.restored, SMALL_TIMES.drained),
  ...gaugePaths(smallPlan(), 9500),
  finalState(SMALL_TIMES.end + 100),
  runEnd(56_000),
];

export const frameWith = (records: readonly HistoryRecord[], plan: Plan = smallPlan()): Frame =>
  frameOf(plan, new History([...smallRun(), ...records]));
