import type { Measurements } from '../measure/measure-run.ts';
import { notVerifiedOf, notVerifiedOfCommits, notVerifiedOfPrimaries } from './not-verified.ts';
import type { Problem } from './problem.ts';

/**
 * What was acknowledged and not compared with the disks keeps a run from proving anything, whether its scenario asks
 * for it or not. One that did not come to its end has not come to the disks.
 */
export function checkVerification({ frame, ledger, databases, multiZone }: Measurements): readonly Problem[] {
  const { plan, history } = frame;
  if (history.of('run.end').at(-1)?.outcome !== 'completed' || plan.volumes.length === 0) return [];
  const { reading } = ledger;
  const missing = new Set([
    ...notVerifiedOf(ledger),
    ...notVerifiedOfCommits(databases.result.commits, reading),
    ...notVerifiedOfCommits(multiZone.commits, reading),
    ...notVerifiedOfCommits(multiZone.standbyCommits, reading),
    ...notVerifiedOfPrimaries(multiZone),
  ]);
  return [...missing].map((what) => ({ check: 'verification', what }));
}
