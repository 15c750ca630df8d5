import type { Reporter, TestModule } from 'vitest/node';

/** Ends the output with one plain line that any CI can read: `12 passed, 0 failed, 0 skipped`. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    for (const module of modules) {
      const failedBefore = count.failed;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        count[state === 'passed' || state === 'failed' ? state : 'skipped'] += 1;
      }
      // A file that does not load, or whose set-up fails, has no failed test to show for it.
      if (module.state() === 'failed' && count.failed === failedBefore) count.failed += 1;
    }
    process.stdout.write(`\n${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped\n`);
  }
}
