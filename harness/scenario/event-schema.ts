import { z } from 'zod';
import { strictObject } from './zod-problems.ts';

/** Bounds that keep a mistyped file from making a report that nobody reads. */
const FACTS_MAX = 100;
const MEASURED_MAX = 10;

const sentence = z.string().min(1, { error: 'text' });
const url = z.url({ protocol: /^https?$/, error: 'a URL' });

const measured = strictObject({
  what: sentence.describe('What the number is, in a few words.'),
  metric: sentence.describe(
    'A measurement, or arithmetic of some, as in an expectation: `storm.seconds / trigger.seconds`.',
  ),
  unit: z
    .enum(['count', 'share', 's', 'bytes', 'Mbit/s', 'ratio'])
    .optional()
    .describe('Left out: that of the measurement. `share` shows `volumes.stuck / V` as per cent.'),
});

const fact = strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'a name of lower-case letters, digits and hyphens' }),
  what: sentence.describe('What it is about, in a few words.'),
  stated: sentence.describe('What the source states, and no more; where it gives no number, that it gives none.'),
  source: url.optional().describe('Left out: the source of the whole.'),
  measured: z.array(measured).max(MEASURED_MAX).optional().describe('What a run has beside it.'),
  notMeasured: sentence.optional().describe('Why a run has nothing beside it; needed where `measured` is left out.'),
  differs: sentence.describe('Where the model differs from the event, and why.'),
}).refine((f) => (f.measured?.length ?? 0) > 0 || f.notMeasured !== undefined, {
  error: '`measured`, or `notMeasured` with the reason',
});

/** What is publicly known of an event, beside which reports set what a run of the scenario measured. */
export const eventSchema = strictObject({
  name: sentence,
  source: url,
  facts: z
    .array(fact)
    .min(1, { error: 'at least one fact' })
    .max(FACTS_MAX)
    .refine((facts) => new Set(facts.map(({ id }) => id)).size === facts.length, { error: 'each `id` once' }),
});
export type EventFile = z.infer<typeof eventSchema>;
