import type { Measurements } from '../measure/measure-run.ts';
import type { MultiZone } from '../measure/multi-zone.ts';
import { unverifiedCommits, wrongCommits } from './database-metrics.ts';
import { foundWrong, type Metric, type MetricValue, or } from './metrics.ts';
import { notVerifiedOfCommits, notVerifiedOfPrimaries } from './not-verified.ts';

const of =
  (value: (multiZone: MultiZone) => number | null | undefined): Metric['value'] =>
  ({ multiZone }) =>
    multiZone.pairs.length === 0 ? or(null, 'the plan has no multi-zone databases') : or(value(multiZone));

const counted = (description: string, value: (multiZone: MultiZone) => number): Metric => ({
  unit: 'count',
  description,
  value: of(value),
});

const claimed = (description: string, value: (measurements: Measurements) => MetricValue): Metric => ({
  unit: 'count',
  description,
  value: (m) => (m.multiZone.pairs.length === 0 ? or(null, 'the plan has no multi-zone databases') : value(m)),
});

/** Of databases with a standby in another zone. */
export const MULTI_ZONE_METRICS: Readonly<Record<string, Metric>> = {
  'databases.multi.databases': counted('multi-zone databases', ({ pairs }) => pairs.length),
  'databases.multi.failedOver': counted('of these, those whose standby was promoted', ({ failedOver }) => failedOver),
  'databases.multi.refused': counted(
    'those whose primary was in trouble and whose standby the agent refused to promote',
    ({ notFailedOver }) => notFailedOver,
  ),
  'databases.multi.underWay': counted('those being failed over when the record ends', ({ underWay }) => underWay),
  'databases.multi.unaffected': counted('those whose primary was never in trouble', ({ unaffected }) => unaffected),
  'databases.multi.parted': counted('those whose primary found itself parted from its standby', ({ parted }) => parted),
  'databases.multi.wentAlone': counted('those whose primary went on alone', ({ wentAlone }) => wentAlone),
  'databases.multi.dualPrimaries': claimed(
    'those of which two instances acknowledged in one epoch or at the same time; not available where none was found and a ledger of the clients is missing',
    ({ multiZone }) => foundWrong(multiZone.dualPrimaries, notVerifiedOfPrimaries(multiZone)),
  ),
  'databases.multi.acknowledgedCommits': counted(
    'transactions whose commit was acknowledged to clients',
    ({ commits }) => commits.acknowledged,
  ),
  'databases.multi.lostCommits': claimed(
    'of these, missing in the database of whoever is primary at the end, or in a standby that was synchronous then, and any that nobody had begun; not available where none was found and not everything was verified',
    ({ multiZone: { commits, standbyCommits }, ledger: { reading } }) =>
      foundWrong(wrongCommits(commits) + wrongCommits(standbyCommits), [
        ...notVerifiedOfCommits(commits, reading),
        ...notVerifiedOfCommits(standbyCommits, reading),
      ]),
  ),
  'databases.multi.unverifiedCommits': claimed(
    'of these, in databases that could not be read, or that a ledger has forgotten',
    (m) => unverifiedCommits([m.multiZone.commits, m.multiZone.standbyCommits], m),
  ),
  'databases.multi.longestOutage': {
    unit: 's',
    description: 'longest time in which a multi-zone database committed nothing that was due',
    value: of(({ longestOutageSeconds }) => longestOutageSeconds),
  },
  'databases.multi.availability': {
    unit: 'share',
    description: 'share of transactions committed within their time limit',
    value: of(({ periods }) => periods[0]?.availability),
  },
};
