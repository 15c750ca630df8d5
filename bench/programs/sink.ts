/**
 * `sink.ts PORT…`: swallows and counts what it gets on a connection that begins with `S`, sends back what it gets on
 * one that begins with `E`. On stdin, `mark`: prints the time and the bytes until now; `reset`: resets every
 * connection, so that nothing that its sender's side still holds is sent.
 */
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

const now = (): number => Number(process.hrtime.bigint()) / 1e6;
const sockets = new Set<Socket>();
let bytes = 0;

function serve(socket: Socket): void {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => undefined);
  socket.on('close', () => sockets.delete(socket));
  socket.once('data', (first) => {
    const echo = first[0] === 'E'.charCodeAt(0);
    const take = (data: Buffer): void => {
      if (echo) socket.write(data);
      else bytes += data.length;
    };
    if (first.length > 1) take(first.subarray(1));
    socket.on('data', take);
  });
}

await Promise.all(
  process.argv.slice(1).map((port) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    createServer(serve).listen(Number(port), resolve);
    return promise;
  }),
);
console.log('"ready"');
createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'stop') process.exit();
    if (line === 'reset') for (const socket of sockets) socket.resetAndDestroy();
    console.log(JSON.stringify({ t: now(), bytes, connections: sockets.size }));
  })
  .on('close', () => process.exit());
