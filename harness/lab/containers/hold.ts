import type { Duplex } from 'node:stream';
import type Docker from 'dockerode';

/**
 * Goes before a program's own command: the container starts, and the program begins when a line comes in on stdin.
 * So containers, whose start takes the engine long, start beside the routers; and no program runs before its port on
 * the bridge is isolated.
 *
 * A held program ends on SIGTERM, and does not when its stdin does: the stdins of all of them end together, with the
 * harness or when its start is interrupted, and containers that leave a network together may keep it from being removed
 * (`stopConcurrency` in `limits.ts`). They stay until they are removed, one after the other.
 */
export const HOLD: readonly string[] = [
  'sh',
  '-c',
  'trap "exit 0" TERM; read -r go && exec "$@"; exec sleep infinity',
  'sh',
];

/** A container's way to its held program; of one that was created with an open stdin. */
export class Hold {
  readonly #stdin: Duplex;

  private constructor(stdin: Duplex) {
    this.#stdin = stdin;
    // The container may be removed while it is held.
    stdin.on('error', () => undefined).resume();
  }

  /** To be called before each start of the container, as what is written before nobody reads. */
  static async on(container: Docker.Container): Promise<Hold> {
    return new Hold((await container.attach({ stream: true, stdin: true, hijack: true })) as Duplex);
  }

  /** The program begins; its stdin stays open, for what operators have to say to it. */
  release(): void {
    this.#stdin.write('go\n');
  }

  /** A line for the program itself, once it has begun. */
  say(line: string): void {
    this.#stdin.write(`${line}\n`);
  }

  /** Nothing more will be said; a program that is still held will never begin. */
  end(): void {
    this.#stdin.end();
  }
}
