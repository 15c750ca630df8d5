import type { ActionLanguage } from './action-language.ts';
import { timeParameterOf } from './action-time.ts';
import { type Located, type Problem, problemAt } from './bad-input-error.ts';
import { drawAction } from './draw-actions.ts';
import { DrawContext } from './draw-context.ts';
import type { Drawn, FaultLanguage, FaultWords, Laid } from './fault-language.ts';
import type { PlanFault, PlanPhase } from './plan.ts';
import { toMilliseconds } from './quantity.ts';
import { type Random, randomFor } from './random.ts';
import type { ResolvedParameters } from './resolve-parameters.ts';
import type { Scenario, ScenarioFault } from './scenario.ts';
import { secondsAt, startWindow } from './start-window.ts';

/**
 * The plan's phases with every fault's targets drawn, repetitions written out, and times set, also those of actions:
 * nothing is left to chance when the run starts. Problems are added to `problems`, not thrown.
 */
export function drawPhases(
  scenario: Scenario,
  language: FaultLanguage,
  actionLanguage: ActionLanguage,
  parameters: ResolvedParameters,
  laid: Laid,
  seed: number,
  problems: Problem[],
): PlanPhase[] {
  const targets = withoutThoseNotMeant(laid);
  const counts = new Map<string, number>();
  const nextId = (kind: string): string => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return `${kind}-${count}`;
  };
  return scenario.phases.map((phase, i) => {
    const name = phase.name.value;
    if (scenario.phases.slice(0, i).some((earlier) => earlier.name.value === name)) {
      problems.push(problemAt(phase.name.at, `a second phase \`${name}\``, 'each phase’s name once'));
    }
    const seconds = (key: 'for' | 'atMost'): number | null =>
      phase[key] === null ? null : parameters.number(`phases.${name}.${key}`);
    const given = numberOf(parameters, `phases.${name}.pick`);
    const faults = phase.faults.flatMap((fault, j) => {
      const label = `fault/${name}/${j}`;
      return drawFault(fault, {
        language,
        laid: targets,
        seed,
        label,
        given,
        phaseSeconds: seconds('for'),
        phaseSecondsMax: seconds('for') ?? seconds('atMost'),
        problems,
        nextId,
      });
    });
    // Sorted by time; a stable sort keeps those of one instant in the order in which they were written.
    const timed = faults.toSorted((a, b) => a.atSeconds - b.atSeconds);
    const actions = phase.actions.flatMap((action, j) => {
      const drawn = drawAction(action, {
        language: actionLanguage,
        laid,
        seed,
        label: `action/${name}/${j}`,
        givenTime: numberOf(parameters, timeParameterOf(phase, action)),
        phaseSecondsMax: seconds('for') ?? seconds('atMost'),
        problems,
        nextId,
      });
      return drawn === null ? [] : [drawn];
    });
    return {
      name,
      seconds: seconds('for'),
      until: phase.until,
      atMostSeconds: seconds('atMost'),
      faults: timed,
      actions: actions.toSorted((a, b) => a.atSeconds - b.atSeconds),
    };
  });
}

/** Of a parameter that may not be there; `null`: it is not. */
function numberOf(parameters: ResolvedParameters, name: string | null): Located<number> | null {
  if (name === null || !parameters.has(name)) return null;
  return { value: parameters.number(name), at: parameters.placeOf(name) };
}

/** The gauges are the harness's own, and spares are not there yet: a pattern or a zone does not mean them. */
function withoutThoseNotMeant(laid: Laid): Laid {
  const isLeftOut = ({ role }: Laid['containers'][number]) => role === 'gauge' || role === 'spare';
  const left = new Set(laid.containers.filter(isLeftOut).map(({ id }) => id));
  return {
    ...laid,
    containers: laid.containers.filter(({ id }) => !left.has(id)),
    links: laid.links.filter(({ source, destination }) => !left.has(source) && !left.has(destination)),
  };
}

interface DrawFaultOptions {
  readonly language: FaultLanguage;
  readonly laid: Laid;
  readonly seed: number;
  readonly label: string;
  readonly given: Located<number> | null;
  /** `null`: it waits for a condition … */
  readonly phaseSeconds: number | null;
  /** … but no longer than this, s. */
  readonly phaseSecondsMax: number | null;
  readonly problems: Problem[];
  nextId(kind: string): string;
}

