import { type Arm, parseArm } from '../harness/campaign/arms.ts';
import { parseSeeds } from '../harness/campaign/seeds.ts';
import { atLeastIs, atMostOfControl, below, both, type Holds, isNone, lessThan, within } from './judge.ts';

/** A comparison that is to be made. */
export interface Planned {
  /** Its folder below its size's. */
  readonly name: string;
  readonly scenario: string;
  readonly preset: string;
  readonly seeds: readonly number[];
  /** Holds for every arm. */
  readonly set: Readonly<Record<string, string>>;
  readonly arms: readonly Arm[];
  /** What is measured; empty: what `compare` measures when it is not told. */
  readonly metrics: readonly string[];
}

type Unsized = Omit<Planned, 'preset' | 'set'> & Partial<Pick<Planned, 'set'>>;

/** One part of a claim, said before anything was run. */
export interface Statement {
  readonly expected: string;
  readonly evidence: Evidence | PooledEvidence;
}

export interface Evidence {
  /** `all`: every campaign and every arm. */
  readonly campaign: string | 'all';
  readonly arm: string;
  readonly needs: number;
  /** Which runs have it; `null`: nothing is claimed, numbers are reported. */
  readonly holds: Holds | null;
  /** Which runs it is about: all unless said otherwise. */
  readonly meant?: Holds;
  /** Least share of the seeds that must have it: 1 unless said otherwise. */
  readonly atLeast?: number;
  /** What no load on the machine excuses: an inconclusive run that lacks it refutes it. So is anything about `all`. */
  readonly always?: true;
  /** Metrics whose spread, and difference from the control, are shown. */
  readonly shows: readonly string[];
}

/** Of a claim about the runs of all seeds together: two metrics whose means differ by no more than so much. */
export interface PooledEvidence {
  readonly campaign: string;
  readonly arm: string;
  readonly needs: number;
  readonly metric: string;
  readonly other: string;
  readonly tolerance: number;
}

export interface Claim {
  readonly number: number;
  readonly title: string;
  readonly statements: readonly Statement[];
}

const DEPTH = 'storm.stuckShare(at: trigger.end + 10s)';
const CRASHED_EARLY = 'nodes.crashed(by: trigger.end + 10s)';
const EXCESS = 'storm.stuckShareExcess';
/** "About no stuck volumes", and "answered": what the words of a claim are taken for. */
const HARDLY_ANY = 0.01;
const ANSWERED = 0.99;

/** For arms that need not show 300 s; without it the phase goes on for as long as the preset says. */
const [STORM, SHORT] = ['phases.storm.atMost', '125s'];
const SHORTER = `${STORM}=${SHORT}`;
/** For an arm that is mirrored again at once: its record would end before what is asked of it 10 s after the trigger. */
const SETTLED = 'phases.settle.for=15s';
const arms = (...texts: readonly string[]): readonly Arm[] => texts.map(parseArm);

/** Curves of the operators' steps, as means over the 10 s before and after each. */
const step = (action: string, curve: string) => {
  const of = (when: string): string => `action.${action}.${curve}.${when}`;
  return { before: of('before'), after: of('after') };
};
const CREATION_OF_B = step('disableCreation', 'api.b');
const CUT_OF_B = step('cutControl', 'api.b');
const CUT_OF_A = step('cutControl', 'api.a');
const CUT_ELECTIONS = step('cutControl', 'electionsPerSecond');
const SEARCH = step('stopSearch', 'searchPerSecond');
const SLOTS = step('addNodes', 'freeSlots');
const BACK_ELECTIONS = step('reconnectControl', 'electionsPerSecond');
const BACK_STUCK = step('reconnectControl', 'stuckShare');
const CREATION_OF_A = step('enableCreation', 'api.a');

const AFFECTED = 'databases.a.affectedShare(at: trigger.end + 10s)';
const PREDICTED = 'databases.a.predictedShare(at: trigger.end + 10s)';

/** The curves of a campaign's steps are on record though nothing else of the run is compared. */
const OPERATED: Unsized = {
  name: 'operated',
  scenario: 'ebs-2011-operated',
  seeds: parseSeeds('5'),
  arms: arms('2011'),
  metrics: [
    CREATION_OF_B,
    CUT_OF_B,
    CUT_OF_A,
    CUT_ELECTIONS,
    SEARCH,
    SLOTS,
    BACK_ELECTIONS,
    BACK_STUCK,
    CREATION_OF_A,
  ].flatMap(({ before, after }) => [before, after]),
};

const DATABASES: Unsized = {
  name: 'databases',
  scenario: 'ebs-2011-databases',
  seeds: parseSeeds('5'),
  set: { [STORM]: SHORT },
  arms: arms('2011'),
  metrics: [
    DEPTH,
    AFFECTED,
    PREDICTED,
    'databases.a.withStuckVolumeShare(at: trigger.end + 10s)',
    'databases.lostCommits',
    'databases.unverifiedCommits',
  ],
};

