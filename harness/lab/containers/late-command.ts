import type { CommandChannel } from '../../fabric/router-shell.ts';

/** A command that nobody needs while the lab starts: it begins in the background, or with the first request. */
export class LateCommand implements CommandChannel {
  readonly #start: () => Promise<CommandChannel>;
  #started: Promise<CommandChannel> | null = null;

  constructor(start: () => Promise<CommandChannel>) {
    this.#start = start;
  }

  /** Returns at once. What goes wrong is the error of each request. */
  begin(): void {
    this.#begun().catch(() => undefined);
  }

  async request(lines: readonly string[], done: (output: string) => boolean): Promise<string> {
    return (await this.#begun()).request(lines, done);
  }

  #begun(): Promise<CommandChannel> {
    this.#started ??= this.#start();
    return this.#started;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const started = await this.#started?.catch(() => null);
    await started?.[Symbol.asyncDispose]();
  }
}
