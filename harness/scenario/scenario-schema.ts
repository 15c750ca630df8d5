import { z } from 'zod';
import { DURATION_PATTERN } from './quantity.ts';
import { strictObject } from './zod-problems.ts';

/** Bounds that keep a mistyped file from starting a run nobody meant. */
const PHASES_MAX = 50;
const EXPECTATIONS_MAX = 100;

const duration = z
  .string({ error: 'a duration with its unit, like 2.5s or 750ms' })
  .meta({ pattern: DURATION_PATTERN, examples: ['2.5s', '750ms'] });
const scalar = z.union([z.string(), z.number(), z.boolean()], { error: 'one value: a number, text, true or false' });
const oneOfEach = (names: readonly string[]) => `one of ${names.join(', ')}`;

const pick = strictObject({
  pick: z.int({ error: 'a whole number above 0' }).min(1, { error: 'a whole number above 0' }),
}).describe('So many nodes of the zone, drawn by the seed.');
const nodes = z
  .union([pick, z.array(z.string()).min(1)], { error: '`{ pick: N }` or a list of node ids' })
  .describe('The nodes that a fault is aimed at.');

const misroute = strictObject({
  zone: z.string(),
  nodes,
  connections: z
    .enum(['kept', 'closed'])
    .describe('`kept`: routes change under open connections. `closed`: the connections end and are dialled anew.'),
}).describe('All bytes to these nodes leave the primary plane and cross the replication plane instead.');
const cut = strictObject({
  links: z.array(z.string()).min(1).describe('Link ids such as `a1->a2@replication`; `*` stands for any part.'),
}).describe('These links carry nothing.');
const kill = strictObject({
  containers: z.array(z.string()).min(1).optional(),
  zone: z.string().optional(),
  nodes: nodes.optional(),
})
  .refine(
    (k) =>
      (k.containers === undefined) !== (k.zone === undefined) && (k.zone === undefined) === (k.nodes === undefined),
    {
      error: 'either `containers`, or `zone` and `nodes`',
    },
  )
  .describe('SIGKILL; the disks are kept and the containers started again when the phase ends.');

const faults = { misroute: misroute.optional(), cut: cut.optional(), kill: kill.optional() };
export const FAULT_KINDS = Object.keys(faults);
const fault = strictObject(faults).refine((f) => Object.keys(f).length === 1, { error: oneOfEach(FAULT_KINDS) });

const phase = strictObject({
  for: duration.optional().describe('The phase lasts exactly this long.'),
  until: z
    .enum(['recovered', 'mirrored'])
    .optional()
    .describe(
      '`recovered`: fewer than 1 % of volumes stuck, held. `mirrored`: every volume has two confirmed replicas.',
    ),
  atMost: duration.optional().describe('With `until`: the phase ends after this long in any case.'),
  faults: z.array(fault).optional().describe('Applied when the phase begins, reverted in reverse order when it ends.'),
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
export const scenarioSchema = strictObject({
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'a name of lower-case letters, digits and hyphens' }),
  title: z.string().min(1),
  extends: z
    .string()
    .optional()
    .describe(
      'Another scenario file: what stands here replaces its part there; parameters, presets and switches merge by ' +
        'name, but for values of phases (`phases.…`) when there are phases here.',
    ),
  topology: z.string().optional().describe('The Compose file, relative to this file.'),
  defaultPreset: z.string().optional(),
  parameters: z
    .record(z.string(), strictObject({ value: scalar.optional(), origin, why }))
    .optional()
    .describe('Every number of the model: its value unless a preset gives it, where it comes from, and why.'),
  presets: z.record(z.string(), values).optional().describe('Sizes of the scenario: values by parameter name.'),
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
        .record(z.string(), phase)
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
export type ScenarioFile = z.infer<typeof scenarioSchema>;
export type FaultFile = z.infer<typeof fault>;
