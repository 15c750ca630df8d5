import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { scenarioSchema } from './scenario-schema.ts';

export const SCHEMA_FILE = resolve(import.meta.dirname, '../../docs/schemas/scenario.schema.json');

/** The scenario's JSON Schema (draft 2020-12) as text, for editors and for other tools. */
export function scenarioSchemaText(): string {
  const { $schema, ...schema } = z.toJSONSchema(scenarioSchema, { io: 'input' });
  const titled = { $schema, title: 'Zonestorm scenario', ...schema };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

// Run as a program it writes the file: `node harness/scenario/publish-schema.ts`.
if (import.meta.main) {
  await mkdir(dirname(SCHEMA_FILE), { recursive: true });
  await writeFile(SCHEMA_FILE, scenarioSchemaText());
}
