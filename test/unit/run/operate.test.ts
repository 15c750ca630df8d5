import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ActionTarget, ProgramControl } from '../../../harness/action/action.ts';
import type { FaultTarget } from '../../../harness/fault/fault.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { LiveState } from '../../../harness/run/live-state.ts';
import { OPERATE_SOCKET } from '../../../harness/run/operate-path.ts';
import { listenForOperators } from '../../../harness/run/operate-socket.ts';
import { Operator } from '../../../harness/run/operator.ts';
import { runPhases } from '../../../harness/run/run-phases.ts';
import type { Plan } from '../../../harness/scenario/plan.ts';
import { planWith } from '../action/draw.ts';

const CLI = join(import.meta.dirname, '../../../harness/cli/main.ts');
let folder = '';
beforeEach(() => {
  // Longer than a socket's path may be.
  folder = join(mkdtempSync(join(tmpdir(), 'zonestorm-operate-')), 'a'.repeat(120));
  mkdirSync(folder);
  writeFileSync(join(folder, 'plan.json'), '{}');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }));

/** Programs that do what they are told; nothing but creation and search is told here. */
const programs = {
  running: async (ids: readonly string[]) => ids,
  tell: async (_: string, __: string, order: { do: string; allowed?: boolean }) =>
    order.do === 'creation'
      ? { creation: order.allowed === true ? 'enabled' : 'disabled' }
      : { search: order.allowed === true ? 'going' : 'still going' },
} as unknown as ProgramControl;

function operatorOf(plan: Plan): { operator: Operator; records: HistoryRecord[]; told: () => string[] } {
  const records: HistoryRecord[] = [];
  const target = { plan, programs } as unknown as ActionTarget;
  const onRecord = (record: HistoryRecord) => records.push(record);
  const operator = new Operator({ plan, target, onRecord, signal: new AbortController().signal });
  const told = () => records.flatMap((one) => (one.kind === 'action' ? [`${one.id} ${one.state} by ${one.by}`] : []));
  return { operator, records, told };
}

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
function operate(...words: string[]): Promise<Finished> {
  const child = spawn(process.execPath, [CLI, 'operate', folder, ...words]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data: Buffer) => {
    stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    stderr += data.toString();
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
}

test('a plan’s actions are done at their times, and those that come too late are skipped', async () => {
  const plan = await planWith('{ disable-creation: { zone: use1-a } }, { at: 5s, enable-creation: { zone: use1-a } }');
  const { operator, told } = operatorOf(plan);
  const phases = plan.phases.map((phase) => ({ ...phase, seconds: 0.05 }));
  const target = { plan: { volumes: [], routers: [], containers: [], links: [] } } as unknown as FaultTarget;
  const journal = { applying: () => undefined, applied: () => undefined, reverted: () => undefined };
  const live = new LiveState({ volumes: [] } as unknown as Plan);
  const signal = new AbortController().signal;
  await runPhases(phases, { target, live, journal, operator, onRecord: () => undefined, signal });
  expect(told()).toEqual([
    'disable-creation-1 asked by schedule',
    'disable-creation-1 done by schedule',
    'enable-creation-1 skipped by schedule',
  ]);
});

test('an action that fails is a record that says why, and no error', async () => {
  const { operator, told } = operatorOf(await planWith('{ stop-search: { zone: use1-a } }'));
  const performed = await operator.perform(operator.read('stop-search', ['zone=use1-a']), 'terminal');
  expect(performed).toMatchObject({ id: 'stop-search-2', isDone: false });
  expect(performed.readBack).toContain('still going');
  expect(told()).toEqual(['stop-search-2 asked by terminal', 'stop-search-2 failed by terminal']);
});

test.each([
  ['stop-serch', ['zone=use1-a'], 'did you mean `stop-search`?'],
  ['stop-search', ['zone=use1-z'], 'the zone `use1-z`'],
  ['stop-search', [], 'no `zone`'],
  ['stop-search', ['zone'], '`zone`, expected key=value'],
  ['readmit', ['zone=use1-a', 'perSecond=many'], 'a number above 0'],
  ['add-nodes', ['zone=use1-a', 'count=9'], 'at most zones.use1-a.spareNodes, 2'],
])('%s %j is refused', async (kind, words, says) => {
  const { operator, records } = operatorOf(await planWith('{ stop-search: { zone: use1-a } }'));
  expect(() => operator.read(kind, words)).toThrow(says);
  expect(records).toEqual([]);
});

test('from a terminal: done, read back, entered; the socket is its owner’s and goes with the phases', async () => {
  const { operator, told } = operatorOf(await planWith('{ stop-search: { zone: use1-a } }'));
  const socket = join(folder, OPERATE_SOCKET);
  {
    await using _listening = await listenForOperators(folder, operator);
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const done = await operate('disable-creation', 'zone=use1-a');
    expect(done).toMatchObject({ code: 0, stderr: '' });
    expect(done.stdout).toContain('the control plane says that creation is disabled in use1-a');
    expect(told()).toEqual(['disable-creation-1 asked by terminal', 'disable-creation-1 done by terminal']);
    const bad = await operate('disable-creation', 'zone=use1-z');
    expect(bad.code).toBe(64);
    expect(bad.stderr).toContain('the zone `use1-z`');
    const failed = await operate('stop-search', 'zone=use1-a');
    expect(failed.code).toBe(3);
    expect(failed.stderr).toContain('was not done');
  }
  expect(() => statSync(socket)).toThrow('ENOENT');
  const late = await operate('disable-creation', 'zone=use1-a');
  expect(late.code).toBe(64);
  expect(late.stderr).toContain('has ended, or is still starting');
});

test('the socket of a run that was killed is told from a run that goes on', async () => {
  const path = join(folder, OPERATE_SOCKET);
  // A process that makes the socket and dies.
  const code = `const f=require('fs').openSync(${JSON.stringify(folder)});require('net').createServer().listen('/proc/self/fd/'+f+'/${OPERATE_SOCKET}',()=>process.kill(process.pid,'SIGKILL'))`;
  await new Promise((resolve) => spawn(process.execPath, ['-e', code]).on('close', resolve));
  expect(statSync(path).isSocket()).toBe(true);
  const gone = await operate('disable-creation', 'zone=use1-a');
  expect(gone.code).toBe(3);
  expect(gone.stderr).toContain('is gone');
  rmSync(join(folder, 'plan.json'));
  expect((await operate('disable-creation', 'zone=use1-a')).code).toBe(64);
});

test('what is no request is answered, and harms nobody', async () => {
  const { operator } = operatorOf(await planWith('{ stop-search: { zone: use1-a } }'));
  const short = mkdtempSync(join(tmpdir(), 'zs-'));
  await using _listening = await listenForOperators(short, operator);
  const socket = connect(join(short, OPERATE_SOCKET));
  const answer = new Promise<string>((resolve) => socket.on('data', (data) => resolve(data.toString())));
  socket.write('{"action": 3}\n');
  expect(JSON.parse(await answer)).toHaveProperty('badInput');
  socket.destroy();
  rmSync(short, { recursive: true });
});