/** In which a FLUSH comes besides every tenth operation, and what could not be verified is on record. */
const FLUSH: Unsized = {
  name: 'flush',
  scenario: 'ebs-2011',
  seeds: parseSeeds('8'),
  set: { 'load.flushShare': '0.1' },
  arms: arms('2011'),
  metrics: ['ledger.lost', 'ledger.unverified', 'ledger.misread', 'ledger.acknowledged', 'storm.seconds', DEPTH],
};

const COMPARISONS: readonly Unsized[] = [
  {
    name: 'arms',
    scenario: 'ebs-2011',
    seeds: parseSeeds('8'),
    arms: arms(
      '2011',
      'perZonePool:perZonePool=true',
      `searchBackoff:searchBackoff=true,${SHORTER}`,
      `createTimeout:createTimeout=true,${SHORTER}`,
      `capacityBuffer:capacityBuffer=true,${SHORTER}`,
      `reattachFirst:reattachFirst=true,${SHORTER},${SETTLED}`,
      `raceFixed:raceFixed=true,${SHORTER}`,
    ),
    metrics: [],
  },
  {
    name: 'short',
    scenario: 'ebs-2011-short',
    seeds: parseSeeds('5'),
    arms: arms('2011', 'racy:storage.raceProbability=1'),
    metrics: [],
  },
  {
    name: 'null',
    scenario: 'ebs-2011-null',
    seeds: parseSeeds('5'),
    arms: arms('2011', 'racy:storage.raceProbability=1'),
    metrics: [],
  },
  OPERATED,
  DATABASES,
  FLUSH,
];

/** What is to be made at a size, which is a preset of the scenarios: the same everywhere. */
export const plannedAt = (preset: string): readonly Planned[] =>
  COMPARISONS.map((one) => ({ set: {}, ...one, preset }));

const inStep = (holds: Holds, ...curves: readonly { before: string; after: string }[]): Evidence => ({
  campaign: 'operated',
  arm: '2011',
  needs: 5,
  holds,
  shows: curves.flatMap(({ before, after }) => [before, after]),
});
const rises = ({ before, after }: { before: string; after: string }): Holds => lessThan(before, after);
const falls = ({ before, after }: { before: string; after: string }): Holds => lessThan(after, before);

const inArm = (arm: string, holds: Holds, shows: readonly string[]): Evidence => ({
  campaign: 'arms',
  arm,
  needs: 8,
  holds,
  shows,
});

const nothingAtAll = (campaign: string, arm: string, holds: Holds, shows: readonly string[]): Evidence => ({
  campaign,
  arm,
  needs: 5,
  holds,
  shows,
});

