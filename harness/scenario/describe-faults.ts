import { z } from 'zod';
import type { FaultLanguage } from './fault-language.ts';
import { timing } from './scenario-schema.ts';
import { aligned, wrap } from './text-columns.ts';
import { strictObject } from './zod-problems.ts';

/** A fault as other tools read it; `words` is JSON Schema (draft 2020-12). */
export interface FaultDescription {
  readonly kind: string;
  readonly summary: string;
  readonly words: object;
  readonly example: string;
}

export const faultDescriptions = (language: FaultLanguage): FaultDescription[] => wordDescriptions(language);

/** The same of anything that a scenario may name with words of its own. */
export const wordDescriptions = (language: readonly Described[]): FaultDescription[] =>
  language.map(({ kind, summary, words, example }) => ({ kind, summary, words: schemaOf(words), example }));

/**
 * Every fault as plain text of at most 100 columns, for `zonestorm faults`: what it does, its words, an example, and
 * at the end what several of them share and the words that say when. It ends with a line feed.
 */
export const describeFaults = (language: FaultLanguage): string => describeWords(language, timing);

/** The same of anything with words of its own; `times`: the words beside any that say when. */
export function describeWords(language: readonly Described[], times: z.ZodRawShape): string {
  const schemas = language.map(({ words }) => schemaOf(words));
  const shared = sharedWords(schemas);
  const faults = language.flatMap(({ kind, summary, example }, i) => [
    ...wrap(`${kind}: ${summary}`, 0),
    ...wordLines(schemas[i] ?? {}, shared),
    ...wrap(`- ${example}`, 2),
    '',
  ]);
  const when = wordLines(schemaOf(strictObject(times)));
  const several = shared.size === 0 ? [] : ['words of several', ...columns([...shared]), ''];
  return `${[...faults, ...several, 'when, beside any', ...when].join('\n')}\n`;
}

type Described = Pick<FaultLanguage[number], 'kind' | 'summary' | 'words' | 'example'>;

type Schema = z.core.JSONSchema.BaseSchema;

const schemaOf = (words: z.ZodType): Schema => z.toJSONSchema(words, { io: 'input' });

/** Descriptions that stand at the same word of more than one fault, said once: name -> description. */
function sharedWords(schemas: readonly Schema[]): ReadonlyMap<string, string> {
  const all = schemas.flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, schema]) => descriptionOf(schema).map((text) => ({ name, text }))),
  );
  const several = Map.groupBy(all, ({ name, text }) => `${name} ${text}`)
    .values()
    .filter((same) => same.length > 1);
  return new Map(several.flatMap(([first]) => (first === undefined ? [] : [[first.name, first.text] as const])));
}

function wordLines(schema: Schema, shared: ReadonlyMap<string, string> = new Map()): string[] {
  const { properties = {}, required = [] } = schema;
  const rows = Object.entries(properties).map(([name, word]): [string, string] => {
    const said = descriptionOf(word).filter((text) => shared.get(name) !== text);
    return [required.includes(name) ? name : `${name}?`, [shapeOf(word), ...said].join('. ')];
  });
  return columns(rows);
}

function columns(rows: readonly (readonly [name: string, text: string])[]): string[] {
  const width = rows.reduce((most, [name]) => Math.max(most, name.length), 0);
  return aligned(rows).flatMap((line) => wrap(line, 2, width + 2));
}

const descriptionOf = (schema: z.core.JSONSchema._JSONSchema): string[] =>
  typeof schema === 'boolean' || schema.description === undefined ? [] : [schema.description];

/** `drop | stall`, `text`, `{ pick }`, `[text, …]`: what may stand there. */
function shapeOf(schema: z.core.JSONSchema._JSONSchema): string {
  if (typeof schema === 'boolean') return 'anything';
  if (schema.enum !== undefined) return schema.enum.join(' | ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(shapeOf).join(' | ');
  if (schema.type === 'array') return arrayShape(schema);
  if (schema.type === 'object') {
    const names = Object.keys(schema.properties ?? {});
    return `{ ${names.map((name) => (schema.required?.includes(name) ? name : `${name}?`)).join(', ')} }`;
  }
  const types: readonly string[] = [schema.type ?? []].flat();
  return types.map((type) => SHAPES[type] ?? type).join(' | ') || 'anything';
}

function arrayShape({ prefixItems, items }: Schema): string {
  if (prefixItems !== undefined) return `[${prefixItems.map(shapeOf).join(', ')}]`;
  return `[${items === undefined || Array.isArray(items) ? 'anything' : shapeOf(items)}, …]`;
}

const SHAPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true | false',
};
