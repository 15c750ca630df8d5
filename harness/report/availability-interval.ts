import type { Operations } from '../measure/operations.ts';

type Interval = Pick<Operations, 'availabilityLow95' | 'availabilityHigh95' | 'intervalReason'>;

/** `92.2–94.7`, per cent; or `no interval: outages are too long for 34.0 s`. */
export function availabilityInterval({ availabilityLow95: low, availabilityHigh95: high, intervalReason }: Interval) {
  if (low !== null && high !== null) return `${(low * 100).toFixed(1)}–${(high * 100).toFixed(1)}`;
  return `no interval${intervalReason ? `: ${intervalReason}` : ''}`;
}
