import { execFile } from 'node:child_process';

export interface ExecuteOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Added to the process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs a program of the host without a shell and returns its stdout.
 *
 * @throws Error that names the program and ends with the last lines of its stderr.
 */
export function execute(program: string, args: readonly string[], options: ExecuteOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      program,
      [...args],
      {
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 1024 * 1024,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        env: { ...process.env, ...options.environment },
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const tail = stderr.trim().split('\n').slice(-5).join('\n');
        const why = error.killed
          ? `did not end within ${options.timeoutMs / 1000} s`
          : `failed (${error.code ?? error.signal})`;
        reject(new Error(`${program} ${args.join(' ')} ${why}${tail === '' ? '' : `: ${tail}`}`, { cause: error }));
      },
    );
  });
}
