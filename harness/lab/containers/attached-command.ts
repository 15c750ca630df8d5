import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { withDeadline } from '../../time/deadline.ts';
import { LIMITS } from '../limits.ts';

/**
 * A command inside a running container that reads commands from its stdin and stays: `ip -batch -` or `tc -batch -`.
 * Its start costs a tenth of a second; each command after that about a millisecond, which makes it possible to
 * inject a fault at a known instant.
 */
export class AttachedCommand implements AsyncDisposable {
  readonly #name: string;
  readonly #stream: Duplex;
  #output = '';
  #errors = '';
  #waiting: (() => void) | null = null;
  /** Why it takes no more requests. */
  #ended: Error | null = null;
  /** It has answered once, so it runs. */
  #answered = false;
  /** One request at a time: answers carry no number. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(name: string, stream: Duplex, docker: Docker) {
    this.#name = name;
    this.#stream = stream;
    const stdout = new PassThrough().on('data', (data: Buffer) => {
      this.#output += data.toString();
      this.#waiting?.();
    });
    const stderr = new PassThrough().on('data', (data: Buffer) => {
      this.#errors += data.toString();
      this.#waiting?.();
    });
    docker.modem.demuxStream(stream, stdout, stderr);
    const end = (): void => this.#end(new Error('it has ended'));
    stream.on('end', end).on('close', end).on('error', end);
  }

  static async start(docker: Docker, containerId: string, command: readonly string[]): Promise<AttachedCommand> {
    const exec = await docker.getContainer(containerId).exec({
      Cmd: [...command],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    return new AttachedCommand(command.join(' '), stream, docker);
  }

  /**
   * Writes the lines and waits until `done` finds what it looks for in what was printed since; the last line must
   * therefore be one that prints, also after another line has failed.
   *
   * @throws Error with what the command printed on stderr, when it printed anything there, ended, or took longer
   *   than the limit. After that it takes no more requests: an answer that came late would pass for the next one's.
   */
  request(lines: readonly string[], done: (output: string) => boolean): Promise<string> {
    const result = this.#turn.then(() => this.#request(lines, done));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #request(lines: readonly string[], done: (output: string) => boolean): Promise<string> {
    this.#refuseEnded();
    this.#output = '';
    this.#errors = '';
    const answered = new Promise<void>((resolve) => {
      this.#waiting = () => {
        if (this.#ended !== null || done(this.#output)) resolve();
      };
      this.#waiting();
    });
    this.#stream.write(`${lines.join('\n')}\n`);
    try {
      // An engine that is starting dozens of containers takes seconds until the command itself has begun.
      const limitMs = this.#answered ? LIMITS.containerMs : LIMITS.readyMs;
      await withDeadline(answered, limitMs, `${this.#name}: the answer to "${lines[0]}"`);
      this.#answered = true;
    } catch (error) {
      this.#end(error as Error);
      throw error;
    } finally {
      this.#waiting = null;
    }
    if (this.#errors !== '') throw new Error(`${this.#name}: ${this.#errors.trim()} (after "${lines.join('; ')}")`);
    this.#refuseEnded();
    return this.#output;
  }

  #refuseEnded(): void {
    if (this.#ended === null) return;
    throw new Error(`${this.#name} takes no more requests: ${this.#ended.message}`, { cause: this.#ended });
  }

  #end(why: Error): void {
    this.#ended ??= why;
    this.#waiting?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.end();
    this.#stream.destroy();
  }
}
