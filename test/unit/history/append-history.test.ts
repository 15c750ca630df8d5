import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { appendHistory } from '../../../harness/history/append-history.ts';
import { readHistory } from '../../../harness/history/read-history.ts';
import { host } from '../measure/record-builders.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'zonestorm-history-'));
});
afterEach(() => rm(dir, { recursive: true }));

describe('appendHistory', () => {
  test('writes in the order of the calls, also while a write is under way', async () => {
    const file = join(dir, 'history.jsonl');
    const history = await appendHistory(file);
    for (let t = 0; t < 5000; t += 1) {
      history.append(host(t, 0.5));
      if (t % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await history.close();
    const { records } = await readHistory(file);
    expect(records.map((record) => record.t)).toEqual(Array.from({ length: 5000 }, (_, t) => t));
  });

  test('what was flushed is in the file', async () => {
    const file = join(dir, 'history.jsonl');
    await using history = await appendHistory(file);
    history.append(host(1, 0.5));
    await history.flush();
    expect(await readFile(file, 'utf8')).toBe(`${JSON.stringify(host(1, 0.5))}\n`);
  });

  test('goes on at the end of a file that exists, and takes nothing after its close', async () => {
    const file = join(dir, 'history.jsonl');
    for (const t of [1, 2]) {
      const history = await appendHistory(file);
      history.append(host(t, 0.5));
      await history.close();
      expect(() => history.append(host(9, 0.5))).toThrow('closed');
    }
    expect((await readHistory(file)).records.map((record) => record.t)).toEqual([1, 2]);
  });

  test('does not go on after a write that failed', async () => {
    // Every write to this device fails, as on a full disk: https://man7.org/linux/man-pages/man4/full.4.html
    const history = await appendHistory('/dev/full');
    history.append(host(1, 0.5));
    await expect(history.flush()).rejects.toThrow('cannot write the history');
    expect(() => history.append(host(2, 0.5))).toThrow('cannot write the history');
  });
});
