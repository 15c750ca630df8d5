import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommitLedger } from '../../../fixtures/storage/databases/commit-ledger.ts';
import { LedgerFile, openLedgerFile } from '../../../fixtures/storage/ledger/ledger-file.ts';
import { VolumeLedger } from '../../../fixtures/storage/ledger/volume-ledger.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zonestorm-ledger-'));
});
afterEach(() => rm(folder, { recursive: true }));
const open = (name = 'v0') => new LedgerFile(join(folder, 'new'), name);

describe('the ledger of a volume', () => {
  it('goes on where a former life ended, with what that had in flight as possible', () => {
    const first = new VolumeLedger(open());
    first.acknowledge(7, first.begin(7), 10);
    first.refuse(8, first.begin(8));
    first.acknowledge(7, first.begin(7), 20);
    first.begin(9);
    const second = new VolumeLedger(open());
    expect(second.entries()).toEqual([
      [7, 3],
      [9, 0, 4],
    ]);
    expect(second.times()).toEqual([20, null]);
    expect(second.acknowledged).toBe(2);
    expect(second.mayHold(9, [0, 4])).toBe(true);
    second.acknowledge(9, second.begin(9), 30);
    const third = new VolumeLedger(open());
    expect(third.entries()).toEqual([
      [7, 3],
      [9, 5],
    ]);
  });

  it('of another volume is another', () => {
    new VolumeLedger(open('v0')).begin(1);
    expect(new VolumeLedger(open('v1')).begin(1)).toBe(1);
  });
});

describe('the ledger of a database', () => {
  it('goes on with ids above those that were begun and those that are held', () => {
    const first = new CommitLedger(open());
    expect([first.begin(0), first.begin(0), first.begin(0)]).toEqual([1, 2, 3]);
    first.acknowledge(1);
    first.acknowledge(2);
    const second = new CommitLedger(open());
    // The database may lack what it acknowledged: that id is never given out again.
    expect(second.begin(1)).toBe(4);
    second.acknowledge(4);
    expect(second.begin(9)).toBe(10);
    const third = new CommitLedger(open());
    expect(third.acknowledged.entries()).toEqual([
      [1, 2],
      [4, 4],
    ]);
    expect(third.begun.entries()).toEqual([
      [1, 4],
      [10, 10],
    ]);
    expect(third.lastBegun).toBe(10);
  });
});

describe('its file', () => {
  it('leaves out a last line that was cut off, and goes on behind the whole ones', async () => {
    open().append(['begin', 1, 1]);
    await appendFile(join(folder, 'new', 'v0.jsonl'), '["ok",1');
    const again = open();
    expect(again.former).toEqual([['begin', 1, 1]]);
    again.append(['ok', 1, 1, 5]);
    expect(await readFile(join(folder, 'new', 'v0.jsonl'), 'utf8')).toBe('["begin",1,1]\n["ok",1,1,5]\n');
  });

  it('is refused with a line in it that is no note, with file and line', async () => {
    open();
    await writeFile(join(folder, 'new', 'v0.jsonl'), '["begin",1,1]\n{}\n["ok",1,1,5]\n');
    expect(() => open()).toThrow(/v0\.jsonl:2: no note of a ledger: \{\}/);
  });

  it('is nowhere without a folder from the harness', () => {
    expect(() => openLedgerFile('v0', {})).toThrow('ZONESTORM_LEDGER is not set');
  });
});
