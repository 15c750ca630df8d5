import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { COMMAND } from '../../../fixtures/storage/nbd/protocol.ts';
import { encodeRequestHeader } from '../../../fixtures/storage/nbd/transmission.ts';

/** Bytes of a client that the test itself writes, as no client of ours does what is tried here. */
export const FLAGS = Buffer.from('00000003', 'hex');

export function option(number: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const header = Buffer.alloc(16);
  header.write('IHAVEOPT', 0, 'latin1');
  header.writeUInt32BE(number, 8);
  header.writeUInt32BE(data.length, 12);
  return Buffer.concat([header, data]);
}

export function goOption(name: string): Buffer {
  const data = Buffer.alloc(4 + name.length + 2);
  data.writeUInt32BE(name.length, 0);
  data.write(name, 4);
  return option(7, data);
}

export interface RawRequest {
  readonly command: keyof typeof COMMAND | number;
  readonly flags?: number;
  readonly cookie?: bigint;
  readonly offset?: number;
  readonly length?: number;
}

export function request({ command, flags = 0, cookie = 1n, offset = 0, length = 0 }: RawRequest): Buffer {
  const number = typeof command === 'number' ? command : COMMAND[command];
  return encodeRequestHeader({ flags, command: number, cookie, offset, length });
}

/** A connection on which every byte from the server is kept. */
export class RawClient {
  readonly socket: Socket;
  readonly closed: Promise<unknown>;
  #received: Buffer[] = [];
  #length = 0;
  #arrived: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
      this.#length += chunk.length;
      this.#arrived();
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const client = new RawClient(socket);
    await once(socket, 'connect');
    return client;
  }

  /** Enters an export by OPT_GO: greeting, and the replies to it and to OPT_STRUCTURED_REPLY, are dropped. */
  static async enter(port: number, name: string, isStructured = false): Promise<RawClient> {
    const client = await RawClient.connect(port);
    client.send(FLAGS, ...(isStructured ? [option(8)] : []), goOption(name));
    await client.take(18 + (isStructured ? 20 : 0) + (20 + 12) + (20 + 14) + 20);
    return client;
  }

  get receivedBytes(): number {
    return this.#length;
  }

  send(...bytes: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** Waits for so many bytes and takes them. */
  async take(count: number): Promise<Buffer> {
    while (this.#length < count) {
      const arrived = new Promise<void>((resolve) => {
        this.#arrived = resolve;
      });
      const isClosed = await Promise.race([arrived, this.closed.then(() => true)]);
      if (isClosed === true && this.#length < count) throw new Error(`closed after ${this.#length} of ${count} bytes`);
    }
    const all = Buffer.concat(this.#received);
    this.#received = [all.subarray(count)];
    this.#length -= count;
    return all.subarray(0, count);
  }

  /** The errno of a simple reply, which has to be one to `cookie`. */
  async simpleReply(cookie = 1n): Promise<number> {
    const bytes = await this.take(16);
    if (bytes.readUInt32BE(0) !== 0x67446698 || bytes.readBigUInt64BE(8) !== cookie) {
      throw new Error(`not a simple reply to ${cookie}: ${bytes.toString('hex')}`);
    }
    return bytes.readUInt32BE(4);
  }

  /** A chunk of a structured reply. */
  async chunk(): Promise<{ flags: number; type: number; cookie: bigint; payload: Buffer }> {
    const bytes = await this.take(20);
    if (bytes.readUInt32BE(0) !== 0x668e33ef) throw new Error(`no chunk: ${bytes.toString('hex')}`);
    return {
      flags: bytes.readUInt16BE(4),
      type: bytes.readUInt16BE(6),
      cookie: bytes.readBigUInt64BE(8),
      payload: await this.take(bytes.readUInt32BE(16)),
    };
  }
}
