import type { Arm } from './arms.ts';
import { BadCampaignError } from './bad-campaign-error.ts';

/** One parameter and the values that it takes in turn. */
export interface Axis {
  readonly key: string;
  readonly values: readonly string[];
}

/** A value is a quantity or a word, and part of a folder's name. */
const VALUE = /^[A-Za-z0-9.%_-]+$/;
const KEY = /^[A-Za-z0-9._-]+$/;

/** `storage.slotsPerNode=17,18,22`. @throws BadCampaignError */
export function parseAxis(text: string): Axis {
  const at = text.indexOf('=');
  const key = text.slice(0, at);
  const values = text
    .slice(at + 1)
    .split(',')
    .map((value) => value.trim());
  const wrong = values.find((value) => !VALUE.test(value));
  if (at <= 0 || !KEY.test(key) || wrong !== undefined) {
    throw new BadCampaignError(
      `--over ${text}: found \`${wrong ?? text}\`, expected key=a,b,c, like storage.slotsPerNode=17,18,22`,
    );
  }
  if (new Set(values).size < values.length) throw new BadCampaignError(`--over ${text}: a value is named twice`);
  return { key, values };
}

/** @throws BadCampaignError when two axes have one key */
export function axesOf(given: readonly Axis[]): readonly Axis[] {
  if (given.length === 0) throw new BadCampaignError('expected at least one --over key=a,b,c');
  const twice = given.find(({ key }, index) => given.findIndex((axis) => axis.key === key) !== index);
  if (twice !== undefined) throw new BadCampaignError(`--over ${twice.key} is given twice`);
  return given;
}

/** Every combination, the last axis fastest; each is an arm, named after its values. */
export function gridOf(axes: readonly Axis[]): readonly Arm[] {
  const combinations = axes.reduce<readonly (readonly [string, string])[][]>(
    (sofar, { key, values }) =>
      sofar.flatMap((combination) => values.map((value) => [...combination, [key, value] as const])),
    [[]],
  );
  return combinations.map((settings) => ({
    name: cellName(settings),
    settings: Object.fromEntries(settings),
  }));
}

export const cellName = (settings: readonly (readonly [key: string, value: string])[]): string =>
  settings.map(([key, value]) => `${key}=${value}`).join('+');
