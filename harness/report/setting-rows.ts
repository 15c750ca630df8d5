import type { Result } from './result-schema.ts';
import type { Row } from './section.ts';

/** What was set for this run, and how many parameters are of which origin. Each one stands in the page and in `result.json`. */
export function parameterRows({ parameters, scenario }: Result): readonly Row[] {
  const byOrigin = Map.groupBy(parameters, ({ origin }) => origin);
  const counted = [...byOrigin].map(([origin, list]) => `${list.length} ${origin}`).join(', ');
  return [
    ...Object.entries(scenario.overrides).map(([key, value]): Row => [`--set ${key}`, value]),
    ['in all', `${counted === '' ? 'none' : counted}; each with its reason in report.html and result.json`],
  ];
}

/** Whose run it was, and on what. */
export function environmentRows({ environment, run, scenario }: Result): readonly Row[] {
  const rows: Row[] = [
    ['run', run.id ?? '–'],
    ['started', run.startedAt ?? '–'],
    ['ended', `${run.outcome ?? 'no end recorded'}${run.outcomeReason === null ? '' : `: ${run.outcomeReason}`}`],
    ['scenario', `${scenario.name}, preset ${scenario.preset}, seed ${scenario.seed}`],
  ];
  if (environment === null) return rows;
  const { zonestorm, node, engine, kernel, cpus, images } = environment;
  return [
    ...rows,
    ['zonestorm', zonestorm],
    ['Node.js', node],
    ['engine', engine],
    ['kernel', kernel],
    ['CPUs', String(cpus)],
    ...Object.entries(images).map(([name, image]): Row => [`image ${name}`, image]),
  ];
}
