import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LineWriter } from '../../../fixtures/storage/telemetry/line-writer.ts';

describe('LineWriter', () => {
  it('keeps lines whole and in order while the sink is slow', async () => {
    const batches: string[] = [];
    const writer = new LineWriter(async (bytes) => {
      await delay(5);
      batches.push(bytes.toString());
    });
    for (let line = 0; line < 5; line += 1) {
      writer.write(String(line));
      await delay(2);
    }
    await writer.flush();
    expect(batches.join('')).toBe('0\n1\n2\n3\n4\n');
    expect(batches.length).toBeLessThan(5);
  });

  it('throws rather than lose a line', () => {
    const writer = new LineWriter(() => new Promise(() => undefined));
    const line = 'x'.repeat(1024 * 1024);
    expect(() => {
      for (let count = 0; count < 100; count += 1) writer.write(line);
    }).toThrow('faster');
  });
});

describe('print', () => {
  it('loses nothing on a pipe that nobody reads for a while, and does not stop the program meanwhile', async () => {
    const module = new URL('../../../fixtures/storage/telemetry/print.ts', import.meta.url).href;
    const program = `
      import { print, flushPrinted } from '${module}';
      let ticks = 0;
      const timer = setInterval(() => { ticks += 1; }, 10);
      for (let t = 0; t < 20000; t += 1) print({ kind: 'phase', t, phase: 'x'.repeat(50), state: 'begin' });
      setTimeout(async () => {
        process.stderr.write(String(ticks));
        await flushPrinted();
        process.exit(0);
      }, 300);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let ticks = '';
    child.stderr.on('data', (chunk: Buffer) => {
      ticks += chunk.toString();
    });
    await once(child.stderr, 'data');
    expect(Number(ticks)).toBeGreaterThan(10);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    await once(child, 'close');
    const times = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { t: number }).t);
    expect(times).toEqual(Array.from({ length: 20_000 }, (_, t) => t));
  });
});
