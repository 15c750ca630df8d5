import { z } from 'zod';
import type { PlanExpectation } from '../scenario/plan.ts';
import { evaluate, type Judgement, type Resolved } from './expectation/evaluate.ts';
import { parseExpectation } from './expectation/parse-expectation.ts';
import type { MetricArguments, MetricValue } from './metrics.ts';

export const judgedSchema = z.strictObject({
  text: z.string().describe('As the scenario’s author wrote it'),
  file: z.string(),
  line: z.number(),
  held: z.boolean().nullable().describe('`null`: cannot be judged'),
  left: z.number().nullable(),
  right: z.number().nullable(),
  tolerance: z.number().nullable(),
  explanation: z.string(),
});
export type Judged = z.infer<typeof judgedSchema>;

/** Stands for "how long nobody knows": longer than any run, small enough to calculate with. */
const VERY_LONG = 1e9;

/**
 * Judges one expectation. A measurement known only as a lower bound ("not recovered within 70 s", "at least 3 lost")
 * decides it when the outcome is the same for the bound and for any larger value: of an equality, when both are on the
 * same side of what is asked. Otherwise it stays open.
 */
export function judgeExpectation(
  { text, file, line }: PlanExpectation,
  resolve: (name: string, args: MetricArguments) => MetricValue,
): Judged {
  const expectation = parseExpectation(text);
  const bounds = new Set<string>();
  const with_ =
    (bound: (atLeast: number) => number) =>
    (name: string, args: MetricArguments): Resolved => {
      const value = resolve(name, args);
      if (typeof value === 'number' || 'unavailable' in value) return value;
      const because = value.because === undefined ? '' : ` (${value.because})`;
      bounds.add(`${name} ≥ ${Number(value.atLeast.toPrecision(4))}${because}`);
      return bound(value.atLeast);
    };
  const judged = evaluate(
    expectation,
    with_((atLeast) => atLeast),
  );
  const { left, right, tolerance } = judged;
  const base = { text, file, line, left, right, tolerance };
  if (bounds.size === 0) return { ...base, held: judged.held, explanation: judged.explanation };
  const unbounded = evaluate(
    expectation,
    with_(() => VERY_LONG),
  );
  const isOrdered = expectation.comparison !== '=' && expectation.comparison !== '!=';
  const isDecided = judged.held === unbounded.held && (isOrdered || sideOf(judged) === sideOf(unbounded));
  const held = isDecided ? judged.held : null;
  const known = `known only as a lower bound: ${[...bounds].join(', ')}`;
  return { ...base, held, explanation: `${judged.explanation}; ${known}` };
}

/** Whether the left side is less, equal or more; `null` where there is no number. */
const sideOf = ({ left, right }: Judgement): number | null =>
  left === null || right === null ? null : Math.sign(left - right);
