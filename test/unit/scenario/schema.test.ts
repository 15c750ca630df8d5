import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { ACTIONS } from '../../../harness/action/catalogue.ts';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { shippedScenarios } from '../../../harness/scenario/load-scenario.ts';
import {
  EVENT_SCHEMA_FILE,
  eventSchemaText,
  SCHEMA_FILE,
  scenarioSchemaText,
} from '../../../harness/scenario/publish-schema.ts';

const FIXTURES = resolve(import.meta.dirname, '../../../fixtures');
const yaml = (file: string): unknown => parse(readFileSync(`${FIXTURES}/${file}`, 'utf8'));

test('docs/schemas/scenario.schema.json is fresh (node harness/cli/publish-scenario-schema.ts)', () => {
  expect(readFileSync(SCHEMA_FILE, 'utf8')).toBe(scenarioSchemaText(FAULTS, ACTIONS));
});

test('docs/schemas/event.schema.json is fresh (node harness/cli/publish-scenario-schema.ts), and takes what ships', () => {
  expect(readFileSync(EVENT_SCHEMA_FILE, 'utf8')).toBe(eventSchemaText());
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { uri: true } }).compile(
    JSON.parse(eventSchemaText()),
  );
  expect(validate(yaml('events/ebs-2011.yaml')), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ name: 'n', source: 'https://example.org/', facts: [] })).toBe(false);
});

test('the published schema takes what ships and refuses what is misspelt', async () => {
  const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(
    JSON.parse(scenarioSchemaText(FAULTS, ACTIONS)),
  );
  for (const name of await shippedScenarios()) {
    expect(validate(yaml(`scenarios/${name}.yaml`)), JSON.stringify(validate.errors)).toBe(true);
  }
  for (const name of [
    'unknown-key',
    'unknown-phase-key',
    'unknown-fault',
    'wrong-type',
    'missing-unit',
    'no-title',
    'cut-without-kind',
    'unknown-cut-kind',
    'cpu-without-number',
  ]) {
    expect(validate(yaml(`bad-input/scenarios/${name}.yaml`)), name).toBe(false);
  }
});
