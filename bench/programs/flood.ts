/**
 * `flood.ts HOST PORT CONNECTIONS`: sends as fast as each connection takes it, until its stdin ends. Ready once every
 * connection is open. On stdin, `sent`: prints the bytes that were handed over until now.
 */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [host = '', port = '0', connections = '1'] = process.argv.slice(1);
const block = Buffer.alloc(64 * 1024, 'x');
let sent = 0;
await Promise.all(
  Array.from({ length: Number(connections) }, () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const socket = connect({ host, port: Number(port) });
    socket.on('error', () => undefined);
    const fill = (): void => {
      while (!socket.destroyed && socket.write(block)) sent += block.length;
    };
    socket.on('connect', () => {
      socket.write('S');
      resolve();
      fill();
    });
    socket.on('drain', fill);
    return promise;
  }),
);
console.log('"ready"');
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'stop') process.exit();
    console.log(JSON.stringify({ sent }));
  })
  .on('close', () => process.exit());
