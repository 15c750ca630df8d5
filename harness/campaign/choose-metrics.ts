import { argumentsOf } from '../check/expectation/arguments-of.ts';
import { ExpectationError } from '../check/expectation/expectation.ts';
import { nameProblems } from '../check/expectation/name-problems.ts';
import { namesOf } from '../check/expectation/parse-expectation.ts';
import { type MetricExpression, parseMetricExpression } from '../check/metric-expression.ts';
import { SAFETY_METRICS } from '../check/safety.ts';
import { expectedName } from '../scenario/nearest-name.ts';
import { BadCampaignError } from './bad-campaign-error.ts';

/** Measured of every run, whatever was asked for: whether a storm ended or outlived its trigger, and what must not be. */
export const ALWAYS = ['storm.seconds', 'trigger.seconds', ...SAFETY_METRICS, 'elections.conflicts'] as const;

/**
 * What is compared when nothing else is asked for. A star stands for any characters, and a pattern that fits nothing
 * is left out: not every model has crashes or an API.
 */
export const COMPARED: readonly string[] = [
  'D',
  'F',
  'storm.seconds',
  'storm.*.seconds',
  'storm.mirroredSeconds',
  'storm.stuckShare(at: trigger.end + 10s)',
  'storm.stuckShareExcess',
  'volumes.stuck',
  'storm.searchAttempts',
  'storm.searchPeak',
  'storm.amplification',
  '*crash*',
  'nodes.crashed(by: trigger.end + 10s)',
  'volumes.unrecoverable',
  'elections.answered',
  'elections.conflicts',
  'app.*.availability',
  'api.*.availability',
  'storm.*.*Availability',
  'ledger.lost',
];

/** What a cell of a sweep tells beside the outcome. */
export const SWEPT: readonly string[] = [
  'storm.seconds',
  'storm.stuckShare(at: trigger.end + 10s)',
  'storm.searchAttempts',
  '*crash*',
];

/**
 * The measurements that are meant, in the order they were asked for. A pattern means none that needs an argument.
 *
 * @param asked names, with arguments where they need some, or patterns; empty: `otherwise`
 * @param known every name that there is
 * @throws BadCampaignError for one that was asked for and is not there, or whose arguments are not its own
 */
export function chooseMetrics(
  asked: readonly string[],
  otherwise: readonly string[],
  known: readonly string[],
): readonly MetricExpression[] {
  const wanted = asked.length === 0 ? otherwise : asked;
  const texts = wanted.flatMap((text) => {
    if (!text.includes('*') || text.includes('(')) return [text];
    const fitting = known.filter((name) => patternOf(text).test(name));
    if (fitting.length === 0 && asked.length > 0) throw unknown(text, text, known);
    const complete = fitting.filter((name) => argumentsOf(name).required.length === 0);
    // Where nothing else was meant, what is missing is told.
    return complete.length === 0 && asked.length > 0 ? fitting : complete;
  });
  return [...new Set(texts)].map((text) => parsed(text, known));
}

function parsed(text: string, known: readonly string[]): MetricExpression {
  try {
    const metric = parseMetricExpression(text);
    const wrong = namesOf(metric.parsed).find(({ name }) => !known.includes(name));
    if (wrong !== undefined) throw unknown(text, wrong.name, known);
    const [misused] = nameProblems([metric.parsed.left], known);
    if (misused !== undefined) throw refused(text, misused.found, misused.expected);
    return metric;
  } catch (error) {
    if (!(error instanceof ExpectationError)) throw error;
    throw new BadCampaignError(`--metric ${text}: ${error.message}`);
  }
}

const unknown = (text: string, name: string, known: readonly string[]): BadCampaignError =>
  refused(text, `\`${name}\``, expectedName(name, known, 'measurement'));

const refused = (text: string, found: string, expected: string): BadCampaignError =>
  new BadCampaignError(`--metric ${text}: found ${found}, expected ${expected}`);

const patternOf = (text: string): RegExp =>
  new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i');
