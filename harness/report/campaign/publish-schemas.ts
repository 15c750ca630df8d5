import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { boundarySchema } from '../../campaign/boundary.ts';
import { comparisonSchema } from '../../campaign/comparison.ts';
import { sweepSchema } from '../../campaign/sweep.ts';

const published = (name: string, schema: z.ZodType) => {
  const title = `Zonestorm’s ${name}.json, schemaVersion 1`;
  return {
    name,
    file: fileURLToPath(new URL(`../../../docs/schemas/${name}.schema.json`, import.meta.url)),
    text: `${JSON.stringify({ ...z.toJSONSchema(schema, { target: 'draft-2020-12' }), title }, null, 2)}\n`,
  };
};

/** Where the JSON Schemas of what campaigns write are published, and their texts, made from the one zod schema each. */
export const CAMPAIGN_SCHEMAS = [
  published('compare', comparisonSchema),
  published('sweep', sweepSchema),
  published('boundary', boundarySchema),
] as const;

if (import.meta.main) for (const { file, text } of CAMPAIGN_SCHEMAS) await writeFile(file, text);
