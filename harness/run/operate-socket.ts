import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { BadInputError } from '../scenario/bad-input-error.ts';
import { operateSocketPath } from './operate-path.ts';
import type { Operator, Performed } from './operator.ts';

/** What a terminal sends, one line of JSON; the answer is one line too, when the action is done. */
export interface OperateRequest {
  readonly action: string;
  /** `key=value`. */
  readonly words: readonly string[];
}
export type OperateAnswer = { readonly performed: Performed } | { readonly badInput: string };

const REQUEST_CHARACTERS_MAX = 64 * 1024;

/**
 * Takes actions from terminals over a Unix socket in the run's folder, which only its owner may use, until disposed of.
 * Several at a time: an action that takes long keeps no other from being done.
 */
export async function listenForOperators(folder: string, operator: Operator): Promise<AsyncDisposable> {
  const handle = openSync(folder, 'r');
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    serve(socket, operator);
  });
  const path = operateSocketPath(handle);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      // The socket is made in this call; nobody else may use it, not even for a moment.
      const before = process.umask(0o177);
      try {
        server.listen(path, resolve);
      } finally {
        process.umask(before);
      }
    });
    chmodSync(path, 0o600);
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
      rmSync(path, { force: true });
      closeSync(handle);
    },
  };
}

function serve(socket: Socket, operator: Operator): void {
  let seen = 0;
  socket.on('data', (chunk) => {
    seen += chunk.length;
    if (seen > REQUEST_CHARACTERS_MAX) socket.destroy();
  });
  createInterface({ input: socket })
    .once('line', (line) => {
      void answer(line, operator).then((said) => socket.end(`${JSON.stringify(said)}\n`));
    })
    // It takes part in the socket's errors, which are told there.
    .on('error', () => undefined);
}

async function answer(line: string, operator: Operator): Promise<OperateAnswer> {
  try {
    const { action, words } = JSON.parse(line) as OperateRequest;
    return { performed: await operator.perform(operator.read(action, words), 'terminal') };
  } catch (error) {
    if (error instanceof BadInputError || error instanceof SyntaxError) return { badInput: error.message };
    return { badInput: `not understood: ${(error as Error).message}` };
  }
}
