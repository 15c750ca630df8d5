import { resolve } from 'node:path';
import { z } from 'zod';
import type { ActionLanguage } from './action-language.ts';
import { eventSchema } from './event-schema.ts';
import type { FaultLanguage } from './fault-language.ts';
import { scenarioSchema } from './scenario-schema.ts';

export const EVENT_SCHEMA_FILE = resolve(import.meta.dirname, '../../docs/schemas/event.schema.json');
export const SCHEMA_FILE = resolve(import.meta.dirname, '../../docs/schemas/scenario.schema.json');

/** The scenario's JSON Schema (draft 2020-12) as text, for editors and for other tools. */
export function scenarioSchemaText(language: FaultLanguage, actions: ActionLanguage): string {
  return schemaText('Zonestorm scenario', scenarioSchema(language, actions));
}

/** The same of an event's file. */
export const eventSchemaText = (): string => schemaText('Zonestorm event', eventSchema);

function schemaText(title: string, of: z.ZodType): string {
  const { $schema, ...schema } = z.toJSONSchema(of, { io: 'input' });
  return `${JSON.stringify({ $schema, title, ...schema }, null, 2)}\n`;
}
