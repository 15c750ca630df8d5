import { parse } from 'yaml';
import { type BoundFault, bindFault, FAULTS } from '../../harness/fault/catalogue.ts';
import type { Lab } from '../../harness/lab/lab.ts';
import type { Problem } from '../../harness/scenario/bad-input-error.ts';
import { DrawContext } from '../../harness/scenario/draw-context.ts';
import type { Plan, PlanFault } from '../../harness/scenario/plan.ts';
import { randomFor } from '../../harness/scenario/random.ts';

/** Faults drawn for a plan from a line of a scenario, such as `cut: { links: ["a1->a2@primary"], kind: refuse }`. */
export function faultsOf(plan: Plan, line: string, id = 'f1', seed = 1): PlanFault[] {
  const [[kind = '', given] = []] = Object.entries(parse(line) as Record<string, unknown>);
  const words = FAULTS.find((one) => one.kind === kind);
  if (words === undefined) throw new Error(`no fault ${kind}`);
  const problems: Problem[] = [];
  const place = { file: 'test', line: 1, column: 1 };
  const read = words.words.parse(given);
  const context = new DrawContext({
    laid: plan,
    fault: { kind, placeOf: () => place },
    random: randomFor(seed, id),
    secondsLeft: 10,
    forSeconds: null,
    given: null,
    problems,
  });
  const drawn = words.draw(read, context);
  if (problems.length > 0) throw new Error(problems.map((one) => `${one.found}, ${one.expected}`).join('; '));
  return drawn.map((one, i) => ({
    silences: [],
    losesPartnersOf: null,
    limitsDiskTo: null,
    experience: null,
    forSeconds: null,
    atSeconds: one.afterSeconds ?? 0,
    ...one,
    id: drawn.length === 1 ? id : `${id}.${i + 1}`,
  }));
}

/** The same, ready to be applied to a lab; the first where a line comes to several. */
export function faultOn(lab: Lab, line: string, id?: string): BoundFault {
  const [fault] = faultsOf(lab.plan, line, id);
  if (fault === undefined) throw new Error(`${line} comes to nothing`);
  return bindFault(fault, lab);
}
