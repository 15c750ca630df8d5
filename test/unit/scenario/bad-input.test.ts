import { readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { ACTIONS } from '../../../harness/action/catalogue.ts';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { BadInputError } from '../../../harness/scenario/bad-input-error.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import { readTopology } from '../../../harness/scenario/read-topology.ts';

const FOLDER = resolve(import.meta.dirname, '../../../fixtures/bad-input');
const says = z.array(z.string());
const index = z
  .strictObject({
    scenarios: z.record(z.string(), says),
    compose: z.record(z.string(), says),
    'command-line': z.array(
      z.strictObject({
        set: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
        preset: z.string().optional(),
        says,
      }),
    ),
  })
  .parse(parse(readFileSync(`${FOLDER}/index.yaml`, 'utf8')));

async function problemsOf(read: () => unknown): Promise<string[]> {
  try {
    await read();
    return [];
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    expect(error.message.split('\n')).toEqual(
      error.problems.map((p) => `${p.file}:${p.line}:${p.column}: found ${p.found}, expected ${p.expected}`),
    );
    return error.problems.map((p) => `${p.line}:${p.column} found ${p.found}, expected ${p.expected}`);
  }
}

/** Each expected entry is a place, and words that stand in the message at that place; none is left over. */
function compare(found: readonly string[], expected: readonly string[]): void {
  expect(found, found.join('\n')).toHaveLength(expected.length);
  for (const [i, entry] of expected.entries()) {
    const [place = '', ...words] = entry.split(' ');
    expect(found[i]?.split(' ')[0]).toBe(place);
    expect(found[i]).toContain(words.join(' '));
  }
}

function filesIn(folder: string): string[] {
  return readdirSync(`${FOLDER}/${folder}`).map((file) => basename(file, '.yaml'));
}

test('the index names every bad file, and at least twenty kinds', () => {
  expect(Object.keys(index.scenarios).sort()).toEqual(filesIn('scenarios').sort());
  expect(Object.keys(index.compose).sort()).toEqual(filesIn('compose').sort());
  expect(Object.keys(index.scenarios).length).toBeGreaterThan(20);
});

describe('bad scenarios', () => {
  test.each(Object.entries(index.scenarios))('%s', async (name, expected) => {
    const options = { seed: 1, overrides: {}, faults: FAULTS, actions: ACTIONS, knownNames: metricNames };
    compare(await problemsOf(() => loadScenario(`${FOLDER}/scenarios/${name}.yaml`, options)), expected);
  });
});

describe('bad Compose files', () => {
  test.each(Object.entries(index.compose))('%s', async (name, expected) => {
    const file = `${FOLDER}/compose/${name}.yaml`;
    compare(await problemsOf(() => readTopology(file, readFileSync(file, 'utf8'))), expected);
  });
});

describe('bad command lines', () => {
  test.each(index['command-line'])('$set $preset', async ({ set, preset, says: expected }) => {
    const overrides = Object.fromEntries(Object.entries(set).map(([key, value]) => [key, String(value)]));
    compare(await problemsOf(() => loadScenario('ebs-2011', { preset, seed: 1, overrides, faults: FAULTS })), expected);
  });
});

test('an unknown name of a scenario is answered with those that ship', async () => {
  const found = await problemsOf(() => loadScenario('ebs-2012', { seed: 1, overrides: {}, faults: FAULTS }));
  compare(found, ['1:1 did you mean `ebs-2011`?']);
});
