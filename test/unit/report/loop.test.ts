import { expect, test } from 'vitest';
import { analyze } from '../../../harness/report/analyze.ts';
import { renderHtml } from '../../../harness/report/html/render-html.ts';
import { loopOf } from '../../../harness/report/loop.ts';
import type { Result } from '../../../harness/report/result-schema.ts';
import { realisticRun } from '../measure/realistic-run.ts';

const { plan, records } = realisticRun();
const result = analyze(plan, records);
const arrows = (of: Result) => new Map(loopOf(of).map((arrow) => [`${arrow.from}-${arrow.to}`, arrow]));
const had = (of: Result) => [...arrows(of)].filter(([, { happened }]) => happened).map(([name]) => name);

/** The same run with a control plane as a run of `loop` has it. */
function withUsers(busyPeak: number, confirmed: number): Result {
  const [period] = result.applications[0]?.periods ?? [];
  if (period === undefined) throw new Error('no period');
  const calls = (ok: number, offered: number) => [{ ...period, ok, offered, availability: ok / offered }];
  const pool = { name: 'all', workers: 16, busyPeak, queuedPeak: 0, queueMaxSeconds: 55, served: 1000 };
  return {
    ...result,
    controlPlane: {
      ...result.controlPlane,
      queueMaxSeconds: 55,
      pools: [pool],
      api: [{ zone: 'use1-a', shortName: 'a', call: 'createVolume', periods: calls(12, 240) }],
      nodeCalls: [
        { zone: 'use1-a', operation: 'elections', periods: calls(confirmed, 100) },
        { zone: 'use1-a', operation: 'confirm', periods: calls(confirmed, 100) },
      ],
    },
  };
}

test('a run without users and crashes has the search and the kept copies, and neither loop', () => {
  expect(had(result)).toEqual(['trigger-full', 'copies-full', 'full-search']);
  expect(arrows(result).get('trigger-full')?.lines).toEqual(['28 of 60 volumes lost theirs', '16 free slots for them']);
  expect(arrows(result).get('full-creations')?.lines).toContain('nobody created volumes');
});

test('the loop over the control plane, with its numbers', () => {
  const loop = withUsers(16, 4);
  expect(had(loop)).toEqual([
    'trigger-full',
    'full-creations',
    'creations-workers',
    'workers-confirmations',
    'confirmations-copies',
    'copies-full',
    'full-search',
  ]);
  expect(arrows(loop).get('full-creations')?.lines).toContain('12 of 240 creations answered');
  expect(arrows(loop).get('creations-workers')?.lines).toContain('16 of 16 workers busy at once');
  expect(arrows(loop).get('workers-confirmations')?.lines).toEqual([
    'up to 55.0 s until a worker is free',
    '4.0 % of 100 elections answered',
  ]);
});

test('with workers to spare, or every election answered, what follows from it is not there', () => {
  expect(had(withUsers(15, 4))).toEqual(['trigger-full', 'full-creations', 'copies-full', 'full-search']);
  expect(had(withUsers(16, 100))).toContain('creations-workers');
  expect(had(withUsers(16, 100))).not.toContain('workers-confirmations');
});

test('the page draws what the run did not have grey, and says so', async () => {
  const html = await renderHtml(result);
  expect(html).toContain('<h2>The loop</h2>');
  expect(html.match(/<svg class="loop /g)).toHaveLength(2);
  expect(html.match(/class="arrow missing"/g)).toHaveLength(2 * 6);
  expect(html.match(/not in this run</g)).toHaveLength(2 * 6);
});

test('a run in which nobody lost a partner has no such figure', async () => {
  const calm = { ...result, loss: { ...result.loss, volumesLosingPartner: 0 } };
  expect(loopOf(calm)).toEqual([]);
  expect(await renderHtml(calm)).not.toContain('The loop');
});
