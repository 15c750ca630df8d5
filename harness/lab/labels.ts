/**
 * Everything that zonestorm creates on an engine carries these labels, and clean-up goes by them exactly, never
 * by a name pattern.
 */
export const LABELS = {
  /** `true` on every container, network and volume of ours. */
  ours: 'zonestorm',
  run: 'zonestorm.run',
  /** The container's or router's id in the plan. */
  id: 'zonestorm.id',
  role: 'zonestorm.role',
  zone: 'zonestorm.zone',
  plane: 'zonestorm.plane',
  /** On images that zonestorm built: which one. */
  image: 'zonestorm.image',
  /** On the same: the folder of the checkout that built it. */
  checkout: 'zonestorm.checkout',
} as const;

export function labelsOf(runId: string, more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { [LABELS.ours]: 'true', [LABELS.run]: runId, ...more };
}
