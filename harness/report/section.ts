/** One line of a section: what it is, and its value as text. */
export type Row = readonly [label: string, value: string];

/** Every section that an output may have. Where a run has nothing of one, no output has it. */
export const SECTION_TITLES = [
  'Expectations',
  'The loop',
  'Beside the event',
  'Storm',
  'Dose',
  'Fabric',
  'Agreement',
  'Applications',
  'Block I/O of the instances',
  'Control plane',
  'Operator',
  'Databases',
  'Multi-zone databases',
  'Ledger',
  'History',
  'Validity',
  'Parameters',
  'Environment',
] as const;
export type SectionTitle = (typeof SECTION_TITLES)[number];

export interface Section {
  readonly title: SectionTitle;
  readonly rows: readonly Row[];
}
