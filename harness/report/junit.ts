import { createRequire } from 'node:module';
import type { Builder, TestSuite } from 'junit-report-builder';
import type { Problem } from '../check/problem.ts';
import { safetyMetricsIn } from '../check/safety.ts';
import type { Result } from './result-schema.ts';

// The package's types tell of an ES module, but Node loads its CommonJS build, whose export is the builder itself.
const reportBuilder: Builder = createRequire(import.meta.url)('junit-report-builder');

/**
 * `junit.xml`: a test case an expectation, one for whether the run proves anything, and one for each loss that no
 * expectation asked about. JUnit knows no third outcome, so inconclusive is a failure of the type `inconclusive`: a
 * pipeline must not go on as if it had passed. A run that broke is an error, with what broke it.
 */
export function renderJunit(result: Result): string {
  const { scenario, verdict, run } = result;
  const builder = reportBuilder.newBuilder();
  const suite = builder.testSuite().name(`zonestorm ${scenario.name} (${scenario.preset}, seed ${scenario.seed})`);
  suite.time(run.measuredSeconds);
  if (run.startedAt !== null) suite.timestamp(run.startedAt);
  const { unasked, others } = sorted(result);
  // A loss fails a run whatever else is wrong with it, and what is wrong must be told all the same.
  const isConclusive = verdict.outcome !== 'inconclusive' && others.length === 0;
  tellProof(suite, result, isConclusive ? [] : others.length > 0 ? others : verdict.problems);
  tellExpectations(suite, result, isConclusive);
  for (const { what } of unasked) {
    const [text = what] = what.split(': ', 1);
    suite.testCase().className(scenario.name).name(printable(text)).failure(printable(what), 'expectation');
  }
  return `${builder.build()}\n`;
}

/** Of the verdict's problems the losses that no expectation asked about, and those that no expectation has a part in. */
function sorted({ verdict, expectations }: Result): Record<'unasked' | 'others', readonly Problem[]> {
  const asked = new Set(expectations.map(({ text, explanation }) => `${text}: ${explanation}`));
  const isExpectation = ({ check }: Problem): boolean => check === 'expectation';
  return {
    unasked: verdict.problems.filter((problem) => isExpectation(problem) && !asked.has(problem.what)),
    others: verdict.problems.filter((problem) => !isExpectation(problem)),
  };
}

function tellProof(suite: TestSuite, { scenario, run }: Result, problems: readonly Problem[]): void {
  const proof = suite.testCase().className(scenario.name).name('the run is conclusive');
  const reasons = problems.map(({ check, what }) => printable(`${check}: ${what}`));
  if (run.outcome === 'broken') {
    const what = printable(`the run broke: ${run.outcomeReason ?? 'no reason recorded'}`);
    proof.error(what.split('\n')[0] ?? what, 'broken', [what, ...reasons].join('\n'));
  } else if (reasons.length > 0) {
    proof.failure(`inconclusive: ${reasons[0]}`, 'inconclusive').stacktrace(reasons.join('\n'));
  }
}

/** In a run that proves nothing only a loss is a failure of its own: no load on the machine excuses it. */
function tellExpectations(suite: TestSuite, { scenario, expectations }: Result, isConclusive: boolean): void {
  for (const { text, held, explanation } of expectations) {
    const testCase = suite.testCase().className(scenario.name).name(printable(text));
    const isFact = isConclusive || safetyMetricsIn(text).length > 0;
    if (held === false && isFact) testCase.failure(printable(explanation), 'expectation');
    else if (held !== true || !isConclusive) {
      testCase.failure(printable(`inconclusive: ${explanation}`), 'inconclusive');
    } else testCase.standardOutput(printable(explanation));
  }
}

/** Control characters are not allowed in XML, not even escaped. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '�');
