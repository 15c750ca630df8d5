import { createInterface } from 'node:readline/promises';

/** A CI system that says so of itself, as nearly all do; `CI=false` says the opposite. */
export const isCi = (): boolean => !['', '0', 'false'].includes(process.env.CI ?? '');

/** Whether something may be installed on this machine: `what` ends the question *May I …?* */
export type MayInstall = (what: string) => Promise<boolean>;

/** Without asking where `yes` says so or in CI; else a terminal is asked, and without one the answer is no. */
export const mayInstall =
  (yes: boolean): MayInstall =>
  async (what) => {
    if (yes || isCi()) return true;
    if (!process.stdin.isTTY) return false;
    const terminal = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test((await terminal.question(`zonestorm: May I ${what}? [y/N] `)).trim());
    } finally {
      terminal.close();
    }
  };
