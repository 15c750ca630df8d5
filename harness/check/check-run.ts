import type { Measurements } from '../measure/measure-run.ts';
import type { PlanExpectation } from '../scenario/plan.ts';
import { checkAgreement } from './check-agreement.ts';
import { checkBaseline } from './check-baseline.ts';
import { checkDose } from './check-dose.ts';
import { checkFabric } from './check-fabric.ts';
import { checkHistory } from './check-history.ts';
import { checkOperator } from './check-operator.ts';
import { checkRunEnd } from './check-run-end.ts';
import { checkValidity } from './check-validity.ts';
import { checkVerification } from './check-verification.ts';
import { type Judged, judgeExpectation } from './judge-expectation.ts';
import type { Problem } from './problem.ts';
import { resolveMetric } from './resolve-metric.ts';
import { safetyMetricsIn, unaskedLosses } from './safety.ts';
import { type Verdict, verdictOf } from './verdict.ts';

export interface Checked {
  readonly verdict: Verdict;
  readonly expectations: readonly Judged[];
}

type Check = (measurements: Measurements) => readonly Problem[];

/** In the order their problems are told: the first explains the others more often than not. */
const CHECKS: readonly Check[] = [
  checkRunEnd,
  checkHistory,
  checkBaseline,
  checkDose,
  checkFabric,
  checkOperator,
  checkAgreement,
  checkValidity,
  checkVerification,
];

/** Judges a run. A check that throws makes the run inconclusive, with the error: it never counts as passed. */
export function checkRun(measurements: Measurements, checks: readonly Check[] = CHECKS): Checked {
  const problems = checks.flatMap((check): readonly Problem[] => {
    try {
      return check(measurements);
    } catch (error) {
      return [{ check: 'error', what: `${check.name} failed: ${messageOf(error)}` }];
    }
  });
  const expectations = measurements.frame.plan.expectations.map((expectation) => judge(measurements, expectation));
  const asked = expectations.map((judged) => ({ ...judged, isSafety: safetyMetricsIn(judged.text).length > 0 }));
  return { verdict: verdictOf(problems, [...asked, ...unaskedLosses(measurements)]), expectations };
}

function judge(measurements: Measurements, expectation: PlanExpectation): Judged {
  try {
    return judgeExpectation(expectation, (name, args) => resolveMetric(measurements, name, args));
  } catch (error) {
    const explanation = `cannot be judged: ${messageOf(error)}`;
    return { ...expectation, held: null, left: null, right: null, tolerance: null, explanation };
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
