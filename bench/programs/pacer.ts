/**
 * `pacer.ts PORT TICK_MS LINK HOST PORT …`: sends one byte over each link at each tick, and takes those of others on
 * PORT. When each byte was sent and when each arrived stands on CLOCK_MONOTONIC, which all containers share. A
 * connection that ends is dialled anew. On stdin: `fresh EPOCH` forgets everything and dials anew; `dump EPOCH` prints
 * what was seen since: for each connection, by link and number, times in ms as base64 of float64.
 */
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const DIAL_AGAIN_MS = 5;
/** A byte that waits in this process would be late for a reason of its own. */
const WAITING_AT_MOST = 4096;

const [port = '0', tick = '2', ...rest] = process.argv.slice(1);
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Times, grown as needed. */
class Times {
  #values = new Float64Array(1024);
  #count = 0;
  push(value: number): void {
    if (this.#count === this.#values.length) {
      const more = new Float64Array(2 * this.#count);
      more.set(this.#values);
      this.#values = more;
    }
    this.#values[this.#count++] = value;
  }
  encode(): string {
    return Buffer.from(this.#values.buffer, 0, this.#count * 8).toString('base64');
  }
}

interface Sent {
  readonly link: number;
  readonly number: number;
  readonly times: Times;
  closedAt: number | null;
}
interface Arrived {
  readonly link: number;
  readonly number: number;
  readonly times: Times;
}

/** Numbers of connections are EPOCH × 10,000 and up. */
let epoch = 0;
let sent: Sent[] = [];
let arrived: Arrived[] = [];
const senders: { socket: Socket | null; current: Sent | null }[] = [];

createServer((socket) => {
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  let head = Buffer.alloc(0);
  let own: Arrived | null = null;
  socket.on('data', (data) => {
    const at = now();
    let bytes = data.length;
    if (own === null) {
      head = Buffer.concat([head, data]);
      if (head.length < 8) return;
      bytes = head.length - 8;
      own = { link: head.readUInt32LE(0), number: head.readUInt32LE(4), times: new Times() };
      arrived.push(own);
    }
    for (let i = 0; i < bytes; i += 1) own.times.push(at);
  });
}).listen(Number(port), () => console.log('"ready"'));

for (let i = 0; i + 2 < rest.length; i += 3) {
  const [link, host = '', target] = [Number(rest[i]), rest[i + 1], Number(rest[i + 2])];
  const sender: (typeof senders)[number] = { socket: null, current: null };
  senders.push(sender);
  let number = 0;
  const dial = (): void => {
    const own: Sent = { link, number: epoch * 10_000 + number++, times: new Times(), closedAt: null };
    const socket = connect({ host, port: target });
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('connect', () => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(own.link, 0);
      head.writeUInt32LE(own.number, 4);
      socket.write(head);
      sent.push(own);
      sender.socket = socket;
      sender.current = own;
    });
    socket.on('close', () => {
      own.closedAt = now();
      sender.socket = null;
      setTimeout(dial, DIAL_AGAIN_MS);
    });
  };
  dial();
}

setInterval(() => {
  for (const { socket, current } of senders) {
    if (socket === null || current === null || socket.writableLength > WAITING_AT_MOST) continue;
    current.times.push(now());
    socket.write('.');
  }
}, Number(tick));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [word, asked = '0'] = line.split(' ');
    if (word === 'stop') process.exit();
    if (word === 'fresh') {
      epoch = Number(asked);
      sent = [];
      arrived = [];
      for (const { socket } of senders) socket?.destroy();
      console.log('null');
      return;
    }
    const own = ({ number }: { number: number }): boolean => Math.floor(number / 10_000) === Number(asked);
    console.log(
      JSON.stringify({
        sent: sent.filter(own).map((one) => ({ ...one, times: one.times.encode() })),
        arrived: arrived.filter(own).map((one) => ({ ...one, times: one.times.encode() })),
      }),
    );
  })
  .on('close', () => process.exit());
