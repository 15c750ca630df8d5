import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { armsOf } from '../../../harness/campaign/arms.ts';
import { COMPARED, chooseMetrics } from '../../../harness/campaign/choose-metrics.ts';
import { compare } from '../../../harness/campaign/comparison.ts';
import { digestOf } from '../../../harness/campaign/essence.ts';
import { parseMetricExpression } from '../../../harness/check/metric-expression.ts';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { plannedTurns } from '../../../harness/cli/planned-turns.ts';
import { type Campaign, commandOf, readCampaigns, unlike } from '../../../reproduction/campaigns.ts';
import { CLAIMS, plannedAt } from '../../../reproduction/claims.ts';
import { isCurrent } from '../../../reproduction/is-current.ts';
import { wholeOf } from '../../../reproduction/parts.ts';
import { judged, render } from '../../../reproduction/render.ts';
import { FULL, SIZES, sizeOf } from '../../../reproduction/sizes.ts';
import { take } from '../../../reproduction/take.ts';
import { counted, unfit } from '../campaign/observations.ts';

test.each(SIZES)('the page of $preset is what the committed campaigns make (npm run reproduction)', async (size) => {
  expect(readFileSync(join(size.folder, 'README.md'), 'utf8')).toBe(render(size, await readCampaigns(size.folder)));
});

test('every size has the same claims and campaigns, of its preset, and none is taken for another of them', async () => {
  for (const size of SIZES) {
    const commands = plannedAt(size.preset).map((one) => commandOf({ command: 'compare', ...one }, null, one.metrics));
    const page = render(size, []);
    for (const command of commands) {
      expect(command).toContain(`--preset ${size.preset} `);
      expect(page).toContain(`\`${command}\``);
    }
    for (const one of await readCampaigns(size.folder)) expect(one.asked.preset, one.name).toBe(size.preset);
  }
});

const evidences = CLAIMS.flatMap(({ statements }) => statements.map(({ evidence }) => evidence));

