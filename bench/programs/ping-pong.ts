/**
 * Round trips of one byte to an echo. On stdin, `ping HOST PORT N`: on one open connection, the next is sent when the
 * last has come back; `connect HOST PORT N`: on a new connection each, from the dial to the first byte that comes
 * back. Prints their times in ms.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const WARM_UP = 300;
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

function dial(host: string, port: number): Socket {
  const socket = connect({ host, port });
  socket.setNoDelay(true);
  socket.on('error', (error) => {
    console.error(error.message);
    process.exit(1);
  });
  return socket;
}

async function ping(host: string, port: number, count: number): Promise<number[]> {
  const socket = dial(host, port);
  const times: number[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  let sentAt = 0;
  const send = (): void => {
    sentAt = now();
    socket.write('.');
  };
  socket.on('data', () => {
    times.push(now() - sentAt);
    if (times.length === WARM_UP + count) resolve();
    else send();
  });
  socket.on('connect', () => {
    socket.write('E');
    send();
  });
  await promise;
  socket.destroy();
  return times.slice(WARM_UP);
}

async function connects(host: string, port: number, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    const begun = now();
    const socket = dial(host, port);
    socket.on('connect', () => socket.write('E.'));
    socket.on('data', () => {
      times.push(now() - begun);
      socket.destroy();
    });
    socket.on('close', () => resolve());
    await promise;
  }
  return times;
}

console.log('"ready"');
createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [word, host = '', port = '0', count = '0'] = line.split(' ');
    if (word === 'stop') process.exit();
    const what = word === 'ping' ? ping : connects;
    void what(host, Number(port), Number(count)).then((times) => console.log(JSON.stringify(times)));
  })
  .on('close', () => process.exit());
