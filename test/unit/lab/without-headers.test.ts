import { expect, test } from 'vitest';
import { withoutHeaders } from '../../../harness/lab/containers/without-headers.ts';

const piece = (stream: number, text: string): Buffer => {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
};

test('both streams in their order, without the engine’s headers', () => {
  expect(withoutHeaders(Buffer.concat([piece(1, 'one\n'), piece(2, 'zwei ü\n'), piece(1, '')])).toString()).toBe(
    'one\nzwei ü\n',
  );
});

test('an empty log, and one that was cut off', () => {
  expect(withoutHeaders(Buffer.alloc(0)).length).toBe(0);
  expect(withoutHeaders(piece(1, 'cut off').subarray(0, 12)).toString()).toBe('cut ');
});
