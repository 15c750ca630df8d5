import { join } from 'node:path';

/** A size of the model that the claims are judged at: a preset of its scenarios. */
export interface Size {
  readonly preset: string;
  /** Where its campaigns and its page are. */
  readonly folder: string;
  /** From there to `docs`. */
  readonly docs: string;
  /** What its page says of it. */
  readonly about: string;
}

/** The committed results. */
const RESULTS = join(import.meta.dirname, '../docs/reproduction');

export const FULL: Size = {
  preset: 'full',
  folder: RESULTS,
  docs: '..',
  about: `This page is of the preset \`full\`, 16 nodes and 240 volumes, which the claims were made for. The same claims at
[half its nodes](half/README.md) need a fraction of the machine.`,
};

export const SIZES: readonly Size[] = [
  FULL,
  {
    preset: 'half',
    folder: join(RESULTS, 'half'),
    docs: '../..',
    about: `This page is of the preset \`half\`, 8 nodes and 60 volumes, whose storms two slow CPUs carry. It says nothing about the
same claims at [full size](../README.md), which they were made for.`,
  },
];

/** Where a campaign of a preset belongs: to the full size where the preset is no size. */
export const sizeOf = (preset: string): Size => SIZES.find((size) => size.preset === preset) ?? FULL;
