import { execFile } from 'node:child_process';

export interface ExecuteOptions {
  readonly timeoutMs: number;
  readonly cwd?: string;
  /** Added to the process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Interrupts it, as Ctrl-C does, so that it removes its own files; its end is waited for. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a program of the host without a shell and returns its stdout.
 *
 * @throws Error that names the program and ends with the last lines of its stderr.
 */
export function execute(program: string, args: readonly string[], options: ExecuteOptions): Promise<string> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) return reject(new Error(`${program} was not begun: interrupted`));
    const interrupt = (): void => {
      child.kill('SIGINT');
    };
    const child = execFile(
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
        signal?.removeEventListener('abort', interrupt);
        if (error === null) return resolve(stdout);
        const tail = stderr.trim().split('\n').slice(-5).join('\n');
        const why =
          signal?.aborted === true
            ? 'was interrupted'
            : error.killed
              ? `did not end within ${options.timeoutMs / 1000} s`
              : `failed (${error.code ?? error.signal})`;
        reject(new Error(`${program} ${args.join(' ')} ${why}${tail === '' ? '' : `: ${tail}`}`, { cause: error }));
      },
    );
    signal?.addEventListener('abort', interrupt, { once: true });
  });
}
