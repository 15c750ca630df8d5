/** One line of a section: what it is, and its value as text. */
export type Row = readonly [label: string, value: string];
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}
