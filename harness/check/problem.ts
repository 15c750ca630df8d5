import { z } from 'zod';

/** Something that keeps a run from proving anything, with its numbers. */
export const problemSchema = z.strictObject({
  check: z.enum([
    'run',
    'history',
    'baseline',
    'dose',
    'fabric',
    'operator',
    'agreement',
    'validity',
    'verification',
    'expectation',
    'error',
  ]),
  what: z.string(),
});
export type Problem = z.infer<typeof problemSchema>;
