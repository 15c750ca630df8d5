import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../../harness/lab/project.ts';

/** Name of a file that is committed as somebody's result -> its published schema. */
const SCHEMAS = ['result', 'compare', 'sweep', 'boundary'] as const;

const committed = execFileSync('git', ['ls-files', '-z', 'docs', 'reproduction', 'fixtures'], { cwd: PROJECT })
  .toString()
  .split('\0');

describe.each(SCHEMAS)('%s.json', (name) => {
  const schema = JSON.parse(readFileSync(join(PROJECT, `docs/schemas/${name}.schema.json`), 'utf8')) as object;
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema);
  const files = committed.filter((path) => basename(path) === `${name}.json`);

  test.each(files)('%s fits its published schema', (path) => {
    validate(JSON.parse(readFileSync(join(PROJECT, path), 'utf8')));
    expect(validate.errors ?? []).toEqual([]);
  });

  test('the schema refuses what is none', () => {
    expect(validate({ schemaVersion: 99 })).toBe(false);
  });
});

test('there are committed results, or nothing was looked at', () => {
  expect(committed).toContain('docs/example-run/result.json');
  expect(committed.filter((path) => basename(path) === 'compare.json').length).toBeGreaterThan(10);
});
