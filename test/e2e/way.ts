import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSocket } from '../../harness/lab/engine/connect.ts';

/** A way to the engine that can be cut off: the engine itself goes on, so that it can be seen what is left on it. */
export class Way implements AsyncDisposable {
  readonly path = join(tmpdir(), `zonestorm-way-${randomUUID()}.sock`);
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #hangs = false;
  #hangsAt: string | null = null;
  #stallsAt: RegExp | null = null;
  /** Of the requests that passed, names of the containers that were asked for. */
  readonly created: string[] = [];
  /** First lines of the requests that were stalled. */
  readonly stalled: string[] = [];

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      if (this.#hangs) return;
      const engine = connect({ path: engineSocket(), allowHalfOpen: true });
      const pair = [client, engine] as const;
      this.#pairs.add(pair);
      client.prependListener('data', (data) => {
        if (this.#hangsAt !== null && data.includes(this.#hangsAt)) this.hang();
        const [line = ''] = data.toString('latin1').split('\r\n', 1);
        const [, created] = /^POST \/containers\/create\?.*name=([^& ]+)/.exec(line) ?? [];
        if (created !== undefined) this.created.push(created);
        if (this.#stallsAt?.test(line) !== true) return;
        this.stalled.push(line);
        stop(pair);
      });
      client.pipe(engine).pipe(client);
      for (const one of pair) {
        one.on('error', () => undefined);
        one.on('close', () => {
          for (const other of pair) other.destroy();
          this.#pairs.delete(pair);
        });
      }
    });
  }

  static async open(): Promise<Way> {
    const way = new Way();
    await new Promise<void>((resolve) => way.#server.listen(way.path, resolve));
    return way;
  }

  /** Hangs from the first request on that holds the text. */
  hangAt(text: string): void {
    this.#hangsAt = text;
  }

  /** From now on, requests whose first line fits are never answered; all others are. */
  stallAt(request: RegExp): void {
    this.#stallsAt = request;
  }

  /** The socket accepts and never answers, as that of an engine that is wedged. */
  hang(): void {
    this.#hangs = true;
    for (const pair of this.#pairs) stop(pair);
  }

  /** Every connection ends and none can be made, as when the engine has died. */
  async die(): Promise<void> {
    for (const pair of this.#pairs) for (const one of pair) one.destroy();
    this.#server.close();
    await rm(this.path, { force: true });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.die();
  }
}

function stop([client, engine]: readonly [Socket, Socket]): void {
  client.unpipe(engine);
  engine.unpipe(client);
  client.pause();
  engine.pause();
}
