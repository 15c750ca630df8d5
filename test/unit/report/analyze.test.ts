import { readFile } from 'node:fs/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { analyze } from '../../../harness/report/analyze.ts';
import { RESULT_SCHEMA_FILE, resultJsonSchema } from '../../../harness/report/publish-schema.ts';
import { formatResult } from '../../../harness/report/result-json.ts';
import { resultSchema } from '../../../harness/report/result-schema.ts';
import { realisticRun } from '../measure/realistic-run.ts';
import { runStart } from '../measure/record-builders.ts';
import { smallPlan } from '../measure/small-plan.ts';

const { plan, records } = realisticRun();
const result = analyze(plan, records);

describe('analyze', () => {
  test('gives the same bytes for the same plan and records, in whatever order they arrived', () => {
    const text = formatResult(result);
    expect(formatResult(analyze(plan, records))).toBe(text);
    const byKind = records.toSorted((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.t - b.t));
    expect(formatResult(analyze(plan, byKind))).toBe(text);
    expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(result)));
  });

  test.each([
    ['of a whole run', result],
    ['of a run that stopped at its first record', analyze(plan, [runStart(1)])],
    ['of an empty history', analyze(smallPlan(), [])],
    ['of a plan without a fault', analyze(smallPlan({ faults: [] }), records)],
    ['of a plan without volumes', analyze(smallPlan({ volumes: [] }), [])],
  ])('the result %s is valid by both schemas', (_, candidate) => {
    expect(() => resultSchema.parse(candidate)).not.toThrow();
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(resultJsonSchema()));
    validate(JSON.parse(formatResult(candidate)));
    expect(validate.errors).toBeNull();
  });

  test('a run of which nothing is known is inconclusive, and nothing in it is 0 s', () => {
    const nothing = analyze(smallPlan(), []);
    expect(nothing.verdict.outcome).toBe('inconclusive');
    expect(nothing.storm).toMatchObject({ stormSeconds: null, mirroredSeconds: null, stuckShareAt10s: null });
    expect(nothing.trigger).toMatchObject({ seconds: null, secondsReason: 'no fault was applied' });
    expect(nothing.loss).toMatchObject({ freeSlotsBefore: null, freeSlotsBeforeReason: expect.any(String) });
  });

  test('what happened is told from the numbers', () => {
    expect(result.whatHappened[0]).toContain('28 of use1-a’s 60 volumes lost their partner');
    expect(result.whatHappened[1]).toContain('20.0 % of 60 volumes were stuck');
    const calm = analyze(
      plan,
      records.filter(({ kind }) => kind !== 'volume' && kind !== 'io' && kind !== 'detector'),
    );
    expect(calm.whatHappened[0]).toContain('no node lost another');
    expect(calm.whatHappened[1]).toContain('No operation of the instances hung');
  });

  test('the curves lie on one time axis and add up', () => {
    const { volumes, queues } = result.series;
    const sums = volumes.at.map((_, index) =>
      [volumes.mirrored, volumes.degraded, volumes.stuck].reduce((sum, curve) => sum + (curve[index] ?? Number.NaN), 0),
    );
    expect(new Set(sums)).toEqual(new Set([60]));
    expect(volumes.at).toContain(0);
    for (const curve of Object.values(queues.payloadMbit)) expect(curve.length).toBe(queues.at.length);
  });
});

test('the published schema is fresh: node harness/report/publish-schema.ts', async () => {
  expect(await readFile(RESULT_SCHEMA_FILE, 'utf8')).toBe(resultJsonSchema());
});
