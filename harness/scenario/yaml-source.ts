import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { BadInputError, type Place, type Problem, problemAt, throwIfAny } from './bad-input-error.ts';

/** A YAML file read as plain data, which still knows where each of its values stands. */
export interface YamlSource {
  readonly file: string;
  readonly value: unknown;
  /**
   * Where the value (its key, or its text after an opening quote) at `path` was written; for a path that is not
   * there, its nearest ancestor's key.
   */
  placeOf(path: readonly PropertyKey[], part?: 'key' | 'value' | 'text'): Place;
}

/** Larger files are refused, unless the caller expects them: a scenario is written by a person. */
const CHARACTERS_MAX = 1024 * 1024;

type Doc = Document.Parsed;

function resolved(node: unknown, doc: Doc): Node | undefined {
  if (isAlias(node)) return node.resolve(doc);
  return isNode(node) ? node : undefined;
}

/** The library reads a plain `<<` as a symbol of that name. */
function isMergeKey({ key }: Pair): boolean {
  if (!isScalar(key)) return false;
  return key.value === '<<' || (typeof key.value === 'symbol' && key.value.description === '<<');
}

/** The pair of `key` in `map`, looked for in merged maps (`<<`) when the map itself has none. */
function pairOf(map: YAMLMap, key: PropertyKey, doc: Doc): Pair | undefined {
  const own = map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === String(key));
  if (own !== undefined) return own;
  for (const merge of map.items.filter(isMergeKey)) {
    const target = resolved(merge.value, doc);
    const sources = isSeq(target) ? target.items.map((item) => resolved(item, doc)) : [target];
    for (const source of sources) {
      const inherited = isMap(source) ? pairOf(source, key, doc) : undefined;
      if (inherited !== undefined) return inherited;
    }
  }
  return undefined;
}

/** The alias that leads back to a node that contains it. Every node is visited once, so aliases cannot multiply. */
function findCycle(doc: Doc): Alias | undefined {
  const open = new Set<Node>();
  const done = new Set<Node>();
  const visit = (node: unknown): Alias | undefined => {
    if (isPair(node)) return visit(node.key) ?? visit(node.value);
    const target = resolved(node, doc);
    if (target === undefined || done.has(target)) return undefined;
    if (open.has(target)) return isAlias(node) ? node : undefined;
    open.add(target);
    const items = isMap(target) || isSeq(target) ? target.items : [];
    for (const item of items) {
      const found = visit(item);
      if (found !== undefined) return found;
    }
    open.delete(target);
    done.add(target);
    return undefined;
  };
  return visit(doc.contents);
}

/** Parses YAML 1.2 with merge keys. All syntax errors are reported at once, as one {@link BadInputError}. */
export function parseYaml(file: string, text: string, charactersMax = CHARACTERS_MAX): YamlSource {
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const start: Place = { file, line: 1, column: 1 };
  if (text.length > charactersMax) {
    throw new BadInputError(problemAt(start, `${text.length} characters`, `at most ${charactersMax}`));
  }
  const doc = parseDocument(text, { merge: true, lineCounter: lines, prettyErrors: false });
  // A warning is a tag or a directive that YAML would ignore: a person meant something by it.
  const problems: Problem[] = [...doc.errors, ...doc.warnings].map((error) =>
    problemAt(at(error.pos[0]), `bad YAML (${error.message.replace(/\s+/g, ' ')})`, 'a YAML file'),
  );
  throwIfAny(problems);
  const cycle = findCycle(doc);
  if (cycle !== undefined) {
    const found = `the alias \`*${cycle.source}\` inside its own anchor`;
    throw new BadInputError(problemAt(at(cycle.range?.[0] ?? 0), found, 'an anchor that does not contain itself'));
  }
  let value: unknown;
  try {
    value = doc.toJS();
  } catch (error) {
    const found = `bad YAML (${error instanceof Error ? error.message : String(error)})`;
    throw new BadInputError(problemAt(start, found, 'a YAML file with few aliases'));
  }
  return {
    file,
    value,
    placeOf(path, part = 'value') {
      let node = resolved(doc.contents, doc);
      let key: Node | undefined;
      for (const [depth, step] of path.entries()) {
        let next: unknown;
        if (isMap(node)) {
          const pair = pairOf(node, step, doc);
          if (pair === undefined) break;
          key = isNode(pair.key) ? pair.key : key;
          next = pair.value;
        } else if (isSeq(node)) {
          next = node.items[Number(step)];
          if (next === undefined) break;
          key = isNode(next) ? next : key;
        } else break;
        if (depth === path.length - 1) {
          const own = part !== 'key' && isNode(next) && next.range ? next : key;
          const quote = part === 'text' && isScalar(own) && own.type?.startsWith('QUOTE') ? 1 : 0;
          return own?.range ? at(own.range[0] + quote) : start;
        }
        node = resolved(next, doc);
      }
      return key?.range ? at(key.range[0]) : start;
    },
  };
}
