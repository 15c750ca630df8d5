import { defineConfig } from 'vitest/config';

/**
 * Unit tests are pure and run side by side. Everything that starts containers measures, and shares the machine's two
 * cores, so one file at a time, one test at a time.
 */
const measured = { fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 } as const;

export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], sequence: { groupOrder: 1 }, testTimeout: 20_000 } },
      { test: { name: 'container', include: ['test/container/**/*.test.ts'], sequence: { groupOrder: 2 }, ...measured } },
      { test: { name: 'calibration', include: ['test/calibration/**/*.test.ts'], sequence: { groupOrder: 3 }, ...measured } },
      { test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], sequence: { groupOrder: 4 }, ...measured } },
    ],
  },
});
