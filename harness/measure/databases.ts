import { z } from 'zod';
import { bins } from './bins.ts';
import { databaseCommitsSchema, measureCommits } from './database-commits.ts';
import { atSeconds, type Frame, shortZone } from './frame.ts';
import { hungIntervals } from './hung-io.ts';
import { type Operation, operationsSchema, summarise } from './operations.ts';
import { toShare } from './rounding.ts';
import { type Interval, mergeIntervals, StepCount } from './step-count.ts';
import { DEPTH_AFTER_MS } from './storm.ts';
import { wilson } from './wilson.ts';

const nullableShare = z.number().nullable();

const momentSchema = z.strictObject({
  atSeconds: z.number(),
  affected: z.number().describe('Databases with a transaction due by then that was not committed in its time limit'),
  withStuckVolume: z.number().describe('Databases with at least one volume stuck, by the instances'),
  stuckVolumes: z.number().describe('Of the zone, by the instances'),
});
export type DatabasesMoment = z.infer<typeof momentSchema>;

export const zoneDatabasesSchema = z.strictObject({
  zone: z.string(),
  shortName: z.string().describe('As in the metrics: `databases.a.affectedShare`'),
  databases: z.number(),
  volumesEach: z.number(),
  volumes: z.number().describe('Of the zone, with or without a database'),
  at10s: momentSchema.nullable().describe('Ten seconds after the trigger’s end'),
  at10sReason: z.string().nullable(),
  affectedShareAt10s: nullableShare,
  affectedLow95At10s: nullableShare.describe(
    'Wilson interval, 95 %, of the share, as if databases were independent: those of a run share nodes',
  ),
  affectedHigh95At10s: nullableShare,
  predictedShareAt10s: nullableShare.describe('1 − (1 − p)^m, p the share of stuck volumes and m a database’s volumes'),
  peakAffected: z.number().describe('Most at once, from the trigger’s begin on'),
  peakAffectedShare: nullableShare,
  peakWithStuckVolume: z.number(),
  predictedPeakShare: nullableShare.describe('1 − (1 − p)^m of the largest share of volumes stuck at once'),
  overTime: z.array(momentSchema).describe('Every second, from the measurement’s begin on'),
  periods: z.array(operationsSchema).describe('Transactions; ok: committed within the time limit'),
});
export type ZoneDatabases = z.infer<typeof zoneDatabasesSchema>;

export const databasesSchema = z.strictObject({
  zones: z.array(zoneDatabasesSchema).describe('Empty where a plan has no databases'),
  commits: databaseCommitsSchema,
});
export type Databases = z.infer<typeof databasesSchema>;

/** The curves of a zone, exact to the event. */
export interface DatabaseCurves {
  readonly zone: string;
  readonly databases: number;
  readonly volumesEach: number;
  readonly volumes: number;
  readonly affected: StepCount;
  readonly withStuckVolume: StepCount;
  readonly stuckVolumes: StepCount;
}

export interface DatabasesMeasurement {
  readonly result: Databases;
  readonly curves: readonly DatabaseCurves[];
}

/**
 * Which databases are affected, as those see it who ask them, beside which have a stuck volume. A database is affected
 * at a time when a transaction that was due at or before it had no outcome yet and was not committed within its time
 * limit in the end.
 */
export function measureDatabases(frame: Frame): DatabasesMeasurement {
  const zones = [...new Set(frame.plan.databases.map(({ zone }) => zone))];
  const measured = zones.map((zone) => {
    const transactions = transactionsOf(frame, zone);
    const curves = curvesOf(frame, zone, transactions);
    return { curves, result: zoneResult(frame, curves, transactions) };
  });
  return {
    result: { zones: measured.map(({ result }) => result), commits: measureCommits(frame) },
    curves: measured.map(({ curves }) => curves),
  };
}

/** 1 − (1 − p)^m: the share of databases with a stuck volume, were each of their volumes stuck independently. */
export function predictedShare(stuckVolumes: number, volumes: number, volumesEach: number): number | null {
  return volumes === 0 ? null : 1 - (1 - stuckVolumes / volumes) ** volumesEach;
}

export interface Transaction extends Operation {
  readonly database: string;
}

