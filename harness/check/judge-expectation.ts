import { z } from 'zod';
import type { PlanExpectation } from '../scenario/plan.ts';
import { type Bound, boundedOutcomes } from './bounded-outcomes.ts';
import { evaluate, type Judgement } from './expectation/evaluate.ts';
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

/**
 * Judges one expectation. A measurement known only as a lower bound ("not recovered within 70 s", "at least 3 lost")
 * decides it when the outcome is the same for the bound and for any larger value: of an equality, when all are on the
 * same side of what is asked. Of several each may be larger by itself. Otherwise it stays open.
 */
export function judgeExpectation(
  { text, file, line }: PlanExpectation,
  resolve: (name: string, args: MetricArguments) => MetricValue,
): Judged {
  const expectation = parseExpectation(text);
  const { atBounds, all, bounds } = boundedOutcomes((resolved) => evaluate(expectation, resolved), resolve);
  const { left, right, tolerance } = atBounds;
  const base = { text, file, line, left, right, tolerance };
  if (bounds.length === 0) return { ...base, held: atBounds.held, explanation: atBounds.explanation };
  const isOrdered = expectation.comparison !== '=' && expectation.comparison !== '!=';
  const isDecided =
    all?.every((one) => one.held === atBounds.held && (isOrdered || sideOf(one) === sideOf(atBounds))) ?? false;
  const known = `known only as a lower bound: ${[...new Set(bounds.map(describe))].join(', ')}`;
  return { ...base, held: isDecided ? atBounds.held : null, explanation: `${atBounds.explanation}; ${known}` };
}

const describe = ({ name, atLeast, because }: Bound): string =>
  `${name} ≥ ${Number(atLeast.toPrecision(4))}${because === undefined ? '' : ` (${because})`}`;

/** Whether the left side is less, equal or more; `null` where there is no number. */
const sideOf = ({ left, right }: Judgement): number | null =>
  left === null || right === null ? null : Math.sign(left - right);
