/** One line of Docker's versions, by what was read from its engine. */
interface KnownEngine {
  /** Major and minor. */
  readonly line: string;
  /** `ci`: every change is tested with it. `tried`: once, by hand. */
  readonly how: 'ci' | 'tried';
  /** Whole version, where it came from, and when that was read. */
  readonly read: string;
}

/**
 * What is promised of Docker's versions. Each was read from an engine that carried whole runs, faults and clean-up;
 * docs/engines.md has more.
 */
export const KNOWN_ENGINES: readonly KnownEngine[] = [
  { line: '20.10', how: 'ci', read: '20.10.24, Debian 12, November 2026' },
  { line: '26.1', how: 'tried', read: '26.1.5, Debian 13, November 2026' },
  { line: '28.5', how: 'ci', read: '28.5.2, Debian sid, November 2026' },
];

export interface EngineStanding {
  readonly how: KnownEngine['how'] | 'unknown';
  /** A part of a sentence: `28.5.2+dfsg4 …`. */
  readonly words: string;
}

/**
 * What is known of an engine by the version that it says it has, such as `28.5.2+dfsg4`. One that nobody tried is used
 * all the same: what a run relies on is read back from it.
 */
export function standingOf(version: string): EngineStanding {
  const line = /^(\d+\.\d+)\./.exec(version)?.[1];
  const known = KNOWN_ENGINES.find((one) => one.line === line);
  if (known === undefined) {
    const lines = KNOWN_ENGINES.map((one) => one.line).join(', ');
    return { how: 'unknown', words: `${version}: nobody has tried this version (tried: ${lines})` };
  }
  const how = known.how === 'ci' ? 'tested with every change' : 'tried by hand';
  return { how: known.how, words: `${version}: ${known.line} is ${how} (${known.read})` };
}
