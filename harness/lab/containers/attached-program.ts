import type { Duplex } from 'node:stream';
import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { LineSplitter } from '../../history/line-splitter.ts';

/** Of our own programs: a longer line is none of theirs. */
const LINE_LIMIT = 1024 * 1024;

/** A program started inside a running container, which ends when its stdin does; its lines as they are printed. */
export class AttachedProgram implements AsyncDisposable {
  readonly #stream: Duplex;

  private constructor(stream: Duplex) {
    this.#stream = stream;
  }

  static async start(
    docker: Docker,
    containerId: string,
    command: readonly string[],
    onLine: (line: string) => void,
  ): Promise<AttachedProgram> {
    const exec = await docker.getContainer(containerId).exec({
      Cmd: [...command],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    // What a killed program had not ended is no line.
    const splitter = new LineSplitter({ onLine, onOverlong: () => undefined, limit: LINE_LIMIT });
    const stdout = new PassThrough().setEncoding('utf8').on('data', (text: string) => splitter.push(text));
    docker.modem.demuxStream(stream, stdout, new PassThrough().resume());
    // Its container may be killed, or the engine end; what it saw until then has been told.
    stream.on('error', () => undefined);
    return new AttachedProgram(stream);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stream.end();
    this.#stream.destroy();
  }
}