test('claims 1 to 7 are there, and every campaign that they need is planned with its arm', () => {
  expect(CLAIMS.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  for (const { campaign, arm } of evidences.filter((one) => one.campaign !== 'all')) {
    const planned = plannedAt('full').find(({ name }) => name === campaign);
    expect(planned?.arms.map(({ name }) => name)).toContain(arm);
  }
});

test('compare takes the arms of every planned campaign as they are, and adds none', () => {
  for (const { name, arms } of plannedAt('full')) expect(armsOf(arms), name).toEqual(arms);
});

test('a campaign measures what the claims ask of it', () => {
  const known = metricNames(['use1-a', 'use1-b']);
  for (const evidence of evidences.filter(({ campaign }) => campaign !== 'all')) {
    const planned = plannedAt('full').find(({ name }) => name === evidence.campaign);
    const measured = chooseMetrics(planned?.metrics ?? [], COMPARED, known).map(({ text }) => text);
    const asked = 'other' in evidence ? [evidence.metric, evidence.other] : evidence.shows;
    expect(measured).toEqual(expect.arrayContaining([...asked]));
  }
});

/** A campaign as `compare` leaves one; its runs are stood in for. */
function campaign(seeds: number): Campaign {
  const storm = (seed: number) => (seed === 2 ? 60 : { atLeast: 301 });
  const list = Array.from({ length: seeds }, (_, index) => index + 1);
  const observations = list.map((seed) => counted('2011', seed, storm(seed), { 'elections.conflicts': 0 }));
  const arms = [{ name: '2011', settings: {} }];
  const metrics = [parseMetricExpression('storm.seconds')];
  const asked = { scenario: 'ebs-2011', preset: 'full', seeds: list, set: {}, arms };
  return {
    name: 'arms',
    asked: {
      ...asked,
      schemaVersion: 1,
      command: 'compare',
      arms: [...arms, { name: 'perZonePool', settings: { perZonePool: 'true' } }],
      tolerance: null,
      outlives: null,
      shaping: null,
      plans: '',
    },
    comparison: compare({ ...asked, metrics, observations }),
    sweep: null,
    isCurrent: true,
  };
}
const [storm] = CLAIMS[0]?.statements ?? [];
const [conflicts, lost] = CLAIMS[5]?.statements ?? [];
const wordOf = (statement: typeof storm, campaigns: readonly Campaign[]) =>
  statement === undefined ? null : judged(statement, campaigns);

describe('a claim', () => {
  test('is not measured, of so many seeds so far, or judged, with its numbers', () => {
    expect(wordOf(storm, [])).toEqual({ outcome: 'not measured yet', measured: '–' });
    expect(wordOf(storm, [campaign(7)])?.outcome).toBe('7 of 8 seeds so far');
    expect(wordOf(storm, [campaign(8)])).toEqual({
      outcome: '**holds**',
      measured:
        'so in 7 of 8 (52.9 % … 97.8 %); 8 of 8 runs conclusive; ' +
        '`storm.seconds` median ≥ 301.0 s (60.0 s … ≥ 301.0 s, n = 8)',
    });
  });

  test('about a promise is not saved by a run being inconclusive', () => {
    expect(wordOf(conflicts, [campaign(8)])?.outcome).toBe('**holds**');
    const good = campaign(8);
    const bad = unfit(counted('2011', 9, 60, { 'ledger.lost': 3 }));
    const { comparison } = good;
    if (comparison === null) throw new Error('no comparison');
    const arms = [{ name: '2011', settings: {} }];
    const { runs } = compare({
      ...comparison,
      arms,
      metrics: [parseMetricExpression('ledger.lost')],
      observations: [bad],
    });
    const with9 = { ...good, name: 'flush', comparison: { ...comparison, runs: [...comparison.runs, ...runs] } };
    expect(wordOf(lost, [with9])?.outcome).toBe('**does not hold**');
  });
});

test('a claim about all seeds together is judged by their means', () => {
  const [affected] = CLAIMS[4]?.statements ?? [];
  const evidence = affected?.evidence;
  if (evidence === undefined || !('other' in evidence)) throw new Error('no claim about means');
  const { metric, other } = evidence;
  const of = (seeds: number): Campaign => {
    const one = campaign(seeds);
    const observations = one.asked.seeds.map((seed) => counted('2011', seed, 60, { [metric]: 0.5, [other]: 0.46 }));
    const metrics = [metric, other].map(parseMetricExpression);
    const { scenario, preset, set, arms, seeds: list } = one.asked;
    const comparison = compare({ scenario, preset, set, arms, seeds: list, metrics, observations });
    return { ...one, name: 'databases', comparison };
  };
  expect(wordOf(affected, [of(5)])).toEqual({
    outcome: '**holds**',
    measured: `mean \`${metric}\` 50.0 %, of \`${other}\` 46.0 % (n = 5); 5 of 5 runs conclusive`,
  });
  expect(wordOf(affected, [of(4)])?.outcome).toBe('4 of 5 seeds so far');
});

test('whether a scenario has changed since is told of its campaigns, and of what was judged by them', async () => {
  const [committed] = await readCampaigns(sizeOf('half').folder);
  if (committed === undefined) throw new Error('no campaign');
  const { asked } = committed;
  expect(await isCurrent(asked)).toBe(committed.isCurrent);
  const plans = digestOf((await plannedTurns(asked)).map(({ plan }) => plan));
  expect(await isCurrent({ ...asked, plans })).toBe(true);
  // Another parameter, one that is no more, and a preset that is no more.
  expect(await isCurrent({ ...asked, plans, set: { ...asked.set, 'storage.raceCloses': '9' } })).toBe(false);
  expect(await isCurrent({ ...asked, plans, set: { 'storage.gone': '1' } })).toBe(false);
  expect(await isCurrent({ ...asked, plans, preset: 'gone' })).toBe(false);

  const old = { ...campaign(8), isCurrent: false };
  expect(wordOf(storm, [old])?.outcome).toBe('**holds** (parameters have changed since)');
  expect(wordOf(conflicts, [campaign(8), { ...old, name: 'null' }])?.outcome).toMatch(/changed since\)$/);
  expect(wordOf(storm, [campaign(8), { ...old, name: 'null' }])?.outcome).toBe('**holds**');
  expect(render(FULL, [old])).toContain('0 to do; parameters have changed since |');
  expect(render(FULL, [campaign(8)])).not.toContain('since |');
});

test('the command of a campaign is what it was begun with', () => {
  expect(commandOf({ ...campaign(8).asked, set: { 'x.y': '1s' } })).toBe(
    'zonestorm compare ebs-2011 --preset full --seeds 8 --set x.y=1s --arm 2011 --arm perZonePool:perZonePool=true',
  );
  expect(commandOf({ ...campaign(8).asked, arms: [] }, null, ['D', 'f(at: x + 1s)'])).toBe(
    "zonestorm compare ebs-2011 --preset full --seeds 8 --metric D --metric 'f(at: x + 1s)'",
  );
});

