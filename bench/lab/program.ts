import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { PROJECT } from '../../harness/lab/project.ts';
import { withDeadline } from '../../harness/time/deadline.ts';

const ANSWER_MS = 120_000;

/**
 * A program of `bench/programs/` that runs in a container, and answers each line on its stdin with one line of JSON.
 * Its source is handed over on the command line: a benchmark must not need an image of its own.
 */
export class Program implements AsyncDisposable {
  readonly #name: string;
  readonly #stream: Duplex;
  readonly #lines: string[] = [];
  #rest = '';
  #errors = '';
  #ended = false;
  #wake: (() => void) | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(name: string, stream: Duplex, docker: Docker) {
    this.#name = name;
    this.#stream = stream;
    const stdout = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
      const parts = text.split('\n');
      parts[0] = this.#rest + (parts[0] ?? '');
      this.#rest = parts.pop() ?? '';
      this.#lines.push(...parts);
      this.#wake?.();
    });
    const stderr = new PassThrough().setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    docker.modem.demuxStream(stream, stdout, stderr);
    const end = (): void => {
      this.#ended = true;
      this.#wake?.();
    };
    stream.on('end', end).on('close', end).on('error', end);
  }

  /** Resolves when the program has said that it is ready (its first line). */
  static async start(
    docker: Docker,
    containerId: string,
    file: string,
    args: readonly (string | number)[] = [],
  ): Promise<Program> {
    const source = readFileSync(join(PROJECT, 'bench/programs', file), 'utf8');
    const command = ['node', '--no-warnings', '--input-type=module-typescript', '-e', source, ...args.map(String)];
    const exec = await docker
      .getContainer(containerId)
      .exec({ Cmd: command, AttachStdin: true, AttachStdout: true, AttachStderr: true });
    const program = new Program(file, await exec.start({ hijack: true, stdin: true }), docker);
    await program.#next();
    return program;
  }

  /** One request at a time. @throws Error with what it printed on stderr when it ended instead of answering. */
  ask<T>(line: string): Promise<T> {
    const answer = this.#turn.then(() => {
      this.#stream.write(`${line}\n`);
      return this.#next() as Promise<T>;
    });
    this.#turn = answer.catch(() => undefined);
    return answer;
  }

  async #next(): Promise<unknown> {
    const line = await withDeadline(this.#line(), ANSWER_MS, `an answer of ${this.#name} (${this.#errors})`);
    return JSON.parse(line);
  }

  async #line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`${this.#name} ended: ${this.#errors}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.#stream.write('stop\n');
    this.#stream.end();
  }
}