/** What the reproduction is to show. A threshold that the event does not give is ours, and was set before the runs. */
export const CLAIMS: readonly Claim[] = [
  {
    number: 1,
    title: 'The storm of 2011 sustains itself',
    statements: [
      {
        expected: 'as in 2011: not recovered 300 s after the proved end of the trigger, in at least 7 of 8 seeds',
        evidence: { ...inArm('2011', atLeastIs('storm.seconds', 300), ['storm.seconds']), atLeast: 7 / 8 },
      },
      {
        expected:
          'as in 2011: the share stuck 10 s after the trigger is within 3 points of (D − F) / V, in every seed in which no node crashed until then',
        evidence: {
          ...inArm('2011', within(EXCESS, 0.03), [EXCESS, CRASHED_EARLY]),
          meant: isNone(CRASHED_EARLY),
        },
      },
      {
        expected: 'as in 2011: reported are the search attempts for each lost partner, and crashes',
        evidence: {
          campaign: 'arms',
          arm: '2011',
          needs: 8,
          holds: null,
          shows: ['storm.amplification', 'nodes.crashed'],
        },
      },
    ],
  },
  {
    number: 2,
    title: 'It reaches the users of a zone without a fault',
    statements: [
      {
        expected:
          'as in 2011: under 99 % of the calls of users in zone b are answered after the trigger, in every seed',
        evidence: inArm('2011', below('storm.b.apiAvailability', ANSWERED), ['storm.b.apiAvailability']),
      },
      {
        expected: 'with the short timeout of creations alone: at least 99 %, in every seed',
        evidence: inArm('createTimeout', atLeastIs('storm.b.apiAvailability', ANSWERED), ['storm.b.apiAvailability']),
      },
    ],
  },
  {
    number: 3,
    title: 'Each remedy by itself does what AWS says of it',
    statements: [
      {
        expected: 'room to spare: under 1 % stuck 10 s after the trigger, in every seed',
        evidence: inArm('capacityBuffer', below(DEPTH, HARDLY_ANY), [DEPTH]),
      },
      {
        expected: 'going back to the former replica first: under 1 % stuck 10 s after the trigger, in every seed',
        evidence: inArm('reattachFirst', below(DEPTH, HARDLY_ANY), [DEPTH]),
      },
      {
        expected:
          'backoff: at most a quarter of the search attempts of the same seed as in 2011, and no cure: 1 % or more stuck 10 s after the trigger, in every seed',
        evidence: inArm(
          'searchBackoff',
          both(atMostOfControl('storm.searchAttempts', 0.25), atLeastIs(DEPTH, HARDLY_ANY)),
          ['storm.searchAttempts', DEPTH],
        ),
      },
      {
        expected:
          'workers for each zone: zone b is saved, at least 99 % of its calls answered after the trigger, in every seed',
        evidence: inArm('perZonePool', atLeastIs('storm.b.apiAvailability', ANSWERED), ['storm.b.apiAvailability']),
      },
      {
        expected:
          'workers for each zone: zone a is not, under 99 % of its calls answered and not recovered in 300 s, in at least 7 of 8 seeds',
        evidence: {
          ...inArm('perZonePool', both(below('storm.a.apiAvailability', ANSWERED), atLeastIs('storm.seconds', 300)), [
            'storm.a.apiAvailability',
            'storm.seconds',
          ]),
          atLeast: 7 / 8,
        },
      },
      {
        expected: 'the race fixed: no node crashes, in every seed',
        evidence: inArm('raceFixed', isNone('nodes.crashed'), ['nodes.crashed']),
      },
    ],
  },
  {
    number: 4,
    title: 'Each step of the operators moves its curve as AWS reports',
    statements: [
      {
        expected: 'creation disabled in zone a: more calls of users in zone b are answered after it, in every seed',
        evidence: inStep(rises(CREATION_OF_B), CREATION_OF_B),
      },
      {
        expected:
          'its cluster cut off from the control plane: at least 99 % of the calls of zone b are answered, and fewer of zone a; fewer elections; in every seed',
        evidence: inStep(
          both(atLeastIs(CUT_OF_B.after, ANSWERED), falls(CUT_OF_A), falls(CUT_ELECTIONS)),
          CUT_OF_B,
          CUT_OF_A,
          CUT_ELECTIONS,
        ),
      },
      {
        expected: 'the search stopped: under a twentieth of the search attempts, in every seed',
        evidence: inStep(lessThan(SEARCH.after, SEARCH.before, 0.05), SEARCH),
      },
      {
        expected: 'nodes added: more free slots, in every seed',
        evidence: inStep(rises(SLOTS), SLOTS),
      },
      {
        expected:
          'let back through throttles, with a control plane of its own: more elections and a smaller share stuck, in every seed',
        evidence: inStep(both(rises(BACK_ELECTIONS), falls(BACK_STUCK)), BACK_ELECTIONS, BACK_STUCK),
      },
      {
        expected: 'creation enabled again: more calls of users in zone a are answered, in every seed',
        evidence: inStep(rises(CREATION_OF_A), CREATION_OF_A),
      },
    ],
  },
  {
    number: 5,
    title: 'Databases are hit as often as their volumes say',
    statements: [
      {
        expected:
          'single-zone databases on four volumes: the share affected 10 s after the trigger, over the databases of all seeds in which there is something to see, is within 5 points of 1 − (1 − p)⁴',
        evidence: {
          campaign: DATABASES.name,
          arm: '2011',
          needs: 5,
          metric: AFFECTED,
          other: PREDICTED,
          tolerance: 0.05,
        },
      },
      {
        expected:
          'no acknowledged commit of a database is lost, and each was looked for, in every seed. Nothing is claimed of campaigns that did not record what their reader had not verified',
        evidence: {
          campaign: DATABASES.name,
          arm: '2011',
          needs: 5,
          holds: both(isNone('databases.lostCommits'), isNone('databases.unverifiedCommits')),
          always: true,
          shows: ['databases.lostCommits', 'databases.unverifiedCommits'],
        },
      },
    ],
  },
  {
    number: 6,
    title: 'Nothing that was promised is broken',
    statements: [
      {
        expected: 'no epoch of a volume has two primaries, in any run of any campaign',
        evidence: { campaign: 'all', arm: 'all', needs: 8, holds: isNone('elections.conflicts'), shows: [] },
      },
      {
        expected:
          'no acknowledged write is lost, and each was looked for, with a FLUSH besides every tenth operation, in every seed. What only disks of crashed nodes have is counted apart and not lost. The campaigns before this one sent no FLUSH and did not record what their reader had not verified: nothing is claimed of them',
        evidence: {
          campaign: FLUSH.name,
          arm: '2011',
          needs: 8,
          holds: both(isNone('ledger.lost'), isNone('ledger.unverified')),
          always: true,
          shows: ['ledger.acknowledged', 'ledger.unverified', 'ledger.misread'],
        },
      },
    ],
  },
  {
    number: 7,
    title: 'Without its cause there is nothing',
    statements: [
      {
        expected:
          'a misroute shorter than the detector’s time: nobody loses a partner, nobody searches, none is stuck, in every seed',
        evidence: nothingAtAll(
          'short',
          '2011',
          both(isNone('D'), isNone('storm.searchAttempts'), isNone('volumes.stuck')),
          ['D', 'storm.searchAttempts'],
        ),
      },
      {
        expected: 'the same with a race that is lost at every racy close: no node crashes, in every seed',
        evidence: nothingAtAll('short', 'racy', isNone('nodes.crashed'), ['nodes.crashed']),
      },
      {
        expected: 'no fault and a race that is lost at every racy close: no node crashes, in every seed',
        evidence: nothingAtAll('null', 'racy', isNone('nodes.crashed'), ['nodes.crashed']),
      },
    ],
  },
];
