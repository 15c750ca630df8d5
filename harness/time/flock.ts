import { spawnSync } from 'node:child_process';

/**
 * Locks an open file with flock(2), for as long as this process has it open and no longer, however it ends; processes of
 * other PID namespaces see it too. Node.js has no such call; util-linux's flock(1) locks what it is given, which is our
 * own open file, and the lock is that file's and not the program's. Children do not inherit it.
 *
 * @returns `busy` where another process has it; an Error where there is no flock(1) or the file cannot be locked
 */
export function flock(fd: number): 'locked' | 'busy' | Error {
  const { status, error, stderr } = spawnSync('flock', ['-n', '-x', '3'], { stdio: ['ignore', 'ignore', 'pipe', fd] });
  if (status === 0) return 'locked';
  if (status === 1 && stderr.length === 0) return 'busy';
  return new Error(`flock, of the package util-linux, failed: ${error?.message ?? stderr.toString().trim()}`);
}
