import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { BadInputError } from '../../../harness/scenario/bad-input-error.ts';
import type { FaultLanguage } from '../../../harness/scenario/fault-language.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import type { Plan, PlanFault, PlanPhase } from '../../../harness/scenario/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'zonestorm-draw-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const base = resolve(import.meta.dirname, '../../../fixtures/scenarios/ebs-2011.yaml');

/** The plan of a scenario outside the package: eight nodes, and phases `p0`, `p1` …, each of so much YAML in braces. */
export function planOf(phases: readonly string[], seed = 1, faults: FaultLanguage = FAULTS): Promise<Plan> {
  const file = join(folder, 'drawn.yaml');
  const list = phases.map((phase, i) => `  - p${i}: { ${phase} }\n`).join('');
  writeFileSync(file, `name: drawn\ntitle: Drawn\nextends: ${base}\nphases:\n${list}`);
  return loadScenario(file, { seed, overrides: { 'zones.use1-a.nodes': '8' }, faults });
}

/** The faults of one phase of 10 s, which is written as a YAML list without its brackets. */
export async function drawn(faults: string, seed = 1): Promise<readonly PlanFault[]> {
  return (await phaseOf(`for: 10s, faults: [${faults}]`, seed)).faults;
}

/** The only fault that this comes to. */
export async function drawnOne(fault: string, seed = 1): Promise<PlanFault> {
  const [one, ...others] = await drawn(fault, seed);
  if (one === undefined || others.length > 0) throw new Error(`${fault} came to ${others.length + 1} faults`);
  return one;
}

export async function phaseOf(phase: string, seed = 1): Promise<PlanPhase> {
  const [only] = (await planOf([phase], seed)).phases;
  if (only === undefined) throw new Error('no phase');
  return only;
}

/** `column found …, expected …` of each mistake in the faults of one phase of 10 s. */
export async function problemsOf(faults: string, phase = 'for: 10s'): Promise<string[]> {
  try {
    await planOf([`${phase}, faults: [${faults}]`]);
    return [];
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    return error.problems.map(({ line, found, expected }) => `${line} found ${found}, expected ${expected}`);
  }
}
