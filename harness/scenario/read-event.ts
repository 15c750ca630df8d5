import { ExpectationError } from '../check/expectation/expectation.ts';
import { nameProblems } from '../check/expectation/name-problems.ts';
import { parseArithmetic } from '../check/expectation/parse-expectation.ts';
import { type Located, type Place, type Problem, problemAt, throwIfAny } from './bad-input-error.ts';
import { eventSchema } from './event-schema.ts';
import type { PlanEvent } from './plan.ts';
import { parseYaml } from './yaml-source.ts';
import { zodProblems } from './zod-problems.ts';

/** An event's file as read: what goes into the plan, and where its measurements were written. */
export interface ScenarioEvent {
  readonly event: PlanEvent;
  readonly metrics: readonly Located<string>[];
}

/**
 * Reads the file of an event. Pure: `file` is only shown in errors.
 * @throws BadInputError with every problem of its shape.
 */
export function readEvent(file: string, text: string): ScenarioEvent {
  const source = parseYaml(file, text);
  const parsed = eventSchema.safeParse(source.value);
  if (!parsed.success) {
    throwIfAny(zodProblems(parsed.error, source));
    throw parsed.error;
  }
  const { name, source: ofAll, facts } = parsed.data;
  return {
    event: {
      name,
      source: ofAll,
      facts: facts.map((fact) => ({
        id: fact.id,
        what: fact.what,
        stated: fact.stated,
        source: fact.source ?? ofAll,
        measured: (fact.measured ?? []).map(({ what, metric, unit }) => ({ what, metric, unit: unit ?? null })),
        notMeasured: fact.notMeasured ?? null,
        differs: fact.differs,
      })),
    },
    metrics: facts.flatMap(({ measured }, i) =>
      (measured ?? []).map(({ metric }, j) => ({
        value: metric,
        at: source.placeOf(['facts', i, 'measured', j, 'metric'], 'text'),
      })),
    ),
  };
}

/** Of a measurement that does not read, or names what is not measured or takes other arguments; any name is taken without `knownNames`. */
export function eventProblems({ metrics }: ScenarioEvent, knownNames: readonly string[] | undefined): Problem[] {
  return metrics.flatMap(({ value, at }) => {
    const place = (column: number): Place => ({ ...at, column: at.column + column - 1 });
    try {
      const measured = parseArithmetic(value);
      if (knownNames === undefined) return [];
      return nameProblems([measured], knownNames).map(({ column, found, expected }) =>
        problemAt(place(column), found, expected),
      );
    } catch (error) {
      if (!(error instanceof ExpectationError)) throw error;
      return [problemAt(place(error.column), `${error.found} in \`${value}\``, error.expected)];
    }
  });
}
