import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { DRY_RUN_BLOCK } from '../scenario/address-block.ts';
import { ABSENT_SETTINGS } from '../scenario/parameter-catalogue.ts';
import type { Plan } from '../scenario/plan.ts';
import { relocate } from '../scenario/relocate.ts';

/**
 * What two plans must have in common to be the same run: everything that is done and judged. Not the addresses, which
 * a run claims when it starts; not from where the files were read, which depends on the working directory; and not
 * titles, reasons, line numbers and what the run is set beside, so that a better comment does not make hours of runs
 * void. Nor a setting that is at the value it has where nothing gives it one: a plan from before it says the same.
 */
function essenceOf(plan: Plan): unknown {
  const { scenario, topology: _, event: _event, parameters, expectations, ...rest } = relocate(plan, DRY_RUN_BLOCK);
  const isAbsent = (name: string, value: unknown) => name in ABSENT_SETTINGS && ABSENT_SETTINGS[name] === value;
  const essence = {
    ...rest,
    scenario: scenario.name,
    load: Object.fromEntries(Object.entries(rest.load).filter(([name, value]) => !isAbsent(`load.${name}`, value))),
    parameters: parameters
      .filter(({ name, value }) => !isAbsent(name, value))
      .map(({ name, value, unit }) => ({ name, value, unit })),
    expectations: expectations.map(({ text }) => text),
  };
  // As it comes back from a file: without what is undefined.
  return JSON.parse(JSON.stringify(essence));
}

export function isSameRun(a: Plan, b: Plan): boolean {
  return isDeepStrictEqual(essenceOf(a), essenceOf(b));
}

/** One short text for all plans of a campaign: it changes when any of them does. */
export function digestOf(plans: readonly Plan[]): string {
  const hash = createHash('sha256');
  for (const plan of plans) hash.update(JSON.stringify(sorted(essenceOf(plan)))).update('\n');
  return hash.digest('hex').slice(0, 16);
}

/** With the keys in one order, which a plan that was read need not have. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, item]) => [key, sorted(item)]),
  );
}
