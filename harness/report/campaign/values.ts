import type { Share } from '../../campaign/arm-summary.ts';
import type { BoundsJson } from '../../campaign/bounds.ts';
import { integer, percent } from '../numbers.ts';

/** One number in its unit, as `12.3 s`, `20.0 %` or `1,234`. */
export function valueText(value: number, unit: string): string {
  if (unit === 'share') return value < 0 ? `−${percent(-value)}` : percent(value);
  const text = numberText(value, unit);
  return unit === '' || unit === 'count' || unit === 'ratio' ? text : `${text} ${unit}`;
}

function numberText(value: number, unit: string): string {
  const size = Math.abs(value);
  const text = size >= 1000 || Number.isInteger(size) ? integer(size) : String(Number(size.toPrecision(3)));
  return (value < 0 ? '−' : '') + (unit === 's' && size < 1000 ? size.toFixed(1) : text);
}

/** What is known of a value: `≥ 300.0 s` of one that had not ended when its record did. */
export function boundsText(bounds: BoundsJson | null, unit: string, text = valueText): string {
  if (bounds === null) return '–';
  const { atLeast, atMost } = bounds;
  if (atLeast === null && atMost === null) return 'unknown';
  if (atLeast === null) return `≤ ${text(atMost ?? 0, unit)}`;
  if (atMost === null) return `≥ ${text(atLeast, unit)}`;
  return atLeast === atMost ? text(atLeast, unit) : `${text(atLeast, unit)} … ${text(atMost, unit)}`;
}

/** A difference has a sign, and one between shares is in points. */
export function differenceText(value: number, unit: string): string {
  const sign = value > 0 ? '+' : '';
  if (unit !== 'share') return sign + valueText(value, unit);
  return `${sign}${(value * 100).toFixed(1).replace('-', '−')} points`;
}

/** An interval from its lower to its upper end; an end that nothing is known of is open. */
export function intervalText({ atLeast, atMost }: BoundsJson, unit: string): string {
  const from = atLeast === null ? '−∞' : differenceText(atLeast, unit);
  const to = atMost === null ? '+∞' : differenceText(atMost, unit);
  return `${from} … ${to}`;
}

/** `3 of 8 (13.7 % … 69.4 %)`. */
export function shareText({ yes, of, low, high, untold }: Share): string {
  if (of === 0 || low === null || high === null) return '–';
  const more = untold === 0 ? '' : `, ${untold} cannot tell`;
  return `${yes} of ${of} (${percent(low)} … ${percent(high)})${more}`;
}
