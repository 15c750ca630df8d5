import { z } from 'zod';

/**
 * `campaign.json`: what a campaign was begun with. Whoever goes on with it must ask for the same, or runs of two
 * different questions would stand in one table.
 */
export const askedSchema = z.strictObject({
  schemaVersion: z.literal(1),
  command: z.enum(['compare', 'sweep', 'boundary']),
  scenario: z.string(),
  preset: z.string(),
  seeds: z.array(z.number()),
  set: z.record(z.string(), z.string()).describe('`--set`, for all arms'),
  arms: z
    .array(z.strictObject({ name: z.string(), settings: z.record(z.string(), z.string()) }))
    .describe('The control first, in a comparison; the two ends, of a boundary'),
  tolerance: z.number().nullable().describe('Of a boundary'),
  outlives: z.number().nullable().describe('Of a boundary: so many times its trigger'),
  shaping: z.enum(['kernel', 'toxiproxy']).nullable().describe('As asked for'),
  plans: z.string().describe('Digest of the plans, without addresses, paths and reasons'),
});
export type Asked = z.infer<typeof askedSchema>;

const NAMES: Readonly<Record<keyof Asked, string>> = {
  schemaVersion: 'the version of campaign.json',
  command: 'the command',
  scenario: 'the scenario',
  preset: '--preset',
  seeds: '--seeds',
  set: '--set',
  arms: 'the arms',
  tolerance: '--tolerance',
  outlives: '--outlives',
  shaping: '--shaping',
  plans: 'the plans: the scenario, its topology or zonestorm has changed since',
};

/** In words, what is asked for now and was not then; empty when nothing. */
export function differences(then: Asked, now: Asked): readonly string[] {
  const keys = (Object.keys(NAMES) as (keyof Asked)[]).filter((key) => show(then[key]) !== show(now[key]));
  // Other arguments make other plans: one reason for a difference is enough.
  const told = keys.length > 1 ? keys.filter((key) => key !== 'plans') : keys;
  return told.map((key) => `${NAMES[key]}: ${show(then[key])} then, ${show(now[key])} now`);
}

function show(value: unknown): string {
  if (Array.isArray(value)) return value.map(show).join(' ');
  if (typeof value !== 'object' || value === null) return value === null ? 'none' : String(value);
  if ('name' in value && 'settings' in value) return `${value.name}:${show(value.settings)}`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? 'none' : entries.map(([key, item]) => `${key}=${item}`).join(',');
}
