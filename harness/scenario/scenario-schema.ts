import { z } from 'zod';
import type { ActionLanguage } from './action-language.ts';
import type { FaultLanguage } from './fault-language.ts';
import { folderName } from './names.ts';
import { DURATION_PATTERN } from './quantity.ts';
import { strictObject } from './zod-problems.ts';

/** Bounds that keep a mistyped file from starting a run nobody meant. */
const PHASES_MAX = 50;
const EXPECTATIONS_MAX = 100;
const REPETITIONS_MAX = 1000;

const duration = z
  .string({ error: 'a duration with its unit, like 2.5s or 750ms' })
  .meta({ pattern: DURATION_PATTERN, examples: ['2.5s', '750ms'] });
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'one value: a number, text, true or false' });
const oneOfEach = (names: readonly string[]) => `one of ${names.join(', ')}`;

/** When a fault is applied and put back; every kind takes these beside its own words. */
export const timing = {
  at: z
    .union([duration, strictObject({ between: z.tuple([duration, duration]) })], {
      error: 'a duration with its unit, like 2.5s, or `{ between: [1s, 5s] }`',
    })
    .optional()
    .describe('Applied so long after the phase begins; `between`: drawn by the seed. Left out: at once.'),
  for: duration.optional().describe('Reverted after so long. Left out: when the phase ends.'),
  every: duration
    .optional()
    .describe(
      'Applied again so long after the last time; needs `times`, and `for` where the fault does not end by itself.',
    ),
  times: z
    .int({ error: 'a whole number above 1' })
    .min(2, { error: 'a whole number above 1' })
    .max(REPETITIONS_MAX)
    .optional()
    .describe('How often in all. What a fault draws, it draws anew each time.'),
};
const TIMING_KEYS = Object.keys(timing);

/** A fault in a phase: one kind with its words, and when. */
function faultSchema(language: FaultLanguage) {
  const kinds = language.map(({ kind }) => kind);
  const words = Object.fromEntries(
    language.map(({ kind, words, summary }) => [kind, words.optional().describe(summary)]),
  );
  return strictObject({ ...words, ...timing })
    .refine((f) => Object.keys(f).filter((key) => !TIMING_KEYS.includes(key)).length === 1, { error: oneOfEach(kinds) })
    .refine((f) => (f.every === undefined) === (f.times === undefined), { error: '`every` and `times` together' });
}

export const actionTiming = {
  at: timing.at.describe(
    'Begun so long after the phase begins: a parameter, `phases.PHASE.ACTION.at`; `between`: drawn by the seed.',
  ),
};

/** An action in a phase: one kind with its words, and when. */
function actionSchema(language: ActionLanguage) {
  const kinds = language.map(({ kind }) => kind);
  const words = Object.fromEntries(
    language.map(({ kind, words: said, summary }) => [kind, said.optional().describe(summary)]),
  );
  return strictObject({ ...words, ...actionTiming }).refine(
    (action) => Object.keys(action).filter((key) => key !== 'at').length === 1,
    { error: oneOfEach(kinds) },
  );
}

const phaseSchema = (language: FaultLanguage, actions: ActionLanguage) =>
  strictObject({
    for: duration.optional().describe('The phase lasts exactly this long.'),
    until: z
      .enum(['recovered', 'mirrored'])
      .optional()
      .describe(
        '`recovered`: fewer than 1 % of volumes stuck, held. `mirrored`: every volume has two confirmed replicas.',
      ),
    atMost: duration.optional().describe('With `until`: the phase ends after this long in any case.'),
    faults: z
      .array(faultSchema(language))
      .optional()
      .describe(
        'Applied when the phase begins or at their times, reverted in reverse order when it ends at the latest.',
      ),
    actions: z
      .array(actionSchema(actions))
      .optional()
      .describe('What operators do, each at its time; nothing of it is put back when the phase ends.'),
  }).refine(
    (p) => (p.for !== undefined) !== (p.until !== undefined) && (p.until === undefined) === (p.atMost === undefined),
    {
      error: 'either `for`, or `until` and `atMost`',
    },
  );

const origin = z
  .enum(['chosen', 'stated', 'derived'])
  .describe('`stated` only for what a public source states; what this model picked is `chosen`.');
const why = z.string().min(1, { error: 'one sentence' });
const values = z.record(z.string(), scalar);

/** A scenario file as a person writes it. Values of parameters are read by the parameter catalogue. */
export const scenarioSchema = (language: FaultLanguage, actions: ActionLanguage = []) =>
  strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, { error: 'a name of lower-case letters, digits and hyphens' }),
    title: z.string().min(1),
    extends: z
      .string()
      .optional()
      .describe(
        'Another scenario file: what stands here replaces its part there; parameters, presets and switches merge by ' +
          'name, but for values of phases (`phases.…`) when there are phases here.',
      ),
    topology: z.string().optional().describe('The Compose file, relative to this file.'),
    event: z
      .string()
      .optional()
      .describe('A file of what is publicly known of an event, relative to this file; reports set the run beside it.'),
    defaultPreset: z.string().optional(),
    parameters: z
      .record(z.string(), strictObject({ value: scalar.optional(), origin, why }))
      .optional()
      .describe('Every number of the model: its value unless a preset gives it, where it comes from, and why.'),
    presets: z.record(folderName, values).optional().describe('Sizes of the scenario: values by parameter name.'),
    switches: z
      .record(
        z.string(),
        strictObject({ origin, why, set: values.optional(), presets: z.record(z.string(), values).optional() }),
      )
      .optional()
      .describe('Named sets of values, off unless asked for by `--set NAME=true`.'),
    phases: z
      .array(
        z
          .record(z.string(), phaseSchema(language, actions))
          .refine((p) => Object.keys(p).length === 1, { error: 'one phase: `- name: { for: 8s }`' }),
      )
      .min(1, { error: 'at least one phase' })
      .max(PHASES_MAX)
      .optional(),
    expect: z
      .array(z.string({ error: 'an expectation as text (in quotes when it holds a colon and a space)' }))
      .max(EXPECTATIONS_MAX)
      .optional(),
  });
export type ScenarioFile = z.infer<ReturnType<typeof scenarioSchema>>;
