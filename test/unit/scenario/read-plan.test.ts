import { describe, expect, test } from 'vitest';
import { metricNames } from '../../../harness/check/resolve-metric.ts';
import { FAULTS, isCarriedOut } from '../../../harness/fault/catalogue.ts';
import { BadInputError } from '../../../harness/scenario/bad-input-error.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';
import { readPlan } from '../../../harness/scenario/read-plan.ts';

const faultSettings = new Map(FAULTS.filter(isCarriedOut).map(({ kind, settings }) => [kind, settings]));
const options = { faultSettings, knownNames: metricNames };
const plan = await loadScenario('ebs-2011', { seed: 7, overrides: {}, faults: FAULTS, knownNames: metricNames });
const text = JSON.stringify(plan, null, 2);

/** `column found …, expected …`, with the text of the line that it points to. */
function problemsOf(json: string): { readonly says: string; readonly line: string; readonly column: number }[] {
  try {
    readPlan('plan.json', json, options);
    return [];
  } catch (error) {
    if (!(error instanceof BadInputError)) throw error;
    return error.problems.map(({ file, line, column, found, expected }) => {
      expect(file).toBe('plan.json');
      return { says: `found ${found}, expected ${expected}`, line: json.split('\n')[line - 1]?.trim() ?? '', column };
    });
  }
}

const changed = (from: string, to: string): string => {
  expect(text.split(from).length, `${from} in the plan`).toBeGreaterThan(1);
  return text.replace(from, to);
};
const CHANGED: readonly (readonly [what: string, from: string, to: string, says: string, line: string])[] = [
  [
    'a kind nobody carries out',
    '"kind": "misroute"',
    '"kind": "misrout"',
    'did you mean `misroute`?',
    '"kind": "misrout",',
  ],
  ['a kind that is drawn as another', '"kind": "misroute"', '"kind": "ring"', 'the fault `ring`', '"kind": "ring",'],
  ['settings of another kind', '"connections": "kept"', '"mbit": 3', 'no `connections`', '"settings": {'],
  [
    'a setting that is none',
    '"connections": "kept"',
    '"connections": "held"',
    'kept or closed',
    '"connections": "held"',
  ],
  ['a wrong type', '"seed": 7', '"seed": "7"', 'found `7`, expected a number', '"seed": "7",'],
  [
    'a preset that leads out of the folder',
    '"preset": "fast"',
    '"preset": "x/../../y"',
    'a name of at most 64',
    '"preset": "x/../../y",',
  ],
  ['a scenario that does', '"name": "ebs-2011"', '"name": "../../y"', 'a name of at most 64', '"name": "../../y",'],
  [
    'a container that no engine takes',
    '"id": "a-gauge"',
    '"id": "a gauge"',
    'the engine takes no other',
    '"id": "a gauge",',
  ],
  ['a misspelt key', '"preset":', '"presets":', 'did you mean `preset`?', '"presets": "fast",'],
  [
    'a misspelt key of a phase',
    '"atMostSeconds": 90',
    '"atMost": 70',
    'found the key `atMost`, expected one of',
    '"atMost": 70,',
  ],
  ['a time before the phase', '"atSeconds": 0', '"atSeconds": -1', 'at least 0', '"atSeconds": -1,'],
  ['a bad address', '"ip": "198.18', '"ip": "298.18', '298.18', '"ip": "298.18'],
  [
    'an unknown zone',
    '"targets": {\n            "zone": "use1-a"',
    '"targets": {\n            "zone": "use1-c"',
    'the zone `use1-c`',
    '"zone": "use1-c",',
  ],
  ['a bad expectation', '"D > F"', '"D > > F"', 'found `>` in `D > > F`', '"text": "D > > F",'],
  ['an unknown measurement', '"D > F"', '"Z > F"', 'the measurement `Z`', '"text": "Z > F",'],
  [
    'two phases of one name',
    '"name": "storm"',
    '"name": "baseline"',
    'a second phase `baseline`',
    '"name": "baseline",',
  ],
];

