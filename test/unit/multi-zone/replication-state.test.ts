import { describe, expect, it } from 'vitest';
import {
  ALONE,
  mayAcknowledge,
  type PrimaryLease,
  type ReplicationEvent,
  type ReplicationMode,
  type ReplicationState,
  replicationStep,
  reportedMode,
  UNHEARD,
} from '../../../fixtures/storage/multi-zone/replication-state.ts';

const EVENTS: readonly ReplicationEvent[] = ['silent', 'heard', 'needed', 'recorded', 'noted', 'caught-up', 'fenced'];

/** One of each mode, as it comes about. */
const STATES: Readonly<Record<ReplicationMode, ReplicationState>> = {
  synchronous: { mode: 'synchronous', wasAlone: false, hears: true },
  parted: UNHEARD,
  asking: { mode: 'asking', wasAlone: false, hears: false },
  noting: { mode: 'noting', wasAlone: false, hears: false },
  alone: ALONE,
  rejoining: { mode: 'rejoining', wasAlone: false, hears: true },
  fenced: { mode: 'fenced', wasAlone: false, hears: false },
};

/** `mode+effect`, in the order of EVENTS. */
const WITHOUT_WITNESS: Readonly<Record<ReplicationMode, string>> = {
  //            silent        heard              needed       recorded    noted  caught-up   fenced
  synchronous: 'noting+note   synchronous        synchronous  synchronous synchronous synchronous fenced',
  parted: '     noting+note   rejoining+catch-up parted       parted      parted parted      fenced',
  asking: '     asking        rejoining+catch-up asking       noting+note asking asking      fenced',
  noting: '     noting        noting             noting       noting      alone  noting      fenced',
  alone: '      alone         rejoining+catch-up alone        alone       alone  alone       fenced',
  rejoining: '  noting+note   rejoining          rejoining    rejoining   rejoining synchronous fenced',
  fenced: '     fenced        fenced             fenced       fenced      fenced fenced      fenced',
};
const WITH_WITNESS: Readonly<Record<ReplicationMode, string>> = {
  ...WITHOUT_WITNESS,
  synchronous: 'parted        synchronous        synchronous  synchronous synchronous synchronous fenced',
  parted: '     parted        rejoining+catch-up asking+ask   parted      parted parted      fenced',
  rejoining: '  parted        rejoining          rejoining    rejoining   rejoining synchronous fenced',
};

describe.each([
  ['without a witness', false, WITHOUT_WITNESS],
  ['with a witness', true, WITH_WITNESS],
] as const)('a primary %s', (_, witness, table) => {
  it.each(Object.keys(STATES) as ReplicationMode[])('%s', (mode) => {
    const found = EVENTS.map((event) => {
      const { state, effect } = replicationStep(STATES[mode], event, witness);
      return effect === null ? state.mode : `${state.mode}+${effect}`;
    });
    expect(found).toEqual(table[mode].trim().split(/\s+/));
  });
});

it('that was alone has to note anew that it is, when it is parted while it comes back', () => {
  const rejoining: ReplicationState = { mode: 'rejoining', wasAlone: true, hears: true };
  expect(replicationStep(rejoining, 'silent', true)).toMatchObject({ state: { mode: 'noting' }, effect: 'note' });
});

it('whose standby is back before it has noted that it is alone goes back to it', () => {
  const { state } = replicationStep(STATES.noting, 'heard', false);
  expect(replicationStep(state, 'noted', false)).toEqual({
    state: { mode: 'rejoining', wasAlone: true, hears: true },
    effect: 'catch-up',
  });
});

it.each([
  ['synchronous', 'synchronous', 'synchronous'],
  ['parted', 'parted', 'parted'],
  ['asking', 'parted', 'alone'],
  ['noting', 'parted', 'alone'],
  ['alone', 'alone', 'alone'],
  ['rejoining', 'parted', 'parted'],
] as const)('%s is told as %s, and to a witness as %s', (mode, without, withWitness) => {
  expect(reportedMode(STATES[mode], false)).toBe(without);
  expect(reportedMode(STATES[mode], true)).toBe(withWitness);
});

it('one that was alone is told as alone until it is synchronous again', () => {
  expect(reportedMode({ mode: 'rejoining', wasAlone: true, hears: true }, false)).toBe('alone');
});

describe('a commit that is durable on the primary', () => {
  const may = (mode: ReplicationMode, standbyHasIt: boolean, lease: Partial<PrimaryLease>, witness = false): boolean =>
    mayAcknowledge(STATES[mode], {
      standbyHasIt,
      lease: { until: 10, known: 'synchronous', ...lease },
      now: 5,
      witness,
    });

  it.each(Object.keys(STATES) as ReplicationMode[])(
    'is acknowledged while %s if the standby has it, unless fenced',
    (mode) => {
      expect(may(mode, true, {})).toBe(mode !== 'fenced');
      expect(may(mode, true, { until: 4 })).toBe(false);
    },
  );

  it.each(Object.keys(STATES) as ReplicationMode[])('is acknowledged without the standby only alone: %s', (mode) => {
    for (const known of ['synchronous', 'parted', 'alone'] as const) {
      expect(may(mode, false, { known })).toBe(mode === 'alone' && known !== 'synchronous');
      expect(may(mode, false, { known }, true)).toBe(mode === 'alone' && known === 'alone');
      expect(may(mode, false, { known, until: 4 })).toBe(false);
    }
  });
});
