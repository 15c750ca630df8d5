import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { engineSocket } from '../../harness/lab/engine/connect.ts';

/** The machine's engine behind a socket of its own, but for some requests: these fail, as no test can make it fail. */
export class RefusingEngine implements AsyncDisposable {
  readonly path = join(tmpdir(), `zonestorm-refusing-${randomUUID()}.sock`);
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refused: { readonly request: RegExp; readonly answer: string } | null = null;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      const engine = connect({ path: engineSocket(), allowHalfOpen: true });
      const pair = [client, engine];
      client.on('data', (data) => {
        const [line = ''] = data.toString('latin1').split('\r\n', 1);
        if (this.#refused?.request.test(line) === true) client.write(this.#refused.answer);
        else engine.write(data);
      });
      client.on('end', () => engine.end());
      engine.pipe(client);
      for (const one of pair) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#sockets.delete(one);
          for (const other of pair) other.destroy();
        });
      }
    });
  }

  static async open(): Promise<RefusingEngine> {
    const engine = new RefusingEngine();
    await new Promise<void>((resolve) => engine.#server.listen(engine.path, resolve));
    return engine;
  }

  /** From now on, requests without a body whose first line fits are answered with 500 and these words. */
  refuse(request: RegExp, message: string): void {
    const body = JSON.stringify({ message });
    const head = ['HTTP/1.1 500 Internal Server Error', 'Content-Type: application/json'];
    const answer = [...head, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
    this.#refused = { request, answer };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#sockets) one.destroy();
    this.#server.close();
    await rm(this.path, { force: true });
  }
}
