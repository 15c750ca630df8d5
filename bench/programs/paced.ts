/** `paced.ts HOST PORT MBIT`: sends at a rate over one connection, at each millisecond what is due; until told `stop`. */
import { connect } from 'node:net';
import { createInterface } from 'node:readline';

const [host = '', port = '0', mbit = '1'] = process.argv.slice(1);
const bytesPerMs = (Number(mbit) * 1e6) / 8 / 1000;
/** What was not due in time is left out rather than sent in a burst. */
const AT_MOST_MS = 20;
const block = Buffer.alloc(Math.ceil(bytesPerMs * AT_MOST_MS), 'x');
const now = (): number => Number(process.hrtime.bigint()) / 1e6;

const socket = connect({ host, port: Number(port) });
socket.on('error', () => undefined);
socket.on('connect', () => {
  socket.write('S');
  let last = now();
  setInterval(() => {
    const at = now();
    const due = Math.min(block.length, Math.round((at - last) * bytesPerMs));
    last = at;
    if (!socket.destroyed && socket.writableLength < 1_000_000) socket.write(block.subarray(0, due));
  }, 1);
  console.log('"ready"');
});
createInterface({ input: process.stdin })
  .on('line', () => process.exit())
  .on('close', () => process.exit());
