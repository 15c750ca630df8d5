import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { resultSchema } from './result-schema.ts';

/** Where the JSON Schema of `result.json` is published. */
export const RESULT_SCHEMA_FILE = fileURLToPath(new URL('../../docs/schemas/result.schema.json', import.meta.url));

/** The published schema's text: JSON Schema 2020-12, made from the one zod schema. */
export function resultJsonSchema(): string {
  const schema = z.toJSONSchema(resultSchema, { target: 'draft-2020-12' });
  const title = 'A Zonestorm run’s result.json, schemaVersion 2';
  return `${JSON.stringify({ ...schema, title }, null, 2)}\n`;
}

if (import.meta.main) await writeFile(RESULT_SCHEMA_FILE, resultJsonSchema());
