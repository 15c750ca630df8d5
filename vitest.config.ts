import { defineConfig } from 'vitest/config';

/**
 * Unit tests of these folders start clusters of nodes, clients or timers in their process, and would take each other for
 * dead on two busy cores: two files at a time, which mostly wait, and nothing else. The other ones are pure.
 */
const timed = ['api-users', 'app', 'attachment', 'databases', 'fabric', 'gauge', 'instances', 'lab', 'load', 'multi-zone', 'nbd']
  .concat(['reader', 'reaper', 'run', 'storage', 'telemetry', 'time'])
  .map((folder) => `test/unit/${folder}/**/*.test.ts`);

/**
 * Everything that starts containers measures, and shares the machine's two cores, so one file at a time, one test at a
 * time; those that measure nothing say so and run side by side.
 */
const measured = { fileParallelism: false, testTimeout: 300_000, hookTimeout: 300_000 } as const;

/** They judge no measurement, look at nothing but their own runs, and change nothing of the machine: side by side. */
const unmeasured = ['killed', 'compare', 'dead-engine', 'stalled-engine'].map((name) => `test/e2e/${name}.test.ts`);

/** A second engine takes the machine two or three minutes, so it is asked for: by CI, or with `--engines`. */
const engines = process.env.CI === 'true' || process.env.ZONESTORM_ENGINES === 'true';

export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: timed,
          sequence: { groupOrder: 1 },
          testTimeout: 20_000,
          // One less than there are CPUs is the default: one.
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: 'unit-timed',
          include: timed,
          sequence: { groupOrder: 2 },
          testTimeout: 20_000,
          maxWorkers: 2,
        },
      },
      { test: { name: 'container', include: ['test/container/**/*.test.ts'], sequence: { groupOrder: 3 }, ...measured } },
      { test: { name: 'calibration', include: ['test/calibration/**/*.test.ts'], sequence: { groupOrder: 4 }, ...measured } },
      {
        test: {
          name: 'e2e-unmeasured',
          include: unmeasured,
          sequence: { groupOrder: 5 },
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // Those of one file mostly wait for engines that do not answer.
          maxWorkers: 2,
          maxConcurrency: 2,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          exclude: unmeasured,
          sequence: { groupOrder: 6 },
          ...measured,
          maxConcurrency: 2,
        },
      },
      ...(engines
        ? [{ test: { name: 'engines', include: ['test/engines/**/*.test.ts'], sequence: { groupOrder: 7 }, ...measured } }]
        : []),
    ],
  },
});
