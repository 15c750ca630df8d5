import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { EXIT } from '../../../harness/cli/exit-code.ts';
import { program } from '../../../harness/cli/program.ts';
import { PROJECT } from '../../../harness/lab/project.ts';
import { shippedScenarios } from '../../../harness/scenario/load-scenario.ts';
import { anchorsIn, codeIn, documents, linksIn, tableOf } from './documents.ts';

const all = documents();
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }).scripts,
);
const readme = all.find(({ path }) => path === 'README.md')?.text ?? '';

describe.each(all)('$path', ({ path, text }) => {
  test('links inside the project lead somewhere', () => {
    const dead = linksIn(text).filter((target) => {
      if (/^https?:/.test(target)) return false;
      const [file = '', anchor] = target.split('#');
      const at = file === '' ? path : relative(PROJECT, join(PROJECT, dirname(path), file));
      if (!existsSync(join(PROJECT, at))) return true;
      return anchor !== undefined && !anchorsIn(readFileSync(join(PROJECT, at), 'utf8')).includes(anchor);
    });
    expect(dead).toEqual([]);
  });

  test('files that are named exist', () => {
    const paths = codeIn(text).flatMap((code) => [
      ...code.matchAll(/(?<![\w/.-])(?:harness|fixtures|compose|test|docs|\.ci)\/[\w./-]+/g),
    ]);
    // The walk-through of a fault names one file that is to be written.
    const missing = paths.map(([name]) => name.replace(/[.]$/, '')).filter((name) => !existsSync(join(PROJECT, name)));
    expect(missing.filter((name) => name !== 'harness/fault/limit.ts')).toEqual([]);
  });

  test('npm scripts that are named exist', () => {
    const named = codeIn(text).flatMap((code) => [...code.matchAll(/^npm (?:run )?([a-z]+)/g)].map(([, name]) => name));
    expect(named.filter((name) => !['ci', 'install'].includes(name ?? '') && !scripts.includes(name ?? ''))).toEqual(
      [],
    );
  });

  test('commands of zonestorm that are named exist, with their options and scenarios', async () => {
    const shipped = await shippedScenarios();
    expect(codeIn(text).flatMap((code) => wrongIn(code, shipped))).toEqual([]);
  });
});

/** What a line of code says of zonestorm's commands that is not so. */
function wrongIn(code: string, shipped: readonly string[]): readonly string[] {
  const [, line] = /^(?:harness\/bin\/)?zonestorm ([^#]+)/.exec(code) ?? [];
  if (line === undefined) return [];
  const [name = '', ...rest] = line.split(',')[0]?.trim().split(/\s+/) ?? [];
  const command = program().commands.find((one: Command) => one.name() === name);
  if (command === undefined) return [`${code}: no command ${name}`];
  const known = [...command.options.map((option) => option.long), '--help'];
  const options = rest.filter((word) => word.startsWith('--') && !known.includes(word));
  const [first] = rest;
  const isScenario = ['run', 'plan'].includes(name) && first !== undefined && /^[a-z][a-z0-9-]*$/.test(first);
  return [
    ...options.map((option) => `${code}: no option ${option}`),
    ...(isScenario && !shipped.includes(first) ? [`${code}: no scenario ${first}`] : []),
  ];
}

test("the README's exit codes are the program's, and so are its help's", () => {
  const rows = tableOf(readme, '| exit code | meaning |').map(([code, meaning]) => [Number(code), meaning]);
  expect(rows.map(([code]) => code)).toEqual(Object.values(EXIT).sort((a, b) => a - b));
  let help = '';
  program()
    .configureOutput({ writeOut: (text) => (help += text) })
    .outputHelp();
  for (const [code, meaning] of rows) expect(help).toMatch(new RegExp(`^ +${code} +${meaning}$`, 'm'));
});

test('the README has a row for each command', () => {
  const rows = tableOf(readme, '| command | what it does |').map(([cell]) => /zonestorm (\w+)/.exec(cell ?? '')?.[1]);
  expect(rows.sort()).toEqual(
    program()
      .commands.map((command) => command.name())
      .sort(),
  );
});

test('the README names every scenario that ships, and the documents name no other', async () => {
  const shipped = await shippedScenarios();
  for (const name of shipped) expect(codeIn(readme)).toContain(name);
  const named = all.flatMap(({ text }) => text.match(/(?<![\w/.-])ebs-2011(?:-[a-z]+)?(?![\w-])/g) ?? []);
  expect(new Set(named).difference(new Set(shipped))).toEqual(new Set());
});
