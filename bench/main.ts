import { parseArgs } from 'node:util';
import type { BenchmarkOptions } from './benchmarks/benchmark.ts';
import { measureCapacity } from './benchmarks/capacity.ts';
import { measureHop } from './benchmarks/hop.ts';
import { measureOnset } from './benchmarks/onset.ts';
import { measureStartup } from './benchmarks/startup.ts';
import { writeDocument } from './document/write-document.ts';
import { main as killRuns } from './kills.ts';
import { openEngine } from './lab/open-engine.ts';
import { describeMachine } from './machine.ts';
import { type Figures, NAMES, type Name, type Result, writeResult } from './result.ts';

/** Those that share this process's engine and reaper. */
type Timed = Exclude<Name, 'kills'>;
const BENCHMARKS: { readonly [N in Timed]: (options: BenchmarkOptions) => Promise<Figures[N]> } = {
  capacity: measureCapacity,
  hop: measureHop,
  onset: measureOnset,
  startup: measureStartup,
};

const TIMED = NAMES.filter((name): name is Timed => name !== 'kills');

const USAGE = `usage: npm run bench -- [NAME…] [--quick] [--only PATTERN] [--document]

  NAME             ${TIMED.join(', ')}; all of these without any
  --quick          short cells, to see that it works; the result goes to runs/bench
  --only PATTERN   only cells whose name the pattern matches; the result goes to runs/bench
  kills            by itself: kills runs and looks for what is left [--count 100] [--at-once 2] [--seed 1] [--quick]
  --document       measures nothing, makes the tables of docs/benchmarks.md anew from bench/results`;

// Its numbers are counts, and it needs no reaper of this process: it has options and a result of its own.
const [first, ...rest] = process.argv.slice(2);
if (first === 'kills') {
  await killRuns(rest);
  process.exit();
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    document: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : TIMED;
const unknown = names.filter((name) => !TIMED.some((known) => known === name));
if (values.help || unknown.length > 0) {
  console.error(unknown.length > 0 ? `zonestorm-bench: no benchmark ${unknown.join(', ')}\n\n${USAGE}` : USAGE);
  process.exit(unknown.length > 0 ? 64 : 0);
}

const progress = (line: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${line}`);
const only = values.only === undefined ? null : new RegExp(values.only);
const quick = values.quick || only !== null;
if (!values.document) {
  const engine = await openEngine(progress);
  const machine = await describeMachine(engine.docker);
  for (const name of names as readonly Timed[]) {
    progress(`${name}${values.quick ? ', short cells' : ''}`);
    const figures = await BENCHMARKS[name]({ engine, quick: values.quick, only, progress });
    const measuredAt = new Date().toISOString();
    progress(`wrote ${await writeResult({ name, measuredAt, quick, machine, figures } as Result)}`);
  }
}
if (!quick) await writeDocument();
// Testcontainers keeps a connection to its reaper.
process.exit();
