import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';
import { ACTIONS } from '../../../harness/action/catalogue.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';

const folder = mkdtempSync(join(tmpdir(), 'zonestorm-act-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const scenario = (name: string) => resolve(import.meta.dirname, `../../../fixtures/scenarios/${name}.yaml`);

/** The plan of a scenario with this text (its name, title and what it extends left out), preset `loop`. */
export function planOf(text: string, seed = 1, set: Record<string, string> = {}, extended = 'ebs-2011'): Promise<Plan> {
  const file = join(folder, 'drawn.yaml');
  writeFileSync(file, `name: drawn\ntitle: Drawn\nextends: ${scenario(extended)}\n${text}`);
  const overrides = { 'zones.use1-a.spareNodes': '2', ...set };
  return loadScenario(file, { preset: 'loop', seed, overrides, faults: FAULTS, actions: ACTIONS });
}

/** The plan of one phase of 10 s, `p`, with these actions (a YAML list without brackets), in a zone with two spares. */
export function planWith(actions: string, seed = 1, set: Record<string, string> = {}): Promise<Plan> {
  return planOf(`phases:\n  - p: { for: 10s, actions: [${actions}] }\n`, seed, set);
}
