/**
 * Numbers with units as people write them in scenarios, topologies and on the command line. Every duration, size,
 * capacity and share that zonestorm reads goes through here.
 */

/** What YAML or `--set` gives for one value. */
export type Scalar = string | number | boolean;

/** `expected` says what would have been right, with an example. */
export class QuantityError extends Error {
  readonly expected: string;
  constructor(expected: string) {
    super(`expected ${expected}`);
    this.name = 'QuantityError';
    this.expected = expected;
  }
}

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3600 };
const BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};
const MBIT: Readonly<Record<string, number>> = { kbit: 0.001, mbit: 1, gbit: 1000 };

/** Number, optional space, unit. Case matters in units: `MB` is not `mb`. */
const QUANTITY = /^([+-]?\d+(?:\.\d+)?)\s*([A-Za-z%]*)$/;

/** As published in the JSON Schema. */
export const DURATION_PATTERN = '^\\d+(\\.\\d+)?\\s*(ms|s|min|h)$';

function parse(raw: Scalar, units: Readonly<Record<string, number>>, what: string, bareUnit: string | null): number {
  const example = `${what} with its unit (${Object.keys(units).join(', ')})`;
  const match = QUANTITY.exec(typeof raw === 'boolean' ? '' : String(raw).trim());
  const unit = match?.[2] || (bareUnit ?? '');
  const factor = Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (match === null || factor === undefined) throw new QuantityError(`${example}, like ${EXAMPLES[what]}`);
  // Rounded to 12 digits: 750 × 0.001 must print as 0.75.
  return Number((Number(match[1]) * factor).toPrecision(12));
}
const EXAMPLES: Readonly<Record<string, string>> = {
  'a duration': '2.5s',
  'a size': '64KiB',
  'a capacity': '9mbit',
};

/** `2.5s`, `750ms`. A bare number is accepted only where `bareUnit` says what it would mean. */
export function parseSeconds(raw: Scalar, bareUnit: 'ms' | null = null): number {
  const seconds = parse(raw, SECONDS, 'a duration', bareUnit);
  if (seconds < 0) throw new QuantityError('a duration that is not negative');
  return seconds;
}

/** `2MiB`, `64KiB`, `2.25MB`: whole bytes above 0. */
export function parseBytes(raw: Scalar, bareUnit: 'B' | null = null): number {
  const bytes = parse(raw, BYTES, 'a size', bareUnit);
  if (bytes <= 0 || !Number.isInteger(bytes)) throw new QuantityError('a whole number of bytes above 0');
  return bytes;
}

/** `9mbit` in Mbit/s (10^6 bit) of TCP payload at the receiver. */
export function parseMbit(raw: Scalar): number {
  const mbit = parse(raw, MBIT, 'a capacity', null);
  if (mbit <= 0) throw new QuantityError('a capacity above 0');
  return mbit;
}

/** `0.875` or `87.5%`: 0..1. */
export function parseShare(raw: Scalar): number {
  const match = QUANTITY.exec(typeof raw === 'boolean' ? '' : String(raw).trim());
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1);
  if (!(share >= 0 && share <= 1) || !['', '%'].includes(match?.[2] ?? '')) {
    throw new QuantityError('a share between 0 and 1, like 0.875 or 87.5%');
  }
  return share;
}

export function parseNumber(raw: Scalar, minimum: number): number {
  const value = typeof raw === 'boolean' || String(raw).trim() === '' ? Number.NaN : Number(raw);
  if (!Number.isFinite(value) || value < minimum) throw new QuantityError(`a number of at least ${minimum}`);
  return value;
}

export function parseCount(raw: Scalar, minimum: number, maximum: number): number {
  const value = typeof raw === 'boolean' || String(raw).trim() === '' ? Number.NaN : Number(raw);
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new QuantityError(`a whole number from ${minimum} to ${maximum}`);
  }
  return value;
}

export function parseBoolean(raw: Scalar): boolean {
  if (raw === true || raw === 'true') return true;
  if (raw === false || raw === 'false') return false;
  throw new QuantityError('true or false');
}

/** Whole milliseconds, so that a plan reads well. */
export const toMilliseconds = (seconds: number): number => Math.round(seconds * 1000) / 1000;
