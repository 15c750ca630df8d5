import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EngineIdentity } from '../../../harness/lab/engine/identity.ts';
import { abandonedJournals, Journal, type JournalLine, journalFolder } from '../../../harness/lab/journal.ts';
import type { PlanFault } from '../../../harness/scenario/plan.ts';

const ENGINE: EngineIdentity = { id: 'AAAA:BBBB', root: '/var/lib/docker', address: 'unix:///run/a.sock' };

let state: string;
const before = process.env.XDG_STATE_HOME;
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'zonestorm-journal-'));
  process.env.XDG_STATE_HOME = state;
});
afterEach(async () => {
  if (before === undefined) delete process.env.XDG_STATE_HOME;
  else process.env.XDG_STATE_HOME = before;
  await rm(state, { recursive: true, force: true });
});

const fault = (id: string): PlanFault => ({
  kind: 'pause',
  id,
  description: `${id} was frozen`,
  atSeconds: 0,
  forSeconds: null,
  targets: { zone: 'use1-a', routers: [], links: [], containers: [id] },
  silences: [],
  losesPartnersOf: null,
  limitsDiskTo: null,
  experience: null,
  settings: {},
});

const fileOf = (runId: string): string => join(journalFolder(), `${runId}.jsonl`);
const linesOf = async (runId: string): Promise<unknown[]> =>
  (await readFile(fileOf(runId), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
const ids = (faults: readonly PlanFault[]): string[] => faults.map(({ id }) => id);

/** A journal of a process that has ended, as a killed run leaves it: made here, with another's number. */
async function leave(runId: string, work: (journal: Journal) => void, pid = 2 ** 22 + 1): Promise<void> {
  using journal = new Journal(runId, ENGINE);
  work(journal);
  const [first = '', ...rest] = (await readFile(fileOf(runId), 'utf8')).split('\n');
  const header = { ...(JSON.parse(first) as object), pid };
  await writeFile(fileOf(runId), [JSON.stringify(header), ...rest].join('\n'));
}

test('stands below XDG_STATE_HOME, or where that is not set below ~/.local/state', () => {
  expect(journalFolder()).toBe(join(state, 'zonestorm', 'journal'));
  process.env.XDG_STATE_HOME = '';
  expect(journalFolder()).toMatch(/\/\.local\/state\/zonestorm\/journal$/);
});

test('begins with the run, its process and its engine; each line is in the file when the call returns', async () => {
  using journal = new Journal('run1', ENGINE);
  expect(await linesOf('run1')).toEqual([
    {
      runId: 'run1',
      pid: process.pid,
      pidStart: expect.stringMatching(/^\d+$/),
      engine: ENGINE,
      at: expect.stringMatching(/^20.*Z$/),
    },
  ]);
  const states: JournalLine['state'][] = [];
  for (const step of ['applying', 'applied', 'reverted'] as const) {
    journal[step](fault('a1'));
    const last = (await linesOf('run1')).at(-1) as JournalLine;
    states.push(last.state);
    expect(last.fault).toEqual(fault('a1'));
  }
  expect(states).toEqual(['applying', 'applied', 'reverted']);
  expect(await readdir(journalFolder())).toEqual(['run1.jsonl']);
});

test('what is in force is what was begun and not read back as put back', () => {
  using journal = new Journal('run1', ENGINE);
  for (const id of ['a1', 'a2', 'a3']) journal.applying(fault(id));
  journal.applied(fault('a1'));
  journal.reverted(fault('a1'));
  journal.applied(fault('a3'));
  expect(ids(journal.inForce)).toEqual(['a2', 'a3']);
});

test('is gone when everything of the run is', async () => {
  using journal = new Journal('run1', ENGINE);
  await journal.finish();
  expect(existsSync(fileOf('run1'))).toBe(false);
});

test('a second journal of one run is refused, and the first stays as it is', async () => {
  using journal = new Journal('run1', ENGINE);
  journal.applying(fault('a1'));
  expect(() => new Journal('run1', ENGINE)).toThrow(/EEXIST/);
  expect(await linesOf('run1')).toHaveLength(2);
  expect(await readdir(journalFolder())).toEqual(['run1.jsonl']);
});

test('nothing is abandoned where there is no folder, and while the run’s process lives', async () => {
  expect(await abandonedJournals()).toEqual([]);
  using journal = new Journal('run1', ENGINE);
  journal.applying(fault('a1'));
  expect(await abandonedJournals()).toEqual([]);
});

test('of a process that is gone, what it had in force is found; of two runs each its own', async () => {
  await leave('run2', (journal) => journal.applying(fault('b1')));
  await leave('run1', (journal) => {
    for (const id of ['a1', 'a2', 'a3']) journal.applying(fault(id));
    for (const id of ['a1', 'a2']) journal.applied(fault(id));
    journal.reverted(fault('a1'));
  });
  using alive = new Journal('run3', ENGINE);
  alive.applying(fault('c1'));
  const found = await abandonedJournals();
  expect(found.map(({ runId, faults, path }) => [runId, ids(faults), path])).toEqual([
    ['run1', ['a2', 'a3'], fileOf('run1')],
    ['run2', ['b1'], fileOf('run2')],
  ]);
});

test('tells of which engine the run is; one from before engines were told apart is read as well', async () => {
  await leave('run1', () => undefined);
  expect((await abandonedJournals()).map(({ engine }) => engine)).toEqual([ENGINE]);
  const [first = ''] = (await readFile(fileOf('run1'), 'utf8')).split('\n');
  const { engine: _, ...header } = JSON.parse(first) as { engine: unknown };
  await writeFile(fileOf('run1'), `${JSON.stringify(header)}\n`);
  expect((await abandonedJournals()).map(({ runId, engine }) => [runId, engine])).toEqual([['run1', null]]);
});

test('a fault that was put back and applied again is in force', async () => {
  await leave('run1', (journal) => {
    journal.applying(fault('a1'));
    journal.reverted(fault('a1'));
    journal.applying(fault('a1'));
  });
  expect((await abandonedJournals()).map(({ faults }) => ids(faults))).toEqual([['a1']]);
});

test('a last line that was torn off does not count, and hides nothing before it', async () => {
  await leave('run1', (journal) => {
    journal.applying(fault('a1'));
    journal.applied(fault('a1'));
    journal.reverted(fault('a1'));
  });
  const whole = await readFile(fileOf('run1'), 'utf8');
  // The line that says that it was put back is not whole: then it counts as in force.
  for (const cut of [2, 40, 200]) {
    await truncate(fileOf('run1'), whole.length - cut);
    expect(
      (await abandonedJournals()).map(({ faults }) => ids(faults)),
      `without ${cut} bytes`,
    ).toEqual([['a1']]);
  }
  await appendFile(fileOf('run1'), '\0\0\0\0');
  expect((await abandonedJournals()).map(({ faults }) => ids(faults))).toEqual([['a1']]);
});

test('one whose header is not whole is abandoned, under the name of its file', async () => {
  await leave('run1', () => undefined);
  await truncate(fileOf('run1'), 10);
  expect((await abandonedJournals()).map(({ runId, faults }) => [runId, faults])).toEqual([['run1', []]]);
  await truncate(fileOf('run1'), 0);
  expect((await abandonedJournals()).map(({ runId, faults }) => [runId, faults])).toEqual([['run1', []]]);
});

test('a process that got the number of one that is gone is another process', async () => {
  // This one's number with another one's start.
  await leave('run1', (journal) => journal.applying(fault('a1')), process.pid);
  expect(await abandonedJournals(), 'the process itself').toEqual([]);
  const text = await readFile(fileOf('run1'), 'utf8');
  await writeFile(fileOf('run1'), text.replace(/"pidStart":"\d+"/, '"pidStart":"1"'));
  expect((await abandonedJournals()).map(({ runId }) => runId)).toEqual(['run1']);
});

test('a process that has ended and that nobody has asked about is gone', async () => {
  // The shell becomes a `sleep`, which never waits for the child that it got with it: a zombie.
  const parent = spawn('sh', ['-c', 'sleep 20 & echo $!; exec sleep 20']);
  try {
    const [data] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(data.toString());
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const pidStart = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
    await leave('run1', (journal) => journal.applying(fault('a1')), pid);
    const text = await readFile(fileOf('run1'), 'utf8');
    await writeFile(fileOf('run1'), text.replace(/"pidStart":"\d+"/, `"pidStart":"${pidStart}"`));
    expect(await abandonedJournals(), 'while it runs').toEqual([]);
    process.kill(pid, 'SIGKILL');
    await expect
      .poll(async () => (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.[0], { timeout: 5_000 })
      .toBe('Z');
    expect((await abandonedJournals()).map(({ runId }) => runId)).toEqual(['run1']);
  } finally {
    parent.kill('SIGKILL');
  }
});

test('a run in another PID namespace, as in a container, lives for as long as its process does', async () => {
  const code = `
    import { Journal } from ${JSON.stringify(join(import.meta.dirname, '../../../harness/lab/journal.ts'))};
    new Journal('elsewhere', ${JSON.stringify(ENGINE)}).applying(${JSON.stringify(fault('pause-1'))});
    console.log('written');
    setInterval(() => {}, 1000);`;
  const child = spawn(
    'unshare',
    ['--pid', '--fork', '--kill-child', '--mount-proc', process.execPath, '--input-type=module-typescript', '-e', code],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  try {
    await once(child.stdout, 'data');
    // Here its number is another process's.
    expect(await linesOf('elsewhere')).toMatchObject([{ pid: 1 }, {}]);
    expect(await abandonedJournals()).toEqual([]);
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
  expect((await abandonedJournals()).map(({ runId, faults }) => [runId, ids(faults)])).toEqual([
    ['elsewhere', ['pause-1']],
  ]);
});

test('a journal is never seen without its header, however often another process looks', async () => {
  // A reader that takes a living run for a dead one would remove its containers.
  const code = `
    import { abandonedJournals } from ${JSON.stringify(join(import.meta.dirname, '../../../harness/lab/journal.ts'))};
    console.log('looking');
    let [going, looks] = [true, 0];
    process.stdin.on('end', () => (going = false)).resume();
    for (const end = Date.now() + 15_000; going && Date.now() < end; ) {
      for (const { runId } of await abandonedJournals()) console.log('took ' + runId + ' for a dead one');
      looks += 1;
    }
    console.log(JSON.stringify({ going, looks }));`;
  const reader = spawn(process.execPath, ['--input-type=module-typescript', '-e', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let seen = '';
  reader.stdout.on('data', (data: Buffer) => {
    seen += data.toString();
  });
  const ended = once(reader, 'close');
  while (!seen.includes('looking')) await delay(10);
  const journals: Journal[] = [];
  for (const end = performance.now() + 1_500; journals.length <= 50 || performance.now() < end; ) {
    const i = journals.length;
    const journal = new Journal(`run${i}`, ENGINE);
    journals.push(journal);
    await journal.finish();
    if (i % 20 === 0) await delay(1);
  }
  reader.stdin.end();
  await ended;
  for (const journal of journals) journal[Symbol.dispose]();
  const [looking, ...told] = seen.trim().split('\n');
  const { going, looks } = JSON.parse(told.pop() ?? '') as { going: boolean; looks: number };
  expect([looking, ...told]).toEqual(['looking']);
  expect(going, 'it looked until the last of more than fifty was gone').toBe(false);
  expect(looks).toBeGreaterThan(50);
});
