import { resolve } from 'node:path';
import { z } from 'zod';
import type { ActionLanguage } from './action-language.ts';
import type { FaultLanguage } from './fault-language.ts';
import { scenarioSchema } from './scenario-schema.ts';

export const SCHEMA_FILE = resolve(import.meta.dirname, '../../docs/schemas/scenario.schema.json');

/** The scenario's JSON Schema (draft 2020-12) as text, for editors and for other tools. */
export function scenarioSchemaText(language: FaultLanguage, actions: ActionLanguage): string {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema(language, actions), { io: 'input' });
  const titled = { $schema, title: 'Zonestorm scenario', ...schema };
  return `${JSON.stringify(titled, null, 2)}\n`;
}