function drawFault(fault: ScenarioFault, options: DrawFaultOptions): PlanFault[] {
  const words = options.language.find(({ kind }) => kind === fault.kind);
  if (words === undefined) throw new Error(`no fault ${fault.kind} in the language that read it`);
  const when = readTimes(fault, words, options);
  const turns = Array.from({ length: fault.times }, (_, turn) => drawTurn(fault, words, turn, when, options));
  const longest = Math.max(0, ...turns.map(({ lasts }) => lasts));
  // The next must not begin before this one is put back, wherever in its stretch of time each of them falls.
  const least = toMilliseconds(longest + when.to - when.from);
  if (fault.every !== null && when.every < least) {
    const found = `again after ${when.every} s what lasts ${longest} s`;
    options.problems.push(problemAt(fault.placeOf(['every']), found, `at least ${least} s`));
  }
  return turns.flatMap(({ faults }) => faults);
}

interface Times {
  /** The first is applied between these, s after the phase begins. */
  readonly from: number;
  readonly to: number;
  readonly lasts: number | null;
  readonly every: number;
}

function readTimes(fault: ScenarioFault, words: FaultWords, { phaseSecondsMax, problems }: DrawFaultOptions): Times {
  const problem = (path: readonly PropertyKey[], found: string, expected: string): void => {
    problems.push(problemAt(fault.placeOf(path), found, expected));
  };
  const time = (raw: string, path: readonly PropertyKey[]): number => secondsAt(fault.placeOf, raw, path, problems);
  const [from, to] = startWindow(fault, problems);
  const before = problems.length;
  const lasts = fault.for === null ? null : time(fault.for, ['for']);
  const every = fault.every === null ? 0 : time(fault.every, ['every']);
  if (lasts !== null && words.endsByItself) {
    problem(['for'], `\`for\` with a ${fault.kind}`, 'none, as it says itself how long it lasts');
  } else if (lasts === 0 && problems.length === before) problem(['for'], '0 s', 'a duration above 0');
  if (every > 0 && lasts === null && !words.endsByItself) problem(['every'], '`every` without `for`', '`for` with it');
  const last = toMilliseconds(to + (fault.times - 1) * every);
  if (phaseSecondsMax === 0) {
    problem([fault.kind], `a ${fault.kind} in a phase of 0 s`, 'a phase that lasts, as its fault would be skipped');
  } else if (phaseSecondsMax !== null && last >= phaseSecondsMax) {
    const found = fault.times === 1 ? `${last} s` : `${fault.times} times, the last at ${last} s`;
    problem(fault.times === 1 ? ['at'] : ['times'], found, `less than the ${phaseSecondsMax} s of its phase`);
  }
  return { from, to, lasts, every };
}

function drawTurn(
  fault: ScenarioFault,
  words: FaultWords,
  turn: number,
  when: Times,
  options: DrawFaultOptions,
): { readonly faults: readonly PlanFault[]; readonly lasts: number } {
  const label = turn === 0 ? options.label : `${options.label}/${turn}`;
  const { from, to, lasts, every } = when;
  const at = (from === to ? from : between(randomFor(options.seed, `${label}/at`), from, to)) + turn * every;
  const { phaseSeconds, problems } = options;
  const secondsLeft = phaseSeconds === null ? null : toMilliseconds(Math.max(0, phaseSeconds - at));
  const random = randomFor(options.seed, label);
  const before = problems.length;
  const drawn = words.draw(fault.words, new DrawContext({ ...options, fault, random, secondsLeft, forSeconds: lasts }));
  if (drawn.length === 0 && lasts !== 0 && problems.length === before && turn === 0) {
    problems.push(problemAt(fault.placeOf([fault.kind]), `a ${fault.kind} that comes to nothing`, 'something to do'));
  }
  const id = options.nextId(fault.kind);
  return {
    faults: drawn.map((one, part) => planned(one, drawn.length === 1 ? id : `${id}.${part + 1}`, at, lasts)),
    lasts: Math.max(0, ...drawn.map((one) => (one.afterSeconds ?? 0) + (one.forSeconds ?? lasts ?? 0))),
  };
}

function between(random: Random, from: number, to: number): number {
  return toMilliseconds(from + random.next() * (to - from));
}

function planned(drawn: Drawn, id: string, at: number, lasts: number | null): PlanFault {
  return {
    kind: drawn.kind,
    id,
    description: drawn.description,
    atSeconds: toMilliseconds(at + (drawn.afterSeconds ?? 0)),
    forSeconds: drawn.forSeconds === undefined ? lasts : toMilliseconds(drawn.forSeconds),
    targets: drawn.targets,
    silences: drawn.silences ?? [],
    losesPartnersOf: drawn.losesPartnersOf ?? null,
    experience: drawn.experience ?? null,
    limitsDiskTo: drawn.limitsDiskTo ?? null,
    settings: drawn.settings,
  };
}
