import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { connectEngine } from '../../harness/lab/engine/connect.ts';
import { type Run, readText, runScenario } from './cli.ts';
import { killReader } from './kill-reader.ts';
import { leftovers } from './leftovers.ts';

const scenario = (name: string): string => join(import.meta.dirname, 'scenarios', `${name}.yaml`);

afterEach(async () => {
  expect(await leftovers(), 'left on the engine').toEqual([]);
});

/** A run whose reader of disks is killed when it has read so many of them. */
async function runUnread(name: string, afterDisks: number): Promise<Run> {
  const docker = await connectEngine();
  if (docker === null) throw new Error('no engine');
  let folder = '';
  using _killing = await killReader(docker, () => folder, afterDisks);
  const run = await runScenario(scenario(name), ['--seed', '5'], (made) => {
    folder = made;
  });
  const { reading } = run.result.ledger;
  expect(reading).toMatchObject({ exitCode: 137, problem: expect.stringContaining('it was killed (exit code 137)') });
  expect(reading?.disksRead).toBeGreaterThanOrEqual(afterDisks);
  expect(reading?.disksRead).toBeLessThan(reading?.disks ?? 0);
  return run;
}

async function historyOf(folder: string): Promise<readonly HistoryRecord[]> {
  const lines = (await readText(folder, 'history.jsonl')).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as HistoryRecord);
}

test('a node is killed: its mirrors take over, and no acknowledged write is lost', async () => {
  const { code, result } = await runScenario(scenario('killed-primary'), ['--seed', '5']);
  expect(result.verdict).toEqual({ outcome: 'pass', problems: [] });
  expect(code).toBe(0);
  expect(result.elections.promoted).toBeGreaterThan(0);
  expect(result.ledger.acknowledgedWrites).toBeGreaterThan(500);
  const { reading } = result.ledger;
  expect(reading).toMatchObject({ exitCode: 0, disks: 8, disksRead: 8, tornLines: 0, problem: null });
});

test('a node changed to acknowledge a second before it mirrors loses writes, and the ledger finds them, though its writer was restarted and not all disks were read', async () => {
  const { code, result } = await runUnread('lying-node', 4);
  const { ledger, expectations } = result;
  expect(ledger.extentsLost).toBeGreaterThan(0);
  expect(ledger.extentsUnverified).toBeGreaterThan(0);
  // The mirrors that took over answer with it as well, to clients that know better.
  expect(ledger.misreads?.answers).toBeGreaterThan(0);
  expect(ledger.writesForgotten).toBe(0);
  expect(ledger.problems[0]).toBeDefined();
  expect(result.verdict.outcome).toBe('fail');
  expect(expectations[0]).toMatchObject({ held: false, explanation: expect.stringContaining('ledger.lost ≥ ') });
  expect(expectations[0]?.explanation).toContain('extents are not verified');
  expect(code).toBe(1);
});

test('writers that are restarted keep their first life, and a reader that is killed half-way proves nothing', async () => {
  const [whole, unread] = await Promise.all([runScenario(scenario('unread'), ['--seed', '5']), runUnread('unread', 3)]);
  for (const { result, folder } of [whole, unread]) {
    const history = await historyOf(folder);
    const [killed] = history.filter(({ kind, source }) => kind === 'exit' && source === 'a-instances');
    const ops = history.flatMap((record) => (record.kind === 'io' ? record.ops : []));
    const written = ops.filter(([volume, op, , ended, outcome]) => {
      return volume.startsWith('a-') && op === 'write' && outcome === 'ok' && ended < (killed?.t ?? 0);
    });
    // The first life's are in the ledger, and nothing that it wrote was taken for damage by the second.
    expect(written.length).toBeGreaterThan(50);
    const told = ops.filter(([, op, , , outcome]) => op === 'write' && outcome === 'ok');
    expect(result.ledger.acknowledgedWrites).toBeGreaterThanOrEqual(told.length);
    expect(ops.filter(([, , , , , reason]) => reason === 'corrupt')).toEqual([]);
    expect(result.ledger).toMatchObject({ extentsLost: 0, writesForgotten: 0, volumesWithoutLedger: 0, reason: null });
    expect(result.ledger.extentsVerified).toBeGreaterThan(0);
  }
  // Two labs at once on a busy machine: whether it was fit to measure does not matter here.
  const problemsOf = ({ result }: Run) => result.verdict.problems.filter(({ check }) => check === 'verification');
  expect(whole.result.ledger).toMatchObject({ extentsUnverified: 0, reading: { exitCode: 0, problem: null } });
  expect(whole.result.expectations[0]).toMatchObject({ text: 'ledger.lost = 0', held: true });
  expect(problemsOf(whole)).toEqual([]);
  expect(whole.result.verdict.outcome).not.toBe('fail');

  expect(unread.code).toBe(2);
  expect(unread.result.verdict.outcome).toBe('inconclusive');
  expect(unread.result.expectations[0]).toMatchObject({ held: null, left: null });
  expect(unread.result.expectations[0]?.explanation).toMatch(/ledger.lost is not available: the reader of disks/);
  expect(problemsOf(unread)[0]?.what).toMatch(
    /it was killed \(exit code 137\); [345] of 6 disks were read, not \/disks/,
  );
});
