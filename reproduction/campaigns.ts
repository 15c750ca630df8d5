import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { RunRow } from '../harness/campaign/arm-summary.ts';
import type { Arm } from '../harness/campaign/arms.ts';
import { type Asked, askedSchema } from '../harness/campaign/asked.ts';
import { type Comparison, comparisonSchema } from '../harness/campaign/comparison.ts';
import { type Sweep, sweepSchema } from '../harness/campaign/sweep.ts';
import type { Planned } from './claims.ts';
import { isCurrent } from './is-current.ts';
import { SIZES } from './sizes.ts';

/** What is committed of one campaign. */
export interface Campaign {
  readonly name: string;
  readonly asked: Asked;
  /** Of a `compare`, otherwise `null`. */
  readonly comparison: Comparison | null;
  /** Of a `sweep`, otherwise `null`. */
  readonly sweep: Sweep | null;
  /** Whether the same command would make the same plans now. */
  readonly isCurrent: boolean;
}

/** Every campaign of a size's folder, by name. @throws for a folder that is none */
export async function readCampaigns(folder: string): Promise<readonly Campaign[]> {
  const entries = existsSync(folder) ? await readdir(folder, { withFileTypes: true }) : [];
  const isSize = (name: string): boolean => SIZES.some((size) => size.folder === join(folder, name));
  const names = entries.filter((entry) => entry.isDirectory() && !isSize(entry.name)).map(({ name }) => name);
  return Promise.all(names.sort().map((name) => readCampaign(join(folder, name), name)));
}

/** @throws for a folder without `campaign.json`, and for files of another version */
export async function readCampaign(folder: string, name: string): Promise<Campaign> {
  const asked = await read(join(folder, 'campaign.json'), askedSchema);
  if (asked.command === 'boundary') throw new Error(`${folder}: found a boundary, expected a comparison or a sweep`);
  const comparison = asked.command === 'compare' ? await read(join(folder, 'compare.json'), comparisonSchema) : null;
  const sweep = asked.command === 'sweep' ? await read(join(folder, 'sweep.json'), sweepSchema) : null;
  return { name, asked, comparison, sweep, isCurrent: await isCurrent(asked) };
}

async function read<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file}: not of this version of zonestorm (${parsed.error.issues[0]?.message})`);
}

export const runsOf = ({ comparison, sweep }: Campaign): readonly RunRow[] => comparison?.runs ?? sweep?.runs ?? [];

/** What a campaign's command says. */
type Question = Pick<Asked, 'command' | 'scenario' | 'preset' | 'set'> & {
  readonly seeds: readonly number[];
  readonly arms: readonly Arm[];
};

/** The command that makes the same campaign again, from what it was begun with. */
export function commandOf(
  { command, scenario, preset, seeds, set, arms }: Question,
  sweep: Sweep | null = null,
  metrics: readonly string[] = [],
): string {
  const settings = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([key, value]) => `${key}=${value}`);
  const parts = ['zonestorm', command, scenario, '--preset', preset, '--seeds', seedsOf(seeds)];
  for (const one of settings(set)) parts.push('--set', one);
  if (sweep !== null) for (const { key, values } of sweep.axes) parts.push('--over', `${key}=${values.join(',')}`);
  else {
    for (const arm of arms) {
      const list = settings(arm.settings).join(',');
      parts.push('--arm', list === '' ? arm.name : `${arm.name}:${list}`);
    }
  }
  for (const metric of metrics) parts.push('--metric', metric.includes(' ') ? `'${metric}'` : metric);
  return parts.join(' ');
}

/** As `--seeds` takes them. */
function seedsOf(seeds: readonly number[]): string {
  const isFirst = seeds.every((seed, index) => seed === index + 1);
  return isFirst ? `${seeds.length}` : seeds.length === 1 ? `${seeds[0]},` : seeds.join(',');
}

/**
 * In words, what makes a campaign another one than the planned of its name; empty when nothing does. Another number of
 * seeds, and an arm more or less, do not.
 */
export function unlike(planned: Planned, { asked }: Campaign): readonly string[] {
  const same = (what: string, is: string, wanted: string) =>
    is === wanted ? [] : [`${what} ${is}, planned ${wanted}`];
  const show = (settings: Readonly<Record<string, string>>) =>
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}`)
      .sort()
      .join(',') || 'unchanged';
  return [
    ...same('command', asked.command, 'compare'),
    ...same('scenario', asked.scenario, planned.scenario),
    ...same('preset', asked.preset, planned.preset),
    ...same('--set', show(asked.set), show(planned.set)),
    ...planned.arms.flatMap((arm) => {
      const there = asked.arms.find(({ name }) => name === arm.name);
      return there === undefined ? [] : same(`arm ${arm.name}`, show(there.settings), show(arm.settings));
    }),
  ];
}
