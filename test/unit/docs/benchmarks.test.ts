import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { render } from '../../../bench/document/render.ts';
import { DOCUMENT, documentFromResults } from '../../../bench/document/write-document.ts';
import { CARRIES_UP_TO } from '../../../bench/machine.ts';
import { NAMES, RESULTS, readResult } from '../../../bench/result.ts';

const document = readFileSync(DOCUMENT, 'utf8');

test('the tables are those that the committed results make', async () => {
  expect(document).toBe(await documentFromResults(document));
});

test('every committed result is a full one, of a benchmark that there is', async () => {
  const files = existsSync(RESULTS) ? readdirSync(RESULTS) : [];
  const names = files.filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
  for (const name of names) expect(NAMES).toContain(name);
  for (const name of NAMES) expect((await readResult(name))?.quick ?? false, name).toBe(false);
});

test('a cell is judged by the rule that the document states', async () => {
  expect(document).toContain(`more than ${CARRIES_UP_TO * 100} %`);
  const cells = [
    ...((await readResult('capacity'))?.figures.cells ?? []),
    ...((await readResult('onset'))?.figures.cells ?? []),
  ];
  for (const { carried, cpu } of cells) expect(carried).toBe(cpu.busy <= CARRIES_UP_TO);
});

test('a cell that the machine could not carry is shown in brackets, and counts for nothing', () => {
  const cell = {
    arm: 'kernel' as const,
    mbit: 10,
    connections: 4,
    seconds: 30,
    achievedMbit: 10,
    ratio: 1,
    cpu: { busy: 0.5, steal: 0 },
    carried: true,
    queue: null,
    retransmittedShare: 0,
  };
  const result = {
    name: 'capacity' as const,
    measuredAt: '2026-01-01T00:00:00.000Z',
    quick: false,
    machine: { cores: 2, processor: 'p', memoryBytes: 2 ** 30, kernel: 'k', engine: 'e', toxiproxy: 't', node: 'n' },
    figures: {
      band: [0.97, 1.03] as const,
      queueMs: 200,
      queueAtLeastBytes: 200_000,
      warmUpSeconds: 3,
      cells: [
        cell,
        { ...cell, mbit: 100, ratio: 0.9 },
        { ...cell, mbit: 400, ratio: 0.5, cpu: { busy: 0.9, steal: 0 }, carried: false },
      ],
    },
  };
  const text = render('capacity', result);
  expect(text).toContain(
    'Of the kernel’s 2 cells that the machine carried, 1 are within 0.97…1.03; not: 100 Mbit/s × 4.',
  );
  expect(text).toContain('| 400 Mbit/s | (0.500, CPU 90 %) |');
  expect(text).toContain('| 10 Mbit/s | 1.000 |');
});
