import { type Located, type Problem, problemAt } from './bad-input-error.ts';
import type { Draw, Laid, WordPath } from './fault-language.ts';
import { fullNameOf, matcher, meansEnds, meansLink } from './link-name.ts';
import { expectedName } from './nearest-name.ts';
import type { PlanLink } from './plan.ts';
import { parseBytes, parseMbit, parseSeconds, parseShare, QuantityError } from './quantity.ts';
import type { Random } from './random.ts';
import type { ScenarioFault } from './scenario.ts';
import type { ContainerSelector, LinkSelector, NodeSelector } from './selectors.ts';

/** Links that a problem names. */
const NAMED_MAX = 6;

const oneOf = (links: readonly PlanLink[]): string =>
  `one of ${links.slice(0, NAMED_MAX).map(fullNameOf).join(', ')}${links.length > NAMED_MAX ? ' …' : ''}`;

export interface DrawContextOptions {
  readonly laid: Laid;
  /** The fault or action whose words are drawn. */
  readonly fault: Pick<ScenarioFault, 'kind' | 'placeOf'>;
  readonly random: Random;
  readonly secondsLeft: number | null;
  readonly forSeconds: number | null;
  /** `phases.NAME.pick`, which stands above what the fault itself says. */
  readonly given: Located<number> | null;
  readonly problems: Problem[];
}

/** Draws one fault of a scenario; see {@link Draw}. */
export class DrawContext implements Draw {
  readonly #options: DrawContextOptions;

  constructor(options: DrawContextOptions) {
    this.#options = options;
  }

  get laid(): Laid {
    return this.#options.laid;
  }
  get random(): Random {
    return this.#options.random;
  }
  get secondsLeft(): number | null {
    return this.#options.secondsLeft;
  }
  get forSeconds(): number | null {
    return this.#options.forSeconds;
  }

  zone(id: string, path: WordPath): boolean {
    const zones = this.laid.zones.filter((z) => z.planes.some((plane) => plane.router !== null)).map((z) => z.id);
    return this.#known(id, zones, path, 'zone');
  }

  router(id: string, path: WordPath): boolean {
    const routers = this.laid.routers.map((router) => router.id);
    return this.#known(id, routers, path, 'router');
  }

  nodes(zone: string, selector: NodeSelector, path: WordPath): string[] {
    const nodes = this.laid.containers.filter((c) => c.zone === zone && c.role === 'node').map((c) => c.id);
    if ('pick' in selector) {
      const { given, problems, fault } = this.#options;
      const count = given?.value ?? selector.pick;
      if (count > nodes.length) {
        const at = given?.at ?? fault.placeOf([fault.kind, ...path, 'pick']);
        problems.push(problemAt(at, `${count} nodes`, `at most the ${nodes.length} nodes of ${zone}`));
      }
      return this.#picked(nodes, count);
    }
    for (const [i, id] of selector.entries()) this.#known(id, nodes, [...path, i], 'node');
    return [...new Set(selector)];
  }

  containers(selector: ContainerSelector, path: WordPath): string[] {
    const { containers, zones } = this.laid;
    if (Array.isArray(selector)) {
      return this.#matching(
        selector,
        containers.map(({ id }) => id),
        path,
        'container',
      );
    }
    const { zone, role, pick } = selector;
    const known = zones.map(({ id }) => id);
    if (zone !== undefined && !this.#known(zone, known, [...path, 'zone'], 'zone')) return [];
    const found = containers
      .filter((one) => (zone === undefined || one.zone === zone) && (role === undefined || one.role === role))
      .map(({ id }) => id);
    if (found.length === 0) this.problem(path, `no ${role ?? 'container'} in ${zone ?? 'the topology'}`, 'some');
    return this.#pickOf(found, pick, path, 'containers');
  }