describe('the plan of a run', () => {
  test('is read as it was written', () => {
    expect(readPlan('plan.json', text, options)).toEqual(plan);
    expect(readPlan('plan.json', JSON.stringify(plan), options)).toEqual(plan);
  });

  test.each(CHANGED)('%s is refused at its line', (_, from, to, says, line) => {
    const problems = problemsOf(changed(from, to));
    expect(problems.map((one) => one.says).join('\n')).toContain(says);
    expect(problems.find((one) => one.says.includes(says))?.line).toContain(line);
  });

  test('an unknown target is refused at its own place', () => {
    const [target = ''] = plan.phases[1]?.faults[0]?.targets.containers ?? [];
    const at = text.lastIndexOf('"containers": [');
    const json = text.slice(0, at) + text.slice(at).replace(`"${target}"`, '"a99"');
    expect(problemsOf(json)).toMatchObject([{ line: expect.stringContaining('"a99"') }]);
  });

  test('faults out of the order of their times are refused', () => {
    const [first] = plan.phases[1]?.faults ?? [];
    const faults = [
      { ...first, atSeconds: 1.5 },
      { ...first, id: 'misroute-2' },
    ];
    const phases = plan.phases.map((phase, i) => (i === 1 ? { ...phase, faults } : phase));
    expect(problemsOf(JSON.stringify({ ...plan, phases }, null, 2))).toMatchObject([
      { says: 'found 0 s, expected at least the 1.5 s of the fault before it', line: '"atSeconds": 0,' },
    ]);
  });

  test('all mistakes are told at once', () => {
    const json = changed('"D > F"', '"D > > F"').replace('"connections": "kept"', '"connections": "held"');
    expect(problemsOf(json)).toHaveLength(2);
  });

  test('another version is refused, whatever else it holds', () => {
    const json = JSON.stringify({ schemaVersion: 1, phases: [] }, null, 2);
    expect(problemsOf(json)).toMatchObject([
      { says: expect.stringContaining('a plan of schema version 1, expected version 2'), line: '"schemaVersion": 1,' },
    ]);
  });
});

describe('what is no JSON', () => {
  test.each([
    ['an unquoted word', '{\n  "a": x\n}', 2, 8],
    ['a comma too many', '{\n  "a": 1,\n}', 3, 1],
    ['an end too early', '{\n  "a": [1,\n', 3, 1],
    ['an unterminated text', '{\n  "a": "b', 2, 10],
    ['nothing', '', 1, 1],
  ])('%s', (_, json, line, column) => {
    expect(() => readPlan('plan.json', json, options)).toThrow(`plan.json:${line}:${column}: found bad JSON`);
  });

  test('JSON that is no plan', () => {
    expect(() => readPlan('plan.json', 'null', options)).toThrow('found nothing, expected a mapping');
    expect(() => readPlan('plan.json', '[]', options)).toThrow('expected a mapping');
  });
});

test('a plan from before the control plane had users, and nodes crashed, is carried out as it was', () => {
  const since = ['controlQueueLimit', 'dropExpired', 'poolPerZone', 'electionWorkers', 'storeServiceMs'];
  const sinceToo = ['createTimeoutMs', 'createRetryMs', 'apiCallsPerSecond', 'apiCreateShare', 'apiTimeoutMs'];
  const ofNodes = Object.keys(plan.storage).filter((key) =>
    /^(race|searchBackoff|reattach|resyncs|remirror)/.test(key),
  );
  expect(ofNodes).toHaveLength(9);
  const ofDatabases = Object.keys(plan.load).filter((key) => key.startsWith('database'));
  expect(ofDatabases).toHaveLength(5);
  const names = new Set([...since, ...sinceToo, ...ofNodes, ...ofDatabases]);
  const without = (settings: object) => Object.fromEntries(Object.entries(settings).filter(([key]) => !names.has(key)));
  const { databases: _, ...olderPlan } = plan;
  const older = { ...olderPlan, storage: without(plan.storage), load: without(plan.load) };
  const read = readPlan('plan.json', JSON.stringify(older), options);
  expect(read.storage).toEqual(plan.storage);
  expect(read.load).toEqual({ ...plan.load, apiCreateShare: 0, databaseTransactionsPerSecond: 0 });
  expect(read.databases).toEqual([]);
});
