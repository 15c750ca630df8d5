import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidArgumentError } from 'commander';
import { afterAll, expect, test } from 'vitest';
import { BadUsageError } from '../../../harness/cli/bad-usage-error.ts';
import { EXIT, explain } from '../../../harness/cli/exit-code.ts';
import { parseSeed, planOf } from '../../../harness/cli/scenario-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'zonestorm-options-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const plan = await planOf('ebs-2011', { seed: 7, set: {} });
const file = join(folder, 'plan.json');
writeFileSync(file, JSON.stringify(plan, null, 2));

const errorOf = (given: Parameters<typeof planOf>[1], path = file): Promise<unknown> =>
  planOf(path, given).then(
    () => new Error('it was taken'),
    (error: unknown) => error,
  );

test('a plan of an earlier run is carried out as it is', async () => {
  expect(await planOf(file, { set: {} })).toEqual(plan);
});

test('what would change a plan is bad usage', async () => {
  for (const [given, name] of [
    [{ set: {}, preset: 'full' }, '--preset'],
    [{ set: {}, seed: 7 }, '--seed'],
    [{ set: { 'storage.slotsPerNode': '20' } }, '--set'],
  ] as const) {
    const error = await errorOf(given);
    expect(error).toBeInstanceOf(BadUsageError);
    expect(explain(error)).toMatchObject({
      code: EXIT.badInput,
      message: expect.stringContaining(`leave out ${name}`),
    });
  }
});

test('a plan with a mistake, and none at all, end with exit code 64 and the place', async () => {
  const bad = join(folder, 'bad.json');
  writeFileSync(bad, JSON.stringify({ ...plan, seed: 'seven' }, null, 2));
  expect(explain(await errorOf({ set: {} }, bad))).toMatchObject({
    code: EXIT.badInput,
    message: expect.stringMatching(/bad\.json:\d+:\d+: found `seven`/),
  });
  expect(explain(await errorOf({ set: {} }, join(folder, 'none.json')))).toMatchObject({
    code: EXIT.badInput,
    message: expect.stringContaining('no readable file'),
  });
});

test('a seed is digits alone', () => {
  expect(['0', '7', '99999'].map(parseSeed)).toEqual([0, 7, 99_999]);
  for (const text of ['', ' ', ' 7', '-1', '1.5', '1e3', '0x10', 'seven', '9007199254740993']) {
    expect(() => parseSeed(text), `\`${text}\``).toThrow(InvalidArgumentError);
  }
});
