import type { DatabaseCommits } from '../measure/database-commits.ts';
import { type DatabaseCurves, predictedShare } from '../measure/databases.ts';
import type { Measurements } from '../measure/measure-run.ts';
import { foundWrong, type Metric, type MetricArguments, type MetricValue, or } from './metrics.ts';
import { notVerifiedOfCommits } from './not-verified.ts';
import { OF_OPERATIONS } from './zone-metrics.ts';

type CurveMetric = Pick<Metric, 'description' | 'unit'> & {
  readonly at: (curves: DatabaseCurves, t: number) => number | null;
};

const shareOf = (count: number, all: number): number | null => (all === 0 ? null : count / all);

/** `databases.a.affectedShare(at: trigger.end + 10s)`: a zone's databases at a time. */
const AT_A_TIME: Readonly<Record<string, CurveMetric>> = {
  affectedShare: {
    unit: 'share',
    description: 'share of databases with a transaction due by a time and not committed in its limit: (at: …)',
    at: ({ affected, databases }, t) => shareOf(affected.at(t), databases),
  },
  withStuckVolumeShare: {
    unit: 'share',
    description: 'share of databases with at least one volume stuck at a time, by the instances: (at: …)',
    at: ({ withStuckVolume, databases }, t) => shareOf(withStuckVolume.at(t), databases),
  },
  predictedShare: {
    unit: 'share',
    description: '1 − (1 − p)^m of the share p of volumes stuck at a time and a database’s m volumes: (at: …)',
    at: ({ stuckVolumes, volumes, volumesEach }, t) => predictedShare(stuckVolumes.at(t), volumes, volumesEach),
  },
};

const PEAKS: Readonly<Record<string, Pick<Metric, 'description' | 'unit'>>> = {
  peakAffectedShare: { unit: 'share', description: 'largest share of databases affected at once' },
};

/** Of every zone, by name. */
export const DATABASE_METRICS: Readonly<Record<string, Pick<Metric, 'description' | 'unit'>>> = {
  ...OF_OPERATIONS,
  ...AT_A_TIME,
  ...PEAKS,
};

const commits =
  (value: (commits: DatabaseCommits, m: Measurements) => MetricValue): Metric['value'] =>
  (m) =>
    m.frame.plan.databases.length === 0 ? or(null, 'the plan has no databases') : value(m.databases.result.commits, m);

/** Of databases of any kind: how many are not there or should not be. */
export const wrongCommits = ({ lost, unexpected = 0 }: DatabaseCommits): number => lost + unexpected;

/** Commits that were not verified; where there is none, but a database was not read, nobody knows how many. */
export function unverifiedCommits(
  found: readonly DatabaseCommits[],
  { ledger }: Pick<Measurements, 'ledger'>,
): MetricValue {
  const count = found.reduce((sum, { unverified, forgotten = 0 }) => sum + unverified + forgotten, 0);
  const [why] = found.flatMap((one) => notVerifiedOfCommits(one, ledger.reading));
  return count > 0 || why === undefined ? count : or(null, why);
}

/** Of all zones together. */
export const COMMIT_METRICS: Readonly<Record<string, Metric>> = {
  'databases.acknowledgedCommits': {
    unit: 'count',
    description: 'transactions whose commit a database told of',
    value: commits(({ acknowledged }) => acknowledged),
  },
  'databases.lostCommits': {
    unit: 'count',
    description:
      'of these, missing or in a damaged database after the measurement, and any that nobody had begun; not available where none was found and not everything was verified',
    value: commits((found, { ledger }) => foundWrong(wrongCommits(found), notVerifiedOfCommits(found, ledger.reading))),
  },
  'databases.unverifiedCommits': {
    unit: 'count',
    description: 'of these, in databases that could not be read, or that a ledger has forgotten',
    value: commits((found, m) => unverifiedCommits([found], m)),
  },
};

/** Resolves `databases.a.affectedShare` and its like; `undefined`: no such metric. */
export function databaseMetric(
  name: string,
  { databases, frame }: Measurements,
  args: MetricArguments,
): MetricValue | undefined {
  const [group, zone, what = '', ...more] = name.split('.');
  if (group !== 'databases' || more.length > 0 || !Object.hasOwn(DATABASE_METRICS, what)) return undefined;
  const result = databases.result.zones.find((one) => one.shortName === zone);
  const curves = databases.curves.find((one) => one.zone === result?.zone);
  if (result === undefined || curves === undefined) return or(null, `zone ${zone} has no databases`);
  const operation = OF_OPERATIONS[what];
  if (operation !== undefined) {
    const [overall] = result.periods;
    return overall === undefined ? or(null) : operation.value(overall);
  }
  if (what === 'peakAffectedShare') return or(result.peakAffectedShare);
  const { at } = args;
  if (at === undefined) return or(null, `say when: ${name}(at: trigger.end + 10s)`);
  const t = frame.zeroT + at * 1000;
  const { startT, endT } = frame.measured;
  // What has not passed its limit by the end of the record tells nothing.
  if (t < startT || t > endT - Math.max(frame.hungMs, frame.plan.load.databaseTimeoutMs)) {
    return or(null, `${at.toFixed(1)} s is outside of the measurement`);
  }
  return or(AT_A_TIME[what]?.at(curves, t), 'there is nothing to take a share of');
}