  links(selector: LinkSelector, path: WordPath): string[] {
    const { links, containers } = this.laid;
    if (Array.isArray(selector)) return this.#named(selector, path);
    const { from, to, port, plane, both = false, pick } = selector;
    const everything = new Set(['host', ...containers.map(({ id }) => id)]);
    const sources = from === undefined ? everything : new Set(this.containers(from, [...path, 'from']));
    const destinations = to === undefined ? everything : new Set(this.containers(to, [...path, 'to']));
    const between = links.filter(
      (link) =>
        (plane === undefined || link.plane === plane) &&
        ((sources.has(link.source) && destinations.has(link.destination)) ||
          (both && destinations.has(link.source) && sources.has(link.destination))),
    );
    const found = between.filter((link) => port === undefined || link.upstream.port === port).map(({ id }) => id);
    if (found.length === 0 && between.length > 0) this.problem(path, `no link to port ${port}`, oneOf(between));
    else if (found.length === 0 && sources.size > 0 && destinations.size > 0) {
      this.problem(path, 'no link', 'at least one between these');
    }
    return this.#pickOf(found, pick, path, 'links');
  }

  seconds(raw: string, path: WordPath): number {
    return this.#quantity(() => parseSeconds(raw), raw, path);
  }
  mbit(raw: string, path: WordPath): number {
    return this.#quantity(() => parseMbit(raw), raw, path);
  }
  bytes(raw: string, path: WordPath): number {
    return this.#quantity(() => parseBytes(raw), raw, path);
  }
  share(raw: string | number, path: WordPath): number {
    return this.#quantity(() => parseShare(raw), String(raw), path);
  }

  problem(path: WordPath, found: string, expected: string): void {
    const { problems, fault } = this.#options;
    const problem = problemAt(fault.placeOf([fault.kind, ...path]), found, expected);
    const { file, line, column } = problem;
    // What follows from a mistake is not worth saying at the same place.
    if (problems.some((one) => one.file === file && one.line === line && one.column === column)) return;
    problems.push(problem);
  }

  #quantity(parse: () => number, raw: string, path: WordPath): number {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      this.problem(path, `\`${raw}\``, error.expected);
      return 0;
    }
  }

  #known(id: string, known: readonly string[], path: WordPath, what: string): boolean {
    if (known.includes(id)) return true;
    this.problem(path, `the ${what} \`${id}\``, expectedName(id, known, what));
    return false;
  }

  /** Those of `ids` that a pattern stands for, in the order of `ids`; `*` is any part. */
  #matching(patterns: readonly string[], ids: readonly string[], path: WordPath, what: string): string[] {
    const chosen = new Set<string>();
    for (const [i, pattern] of patterns.entries()) {
      const expression = matcher(pattern);
      const matching = ids.filter((id) => expression.test(id));
      if (matching.length === 0) {
        this.problem([...path, i], `the ${what} \`${pattern}\``, expectedName(pattern, ids, what));
      }
      for (const id of matching) chosen.add(id);
    }
    return ids.filter((id) => chosen.has(id));
  }

  /** Links that names such as `a1->a2:7000@primary` mean, in the order of the plan. */
  #named(names: readonly string[], path: WordPath): string[] {
    const { links } = this.laid;
    const chosen = new Set<string>();
    for (const [i, name] of names.entries()) {
      const meant = links.filter((link) => meansLink(name, link));
      if (meant.length === 0) {
        const between = links.filter((link) => meansEnds(name, link));
        const expected =
          between.length === 0
            ? expectedName(name, links.map(name.includes(':') ? fullNameOf : ({ id }) => id), 'link')
            : oneOf(between);
        this.problem([...path, i], `the link \`${name}\``, expected);
      }
      for (const { id } of meant) chosen.add(id);
    }
    return links.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  }

  #pickOf(found: readonly string[], pick: number | undefined, path: WordPath, what: string): string[] {
    if (pick === undefined) return [...found];
    if (pick > found.length)
      this.problem([...path, 'pick'], `${pick} ${what}`, `at most the ${found.length} there are`);
    return this.#picked(found, pick);
  }

  /** So many of them, in their own order: the order of drawing means nothing. */
  #picked(ids: readonly string[], count: number): string[] {
    const drawn = new Set(this.random.shuffled(ids).slice(0, count));
    return ids.filter((id) => drawn.has(id));
  }
}