test('committed campaigns of a planned name are what was planned, and another is told apart', async () => {
  const isUnlike = (one: Campaign, { preset } = FULL) =>
    plannedAt(preset)
      .filter(({ name }) => name === wholeOf(one.name))
      .flatMap((plan) => unlike(plan, one));
  for (const size of SIZES) {
    for (const one of await readCampaigns(size.folder)) expect(isUnlike(one, size), one.name).toEqual([]);
  }
  const good = campaign(3);
  expect(isUnlike(good)).toEqual([]);
  expect(isUnlike({ ...good, name: 'arms-2', asked: { ...good.asked, preset: 'fast' } })).not.toEqual([]);
  const other = {
    ...good,
    asked: { ...good.asked, preset: 'fast', arms: [{ name: '2011', settings: { 'x.y': '1s' } }] },
  };
  expect(isUnlike(other)).toEqual(['preset fast, planned full', 'arm 2011 x.y=1s, planned unchanged']);
});

describe('take', () => {
  const folders: string[] = [];
  const folder = async () => {
    const made = await mkdtemp(join(tmpdir(), 'zonestorm-take-'));
    folders.push(made);
    return made;
  };
  afterAll(async () => void (await Promise.all(folders.map((one) => rm(one, { recursive: true })))));

  test('copies tables and leaves runs, and replaces what was taken before', async () => {
    const [from, results] = [await folder(), await folder()];
    const { asked, comparison } = campaign(2);
    await writeFile(join(from, 'campaign.json'), JSON.stringify(asked));
    await writeFile(join(from, 'compare.json'), JSON.stringify(comparison));
    await writeFile(join(from, 'compare.md'), '# Comparison\n');
    await writeFile(join(from, 'history.jsonl'), 'large');
    await take(from, 'arms', results);
    expect((await readdir(join(results, 'arms'))).sort()).toEqual(['campaign.json', 'compare.json', 'compare.md']);
    await rm(join(from, 'compare.md'));
    await take(from, 'arms', results);
    expect((await readdir(join(results, 'arms'))).sort()).toEqual(['campaign.json', 'compare.json']);
    expect(render(FULL, await readCampaigns(results))).toContain('2 of 8 seeds so far');
  });

  test('takes another part of a campaign beside the first, and claims are judged by both', async () => {
    const [from, results] = [await folder(), await folder()];
    const write = async (seeds: readonly number[]) => {
      const { asked, comparison } = campaign(8);
      const runs = comparison?.runs.filter(({ seed }) => seeds.includes(seed));
      await writeFile(join(from, 'campaign.json'), JSON.stringify({ ...asked, seeds }));
      await writeFile(join(from, 'compare.json'), JSON.stringify({ ...comparison, seeds, runs }));
    };
    await write([1, 2, 3]);
    await take(from, 'arms', results);
    await write([4, 5, 6, 7, 8]);
    await take(from, 'arms-2', results);
    const page = render(FULL, await readCampaigns(results));
    expect(page).toContain('so in 7 of 8');
    expect(page).toContain(
      '| [arms-2](arms-2/compare.md) | `zonestorm compare ebs-2011 --preset full --seeds 4,5,6,7,8 ',
    );
    expect(page).not.toContain('| arms |');
  });

  test('judges a campaign by the size that its preset is, and keeps sizes apart', async () => {
    const [from, results] = [await folder(), await folder()];
    const { asked, comparison } = campaign(2);
    await writeFile(join(from, 'campaign.json'), JSON.stringify({ ...asked, preset: 'half' }));
    await writeFile(join(from, 'compare.json'), JSON.stringify({ ...comparison, preset: 'half' }));
    expect((await take(from, 'arms', results)).asked.preset).toBe('half');
    const folders = SIZES.map(({ preset }) => sizeOf(preset).folder);
    expect(new Set(folders).size).toBe(SIZES.length);
    expect(sizeOf('half').folder).toBe(join(FULL.folder, 'half'));
    expect(sizeOf('fast')).toBe(FULL);
    expect((await readCampaigns(FULL.folder)).map(({ name }) => name)).not.toContain('half');
  });

  test('refuses what is no campaign, and names that are no folder', async () => {
    const [from, results] = [await folder(), await folder()];
    await expect(take(from, 'x', results)).rejects.toThrow('campaign.json');
    await expect(take(from, '../x', results)).rejects.toThrow('lower-case letters');
    const { asked, comparison } = campaign(2);
    await writeFile(join(from, 'campaign.json'), JSON.stringify({ ...asked, preset: 'fast' }));
    await writeFile(join(from, 'compare.json'), JSON.stringify(comparison));
    await expect(take(from, 'arms', results)).rejects.toThrow('preset fast, planned full');
    expect(await readdir(results)).toEqual([]);
  });
});
