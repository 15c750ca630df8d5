import { describe, expect, test } from 'vitest';
import {
  parseBoolean,
  parseBytes,
  parseCount,
  parseMbit,
  parseNumber,
  parseSeconds,
  parseShare,
  QuantityError,
  type Scalar,
} from '../../../harness/scenario/quantity.ts';

describe('quantities', () => {
  test.each<[(raw: Scalar) => unknown, Scalar, unknown]>([
    [parseSeconds, '2.5s', 2.5],
    [parseSeconds, '750ms', 0.75],
    [parseSeconds, '12 ms', 0.012],
    [parseSeconds, '5min', 300],
    [parseSeconds, '0s', 0],
    [(raw) => parseSeconds(raw, 'ms'), 750, 0.75],
    [parseBytes, '2MiB', 2_097_152],
    [parseBytes, '64KiB', 65_536],
    [parseBytes, '2.25MB', 2_250_000],
    [parseBytes, '562.5kB', 562_500],
    [(raw) => parseBytes(raw, 'B'), 4096, 4096],
    [parseMbit, '9mbit', 9],
    [parseMbit, '2.25mbit', 2.25],
    [parseMbit, '1gbit', 1000],
    [parseShare, 0.875, 0.875],
    [parseShare, '87.5%', 0.875],
    [(raw) => parseCount(raw, 1, 50), '17', 17],
    [(raw) => parseNumber(raw, 0), '1.6', 1.6],
    [parseBoolean, 'true', true],
    [parseBoolean, false, false],
  ])('%o reads %o as %o', (parse, raw, value) => {
    expect(parse(raw)).toBe(value);
  });

  test.each<[(raw: Scalar) => unknown, Scalar]>([
    [parseSeconds, 8],
    [parseSeconds, '8'],
    [parseSeconds, '-5s'],
    [parseSeconds, '5 S'],
    [parseSeconds, '1e3s'],
    [parseSeconds, ''],
    [parseSeconds, true],
    [parseSeconds, '5constructor'],
    [parseBytes, '2mib'],
    [parseBytes, '0B'],
    [parseBytes, '0.5B'],
    [parseMbit, '9'],
    [parseMbit, '20MB'],
    [parseMbit, '0mbit'],
    [parseShare, 1.1],
    [parseShare, '87.5 points'],
    [parseShare, ''],
    [(raw) => parseCount(raw, 1, 50), 1.5],
    [(raw) => parseCount(raw, 1, 50), 51],
    [(raw) => parseCount(raw, 1, 50), ''],
    [(raw) => parseCount(raw, 0, 50), true],
    [(raw) => parseNumber(raw, 0), 'NaN'],
    [(raw) => parseNumber(raw, 0), 'Infinity'],
    [parseBoolean, 'yes'],
  ])('%o refuses %o', (parse, raw) => {
    expect(() => parse(raw)).toThrow(QuantityError);
  });
});
