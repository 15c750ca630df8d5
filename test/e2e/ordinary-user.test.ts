import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineSocket } from '../../harness/lab/engine/connect.ts';
import { PROJECT } from '../../harness/lab/project.ts';
import type { Result } from '../../harness/report/result-schema.ts';
import { leftovers } from './leftovers.ts';

/** A user of this machine who is not root and may use the engine's socket, images being there: the usual laptop. */
const USER = `zonestorm-${process.pid}`;
let scratch: string;
let home: string;
let groups: { readonly uid: number; readonly gid: number; readonly engine: number };

beforeAll(() => {
  // Where everybody may look: root's own folder of temporary files may be root's alone, as CI's is.
  scratch = mkdtempSync('/var/tmp/zonestorm-user-');
  chmodSync(scratch, 0o755);
  home = join(scratch, 'home');
  mkdirSync(home);
  mkdirSync(join(scratch, 'checkout'));
  const engine = statSync(engineSocket()).gid;
  if (process.getuid?.() !== 0) return;
  execFileSync('useradd', ['--no-create-home', '--home-dir', home, '--user-group', USER]);
  const id = (flag: string): number => Number(execFileSync('id', [flag, USER]).toString());
  groups = { uid: id('-u'), gid: id('-g'), engine };
  chownSync(home, groups.uid, groups.gid);
});
afterAll(() => {
  if (groups !== undefined) execFileSync('userdel', [USER]);
  rmSync(scratch, { recursive: true, force: true });
});

/**
 * The command as that user, in a checkout that everybody may read: the tests' own may lie where only root may look. Where
 * the tests are not run by root, they are run by such a user already.
 */
function zonestorm(args: readonly string[]): { code: number | null; stdout: string; stderr: string } {
  const own = { HOME: home, TMPDIR: home, NODE_COMPILE_CACHE: join(home, 'compiled'), XDG_STATE_HOME: '' };
  const environment = { ...process.env, ...own };
  const checkout = join(scratch, 'checkout');
  const line =
    groups === undefined
      ? [join(PROJECT, 'harness/bin/zonestorm'), ...args]
      : [
          ...['unshare', '--mount', '--propagation', 'private', 'sh', '-c'],
          `mount --bind "$0" "$1" && user=$2 && shift 2 && exec setpriv $user -- "$@"`,
          ...[PROJECT, checkout],
          `--reuid=${groups.uid} --regid=${groups.gid} --groups=${groups.engine} --no-new-privs`,
          ...[join(checkout, 'harness/bin/zonestorm'), ...args],
        ];
  const [program = '', ...rest] = line;
  const { status, stdout, stderr } = spawnSync(program, rest, { env: environment, cwd: home });
  return { code: status, stdout: stdout.toString(), stderr: stderr.toString() };
}

test('doctor finds the machine fit, and plan plans', () => {
  const doctor = zonestorm(['doctor']);
  expect(doctor.code, doctor.stdout + doctor.stderr).toBe(0);
  expect(doctor.stdout).toMatch(/^ok +engine /m);
  const plan = zonestorm(['plan', 'ebs-2011', '--seed', '7']);
  expect(plan.code, plan.stderr).toBe(0);
  expect(plan.stdout).toContain('misroute');
});

test('a run is carried out, reported into the user’s own folder, and removed', async () => {
  const folder = join(home, 'run');
  const scenario = join(groups === undefined ? PROJECT : join(scratch, 'checkout'), 'test/e2e/scenarios/tiny.yaml');
  const run = zonestorm(['run', scenario, '--seed', '1', '--out', folder, '--json']);
  // 2 where the machine was too busy for a verdict.
  expect([0, 2], run.stderr).toContain(run.code);
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Result;
  expect(result.run.outcome).toBe('completed');
  expect(result.ledger.extentsLost).toBe(0);
  if (groups !== undefined) expect(statSync(join(folder, 'report.html')).uid).toBe(groups.uid);
  await expect.poll(leftovers, { timeout: 30_000, interval: 1_000 }).toEqual([]);
});
