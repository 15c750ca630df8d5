import type { Reporter, TestModule } from 'vitest/node';

/** Characters of an error that are told again: enough to see what differed, however much text was compared. */
const TOLD = 500;

/**
 * Ends the output with one plain line that any CI can read, `12 passed, 0 failed, 0 skipped`, and before it names what
 * failed, a line each: a CI that keeps only the end of a long output still says which tests to look at.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const failures: string[] = [];
    for (const module of modules) {
      const failedBefore = count.failed;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        count[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1;
        if (state === 'failed') failures.push(failure(`${module.relativeModuleId} > ${test.fullName}`, errors));
      }
      // A file that does not load, or whose set-up fails, has no failed test to show for it.
      if (module.state() === 'failed' && count.failed === failedBefore) {
        count.failed += 1;
        failures.push(failure(module.relativeModuleId, module.errors()));
      }
    }
    process.stdout.write(
      `\n${failures.join('')}${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`,
    );
  }
}

function failure(name: string, errors: readonly { readonly message: string }[] | undefined): string {
  const said = (errors ?? []).map(({ message }) => message.replaceAll(/\s+/g, ' ').slice(0, TOLD)).join('; ');
  return `failed: ${name}: ${said}\n`;
}
