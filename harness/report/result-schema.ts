import { z } from 'zod';
import { judgedSchema } from '../check/judge-expectation.ts';
import { problemSchema } from '../check/problem.ts';
import { outcomeSchema } from '../check/verdict.ts';
import { agreementSchema } from '../measure/agreement.ts';
import { zoneOperationsSchema } from '../measure/application.ts';
import { blockIoSchema } from '../measure/block-io.ts';
import { controlPlaneSchema } from '../measure/control.ts';
import { copySchema } from '../measure/copy.ts';
import { crashesSchema } from '../measure/crashes.ts';
import { databasesSchema } from '../measure/databases.ts';
import { doseSchema } from '../measure/dose.ts';
import { electionsSchema } from '../measure/elections.ts';
import { fabricSchema } from '../measure/fabric.ts';
import { ledgerSchema } from '../measure/ledger.ts';
import { machineSchema } from '../measure/load-on-machine.ts';
import { lossSchema } from '../measure/loss.ts';
import { recordedSchema } from '../measure/misfits.ts';
import { multiZoneSchema } from '../measure/multi-zone.ts';
import { operatorSchema } from '../measure/operator.ts';
import { queueSchema } from '../measure/queues.ts';
import { searchSchema } from '../measure/search.ts';
import { seriesSchema } from '../measure/series.ts';
import { snapshotsSchema } from '../measure/snapshots.ts';
import { stormSchema } from '../measure/storm.ts';
import { triggerSchema } from '../measure/trigger.ts';
import { besideEventSchema } from './beside-event.ts';

const phaseSchema = z.strictObject({
  name: z.string(),
  fromSeconds: z.number(),
  toSeconds: z.number(),
  faults: z.array(z.string()),
});

const parameterSchema = z.strictObject({
  name: z.string(),
  value: z.union([z.number(), z.string(), z.boolean()]),
  unit: z.string(),
  origin: z.enum(['chosen', 'stated', 'derived']).describe('chosen: ours, not a historic fact; stated: by a source'),
  why: z.string(),
});

const environmentSchema = z
  .strictObject({
    zonestorm: z.string(),
    node: z.string(),
    engine: z.string(),
    kernel: z.string(),
    cpus: z.number(),
    images: z.record(z.string(), z.string()),
  })
  .describe('As the run recorded it');

/** `result.json`. A thing that did not happen is `null`, with a reason beside it; never 0. */
export const resultSchema = z.strictObject({
  schemaVersion: z.literal(2),
  run: z.strictObject({
    id: z.string().nullable(),
    startedAt: z.string().nullable().describe('Wall clock, ISO 8601'),
    outcome: z.enum(['completed', 'deadline', 'interrupted', 'broken']).nullable().describe('`null`: no end recorded'),
    outcomeReason: z.string().nullable(),
    measuredSeconds: z.number().describe('From the first phase’s begin to the last one’s end'),
    notes: z.array(z.string()).describe('What is left out of the history, and why'),
  }),
  scenario: z.strictObject({
    name: z.string(),
    title: z.string(),
    preset: z.string(),
    seed: z.number(),
    overrides: z.record(z.string(), z.string()),
  }),
  verdict: z.strictObject({
    outcome: outcomeSchema,
    problems: z.array(problemSchema).describe('Why it is inconclusive or failed; empty when it passed'),
  }),
  whatHappened: z.array(z.string()).describe('A few sentences made of the measured numbers'),
  expectations: z.array(judgedSchema),
  history: recordedSchema.optional().describe('Left out of results from before it was counted'),
  phases: z.array(phaseSchema).describe('Times in seconds since the trigger’s begin'),
  trigger: triggerSchema,
  loss: lossSchema,
  storm: stormSchema,
  besideTheEvent: besideEventSchema
    .optional()
    .describe('The run beside what is known of the event; left out where the scenario names none'),
  search: searchSchema,
  crashes: crashesSchema,
  copy: copySchema,
  elections: electionsSchema,
  controlPlane: controlPlaneSchema,
  operator: operatorSchema,
  snapshots: snapshotsSchema,
  dose: doseSchema,
  fabric: fabricSchema,
  agreement: z.array(agreementSchema),
  queues: z.array(queueSchema),
  applications: z.array(zoneOperationsSchema),
  blockIo: z.array(blockIoSchema),
  databases: databasesSchema,
  multiZone: multiZoneSchema.optional().describe('Left out of results from before there were such databases'),
  ledger: ledgerSchema,
  machine: machineSchema,
  parameters: z.array(parameterSchema),
  environment: environmentSchema.nullable(),
  series: seriesSchema,
});
export type Result = z.infer<typeof resultSchema>;
