import { BadCampaignError } from '../campaign/bad-campaign-error.ts';
import { WedgedToxiproxyError } from '../fabric/toxiproxy-api.ts';
import { BadHistoryError } from '../history/read-history.ts';
import { BadRunError } from '../history/read-run.ts';
import { EnvironmentError } from '../lab/environment-error.ts';
import { BadInputError } from '../scenario/bad-input-error.ts';
import { BadUsageError } from './bad-usage-error.ts';

/** What the exit status says; scripts and CI rely on it. 64 and 70 are those of sysexits(3). */
export const EXIT = {
  pass: 0,
  fail: 1,
  inconclusive: 2,
  environment: 3,
  badInput: 64,
  bug: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export function exitCodeOfVerdict(verdict: 'pass' | 'fail' | 'inconclusive'): ExitCode {
  return EXIT[verdict];
}

const BAD_INPUT = [BadInputError, BadUsageError, BadCampaignError, BadRunError, BadHistoryError] as const;

/**
 * The exit status and the message of an error: who has to act, and what to do. Of several the first decides, which the
 * others followed; they are told beside it.
 */
export function explain(error: unknown): { code: ExitCode; message: string } {
  const [first, ...others] = inOrder(error).map((one) => (one === error ? explainOne(one) : explain(one)));
  const { code, message } = first ?? explainOne(error);
  return { code, message: [message, ...others.map((other) => other.message)].join('\nThen: ') };
}

/** A `using` that fails while an error is on its way makes that the suppressed one of its own. */
function inOrder(error: unknown): readonly unknown[] {
  // A history that cannot be written fails with the same error again when it is closed.
  if (error instanceof SuppressedError) return [...new Set([error.suppressed, error.error])];
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors : [error];
}

function explainOne(error: unknown): { code: ExitCode; message: string } {
  if (error instanceof Error && BAD_INPUT.some((kind) => error instanceof kind))
    return { code: EXIT.badInput, message: error.message };
  if (error instanceof EnvironmentError)
    return { code: EXIT.environment, message: `${error.message}\n${error.remedy}` };
  if (error instanceof WedgedToxiproxyError)
    return {
      code: EXIT.environment,
      message: `${error.message}\nThe machine may be too busy for this preset: less load, or fewer nodes (--set).`,
    };
  const engine = engineFailure(error);
  if (engine !== null)
    return {
      code: EXIT.environment,
      message: `the Docker engine failed: ${engine}\nIts log says more. If it comes again on an engine that is well, please report it.`,
    };
  const full = causesOf(error).find((cause) => FULL.includes(String((cause as NodeJS.ErrnoException).code)));
  if (full !== undefined) {
    const what = [...new Set([error as Error, full])].map((one) => one.message).join(': ');
    return { code: EXIT.environment, message: `${what}\nMake room on that disk, or let it be written.` };
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const causes = causesOf(error).slice(1);
  const because = causes.map((cause) => `\nBecause: ${cause.message}`).join('');
  return { code: EXIT.bug, message: `a bug in zonestorm, please report it:\n${stack}${because}` };
}

/** A disk that takes no more is nobody's mistake in here, whatever was being written. */
const FULL = ['EDQUOT', 'ENOSPC', 'EROFS'];

/** The error itself, and then what each was caused by. */
function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = [];
  for (let one = error; one instanceof Error && !causes.includes(one); one = one.cause) causes.push(one);
  return causes;
}

/** What docker-modem makes of an answer with a status of 500 and above, by which the engine says that it failed itself. */
const ENGINE_FAILED = /^\(HTTP code 5\d\d\) [^-]*- (.*)$/s;

function engineFailure(error: unknown): string | null {
  return error instanceof Error ? (ENGINE_FAILED.exec(error.message)?.[1]?.trim() ?? null) : null;
}
