import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from '../../../harness/lab/project.ts';
import { count, percent, seconds } from '../../../harness/report/numbers.ts';
import type { Result } from '../../../harness/report/result-schema.ts';
import { documents, tableOf } from './documents.ts';

const result = JSON.parse(readFileSync(join(PROJECT, 'docs/example-run/result.json'), 'utf8')) as Result;
const readme = documents().find(({ path }) => path === 'README.md')?.text ?? '';
const rows = tableOf(readme, '| | foretold by the plan | measured |');

const { loss, storm, trigger, search, ledger, dose } = result;
const asPercent = (share: number | null | undefined): string => (share == null ? '–' : percent(share));
const asSeconds = (value: number | null | undefined): string => (value == null ? '–' : seconds(value));
const parameter = (name: string): number => Number(result.parameters.find((one) => one.name === name)?.value);
const availability = (zone: string): string =>
  asPercent(result.applications.find((one) => one.shortName === zone)?.periods[0]?.availability);

/** First words of a row -> what the run says of it: foretold and measured, `null` where the row says none. */
const CELLS: readonly (readonly [row: string, foretold: string | null, measured: string | null])[] = [
  ['the misroute is applied', null, asSeconds(dose.misroute?.seconds)],
  ['the trigger is proved gone', null, asSeconds(trigger.seconds)],
  [`D: volumes of ${loss.volumes}`, `${loss.predictedVolumesLosingPartner}`, `${loss.volumesLosingPartner}`],
  ['F: free slots', `${loss.predictedFreeSlots}`, `${loss.freeSlotsBefore}`],
  ['volumes stuck 10 s', asPercent(parameter('predicted.stuckShare')), asPercent(storm.stuckShareAt10s)],
  [
    `copying ${loss.freeSlotsBefore} volumes through ${parameter('zones.use1-a.replication.capacity')} Mbit/s`,
    `at least ${asSeconds(parameter('predicted.copySecondsMin'))}`,
    null,
  ],
  ['storm: until', null, asSeconds(storm.stormSeconds)],
  ['until every volume', null, asSeconds(storm.mirroredSeconds)],
  ['search attempts', null, `${count(search.attempts, 'x').split(' ')[0]}, of these ${asPercent(search.refusedShare)}`],
  ['application in the broken zone', null, availability('a')],
  ['application in the other zone', null, availability('b')],
  [
    `acknowledged writes lost, of ${count(ledger.acknowledgedWrites, 'x').split(' ')[0]}`,
    null,
    `${ledger.extentsLost}`,
  ],
];

test.each(CELLS)("the README's row “%s …” has the numbers of docs/example-run", (name, foretold, measured) => {
  const row = rows.find(([first]) => first?.startsWith(name));
  expect(row, `a row that begins with “${name}”`).toBeDefined();
  if (foretold !== null) expect(row?.[1]).toBe(foretold);
  expect(row?.[2]).toBe(measured ?? '');
});

test("the README's table has no row that is not checked", () => {
  expect(rows).toHaveLength(CELLS.length);
});

test('the run of the README passed, with the seed that the README says', () => {
  expect(result.verdict.outcome).toBe('pass');
  expect(readme).toContain(`npm start -- --seed ${result.scenario.seed}`);
  expect(readme).toContain(`${dose.misroute?.receivedOverQueue} of one to the other`);
});
