import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { runScenario } from './cli.ts';
import { leftovers } from './leftovers.ts';

const SCENARIO = join(import.meta.dirname, 'scenarios/killed-primary.yaml');

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

test('a node is killed: its mirrors take over, and no acknowledged write is lost', async () => {
  const { code, result } = await runScenario(SCENARIO, ['--seed', '5']);
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  expect(result.elections.promoted).toBeGreaterThan(0);
  expect(result.ledger.acknowledgedWrites).toBeGreaterThan(500);
});

test('a node changed to acknowledge 200 ms before it mirrors loses writes, and the ledger finds them', async () => {
  const { code, result } = await runScenario(SCENARIO, [
    '--seed',
    '5',
    '--set',
    'storage.acknowledgeBeforeMirrorMs=200',
    // What is lost is lost with the node, and no percentile is asked for.
    '--set',
    'phases.dead.for=10s',
  ]);
  expect(result.ledger.extentsLost).toBeGreaterThan(0);
  expect(result.ledger.problems[0]).toBeDefined();
  expect(result.verdict.outcome).toBe('fail');
  expect(code).toBe(1);
});
