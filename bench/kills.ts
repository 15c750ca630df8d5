import { parseArgs } from 'node:util';
import { prepareEngine } from '../harness/cli/prepare-engine.ts';
import { measureKills } from './benchmarks/kills.ts';
import { describeMachine } from './machine.ts';
import { writeResult } from './result.ts';

/** Fewer kills are for looking, and their result goes to `runs/bench`, where git does not look. */
const WHOLE_COUNT = 100;

/** Arguments: `--count 100 --at-once 2 --seed 1`; `--quick` for 6 kills. Exit code 1 when anything was left. */
export async function main(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      count: { type: 'string', default: String(WHOLE_COUNT) },
      'at-once': { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      quick: { type: 'boolean', default: false },
    },
  });
  const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
  const { docker } = await prepareEngine(true, progress);
  const count = values.quick ? 6 : Number(values.count);
  const seed = Number(values.seed);
  const figures = await measureKills({ docker, count, atOnce: Number(values['at-once']), seed, progress });
  const measuredAt = new Date().toISOString();
  const quick = count < WHOLE_COUNT;
  const machine = await describeMachine(docker);
  progress(`wrote ${await writeResult({ name: 'kills', measuredAt, quick, machine, figures })}`);
  for (const problem of figures.problems) progress(`! ${problem}`);
  process.exitCode = figures.problems.length === 0 ? 0 : 1;
}
