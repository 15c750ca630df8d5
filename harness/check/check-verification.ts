import type { Measurements } from '../measure/measure-run.ts';
import { notVerifiedOf } from './not-verified.ts';
import type { Problem } from './problem.ts';

/**
 * What was acknowledged and not compared with the disks keeps a run from proving anything, whether its scenario asks
 * for it or not. One that did not come to its end has not come to the disks.
 */
export function checkVerification({ frame, ledger }: Measurements): readonly Problem[] {
  const { plan, history } = frame;
  if (history.of('run.end').at(-1)?.outcome !== 'completed' || plan.volumes.length === 0) return [];
  return notVerifiedOf(ledger).map((what) => ({ check: 'verification', what }));
}
