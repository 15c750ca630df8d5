import { createRequire } from 'node:module';
import type { Builder } from 'junit-report-builder';
import type { Result } from './result-schema.ts';

// The package's types tell of an ES module, but Node loads its CommonJS build, whose export is the builder itself.
const reportBuilder: Builder = createRequire(import.meta.url)('junit-report-builder');

/**
 * `junit.xml`: a test case an expectation, and one for whether the run proves anything. JUnit knows no third
 * outcome, so inconclusive is a failure of the type `inconclusive`: a pipeline must not go on as if it had passed. A run
 * that broke is an error, with what broke it.
 */
export function renderJunit(result: Result): string {
  const { scenario, verdict, expectations, run } = result;
  const builder = reportBuilder.newBuilder();
  const suite = builder.testSuite().name(`zonestorm ${scenario.name} (${scenario.preset}, seed ${scenario.seed})`);
  suite.time(run.measuredSeconds);
  if (run.startedAt !== null) suite.timestamp(run.startedAt);
  const isConclusive = verdict.outcome !== 'inconclusive';
  const proof = suite.testCase().className(scenario.name).name('the run is conclusive');
  if (run.outcome === 'broken') {
    const what = printable(`the run broke: ${run.outcomeReason ?? 'no reason recorded'}`);
    proof.error(what.split('\n')[0] ?? what, 'broken', what);
  } else if (!isConclusive) {
    const reasons = verdict.problems.map(({ check, what }) => printable(`${check}: ${what}`));
    proof.failure(`inconclusive: ${reasons[0] ?? ''}`, 'inconclusive').stacktrace(reasons.join('\n'));
  }
  for (const { text, held, explanation } of expectations) {
    const testCase = suite.testCase().className(scenario.name).name(printable(text));
    if (held === null) testCase.failure(printable(`inconclusive: ${explanation}`), 'inconclusive');
    else if (!held && isConclusive) testCase.failure(printable(explanation), 'expectation');
    else if (!isConclusive) testCase.failure(printable(`inconclusive: ${explanation}`), 'inconclusive');
    else testCase.standardOutput(printable(explanation));
  }
  return `${builder.build()}\n`;
}

/** Control characters are not allowed in XML, not even escaped. */
const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to remove
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '�');
