import { withDeadline } from './deadline.ts';

/** Resolves when the work has ended, however it does, or after `ms`: for what removes things on its way out. */
export const settled = (work: Promise<unknown>, ms: number): Promise<void> =>
  withDeadline(work, ms, 'its end').then(
    () => undefined,
    () => undefined,
  );