/** A transaction that no record tells of any more, because its database was killed first, is not among them. */
export function transactionsOf({ history }: Frame, zone: string): readonly Transaction[] {
  const over = history
    .of('databases')
    .filter((record) => record.zone === zone)
    .flatMap(({ transactions, t }) =>
      transactions.map(([database, intended, ended, outcome, reason]): Transaction => {
        return { database, intended, ended, seenUntilT: t, outcome, reason };
      }),
    );
  const never = history
    .of('databases.unfinished')
    .filter((record) => record.zone === zone)
    .flatMap(({ transactions, t }) =>
      transactions.map(([database, intended]): Transaction => {
        return { database, intended, ended: null, seenUntilT: t, outcome: 'unfinished', reason: null };
      }),
    );
  return [...over, ...never];
}

function curvesOf(frame: Frame, zone: string, transactions: readonly Transaction[]): DatabaseCurves {
  const { plan } = frame;
  const databases = plan.databases.filter((database) => database.zone === zone);
  const limitMs = plan.load.databaseTimeoutMs;
  const isAffected = ({ outcome, intended, ended, seenUntilT }: Transaction) =>
    outcome === 'unfinished' ? seenUntilT - intended > limitMs : outcome !== 'ok' && (ended ?? 0) > intended;
  const byDatabase = Map.groupBy(transactions.filter(isAffected), ({ database }) => database);
  const affected = databases.flatMap(({ id }) =>
    mergeIntervals(
      (byDatabase.get(id) ?? []).map(({ intended, ended }): Interval => {
        return { startT: intended, endT: ended ?? Number.POSITIVE_INFINITY };
      }),
    ),
  );
  const hung = hungIntervals(frame, zone);
  const withStuckVolume = databases.flatMap(({ volumes }) =>
    mergeIntervals(volumes.flatMap((volume) => hung.get(volume) ?? [])),
  );
  return {
    zone,
    databases: databases.length,
    volumesEach: plan.load.databaseVolumes,
    volumes: plan.volumes.filter((volume) => volume.zone === zone).length,
    affected: new StepCount(affected),
    withStuckVolume: new StepCount(withStuckVolume),
    stuckVolumes: new StepCount([...hung.values()].flat()),
  };
}

function zoneResult(frame: Frame, curves: DatabaseCurves, transactions: readonly Transaction[]): ZoneDatabases {
  const { zone, databases, volumes, volumesEach, affected, withStuckVolume, stuckVolumes } = curves;
  const { measured, zeroT, touchedT, trigger } = frame;
  const share = (count: number) => (databases === 0 ? null : toShare(count / databases));
  const predicted = (stuck: number) => {
    const value = predictedShare(stuck, volumes, volumesEach);
    return value === null ? null : toShare(value);
  };
  const momentAt = (t: number): DatabasesMoment => ({
    atSeconds: atSeconds(frame, t),
    affected: affected.at(t),
    withStuckVolume: withStuckVolume.at(t),
    stuckVolumes: stuckVolumes.at(t),
  });
  const depthT = trigger.endT === null ? null : trigger.endT + DEPTH_AFTER_MS;
  // Only what has passed its time limit, or has hung for long enough, tells that it is affected.
  const blindMs = Math.max(frame.hungMs, frame.plan.load.databaseTimeoutMs);
  const at10s = depthT === null || depthT + blindMs > measured.endT ? null : momentAt(depthT);
  const interval = at10s === null ? null : wilson(at10s.affected / databases, databases);
  const since = (count: StepCount) => count.max(touchedT, measured.endT);
  return {
    zone,
    shortName: shortZone(zone),
    databases,
    volumesEach,
    volumes,
    at10s,
    at10sReason:
      at10s !== null
        ? null
        : depthT === null
          ? (trigger.endReason ?? 'the trigger has no end')
          : 'the measurement ends too soon after the trigger',
    affectedShareAt10s: at10s === null ? null : share(at10s.affected),
    affectedLow95At10s: interval === null ? null : toShare(interval.low),
    affectedHigh95At10s: interval === null ? null : toShare(interval.high),
    predictedShareAt10s: at10s === null ? null : predicted(at10s.stuckVolumes),
    peakAffected: since(affected),
    peakAffectedShare: share(since(affected)),
    peakWithStuckVolume: since(withStuckVolume),
    predictedPeakShare: predicted(since(stuckVolumes)),
    overTime: bins(measured, zeroT, 1000).map(({ startT }) => momentAt(startT)),
    periods: [...summarise(frame, transactions)],
  };
}
