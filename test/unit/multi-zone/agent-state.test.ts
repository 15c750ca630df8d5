import { describe, expect, it } from 'vitest';
import {
  type AgentEffect,
  type AgentEvent,
  type AgentPhase,
  type AgentState,
  agentStep,
  type Beat,
  newAgentState,
} from '../../../fixtures/storage/multi-zone/agent-state.ts';

const LIMITS = { hungMs: 1000, leaseMs: 300, witness: false };
const WITNESS = { ...LIMITS, witness: true };
const NOW = 10_000;

const beatOf = (more: Partial<Beat> = {}): Beat => ({
  from: 'primary',
  epoch: 1,
  sentAt: NOW - 1,
  mode: 'synchronous',
  ioHungMs: 0,
  ...more,
});
const primary = (more: Partial<Beat> = {}): AgentEvent => ({ kind: 'beat', beat: beatOf(more), at: NOW });
const standby = (more: Partial<Beat> = {}): AgentEvent => primary({ from: 'standby', mode: 'standby', ...more });
const tick = (at = NOW): AgentEvent => ({ kind: 'tick', at });

/** Heard just now, both of them. */
const stateOf = (phase: AgentPhase, more: Partial<AgentState> = {}): AgentState => ({
  epoch: phase === 'watching' || phase === 'refused' ? 1 : 2,
  phase,
  last: { ...beatOf({ sentAt: NOW - 100 }), at: NOW - 99 },
  standbyAt: NOW - 50,
  leasedUntil: NOW + 201,
  reason: phase === 'refused' ? 'the pair was parted' : null,
  ...more,
});

const said = (effects: readonly AgentEffect[]): string[] =>
  effects.map((effect) => {
    if (effect.kind === 'tell') return effect.reason === null ? effect.event : `${effect.event}: ${effect.reason}`;
    return effect.kind === 'grant' ? `grant ${effect.known}` : effect.kind;
  });
const outcomeOf = (state: AgentState, event: AgentEvent, limits = LIMITS): [AgentPhase, string[]] => {
  const step = agentStep(state, event, limits);
  return [step.state.phase, said(step.effects)];
};

const HUNG = { ioHungMs: 1001 };
const PHASES: readonly AgentPhase[] = ['watching', 'refused', 'fencing', 'promoting', 'promoted'];

describe('every phase at every event', () => {
  const events: Readonly<Record<string, AgentEvent>> = {
    'well, synchronous': primary(),
    'well, parted': primary({ mode: 'parted' }),
    'well, alone': primary({ mode: 'alone' }),
    'hung, synchronous': primary(HUNG),
    'hung, parted': primary({ ...HUNG, mode: 'parted' }),
    'hung, alone': primary({ ...HUNG, mode: 'alone' }),
    'a tick': tick(),
    'the standby as such': standby(),
    'the standby as primary': standby({ mode: 'alone', epoch: 2 }),
  };
  const TABLE: Readonly<Record<AgentPhase, readonly (readonly [AgentPhase, string])[]>> = {
    watching: [
      ['watching', 'grant synchronous'],
      ['watching', 'grant parted'],
      ['watching', 'record, grant alone'],
      ['fencing', 'record, hung: its I/O hangs, deny, fencing'],
      ['refused', 'grant parted, hung: its I/O hangs, refused: the pair was parted'],
      ['refused', 'record, grant alone, hung: its I/O hangs, refused: the primary was alone'],
      ['watching', ''],
      ['watching', ''],
      ['watching', 'deny'],
    ],
    refused: [
      ['watching', 'grant synchronous, recovered'],
      ['watching', 'grant parted, recovered'],
      ['watching', 'record, grant alone, recovered'],
      ['fencing', 'record, deny, fencing'],
      ['refused', 'grant parted'],
      ['refused', 'record, grant alone, refused: the primary was alone'],
      ['watching', 'recovered'],
      ['watching', 'recovered'],
      ['refused', 'deny'],
    ],
    fencing: [
      ...Array.from({ length: 6 }, () => ['fencing', 'deny'] as const),
      ['fencing', ''],
      ['fencing', ''],
      ['promoted', 'record, grant alone, promoted'],
    ],
    promoting: [
      ...Array.from({ length: 6 }, () => ['promoting', 'deny'] as const),
      ['promoting', ''],
      ['promoting', 'promote'],
      ['promoted', 'record, grant alone, promoted'],
    ],
    promoted: [
      ...Array.from({ length: 6 }, () => ['promoted', 'deny'] as const),
      ['promoted', ''],
      ['promoted', 'promote'],
      ['promoted', 'grant alone'],
    ],
  };
  it.each(PHASES)('%s', (phase) => {
    const found = Object.values(events).map((event) => {
      const [next, effects] = outcomeOf(stateOf(phase), event);
      return [next, effects.join(', ')];
    });
    expect(found).toEqual(TABLE[phase]);
  });
});

describe('the defect of 2011 and its remedy', () => {
  it.each([
    ['synchronous', 'fencing', 'fencing'],
    ['parted', 'refused', 'fencing'],
    ['alone', 'refused', 'refused'],
  ] as const)('I/O hangs and the pair is %s: %s without the witness, %s with it', (mode, without, withWitness) => {
    expect(outcomeOf(stateOf('watching'), primary({ ...HUNG, mode }))[0]).toBe(without);
    expect(outcomeOf(stateOf('watching'), primary({ ...HUNG, mode }), WITNESS)[0]).toBe(withWitness);
  });

  it.each(['parted', 'alone'] as const)(
    'a primary that was %s and is silent is not replaced without the witness',
    (mode) => {
      const silent = stateOf('watching', { last: { ...beatOf({ mode }), at: NOW - 1001 } });
      expect(outcomeOf(silent, tick())[0]).toBe('refused');
      expect(outcomeOf(silent, tick(), WITNESS)[0]).toBe(mode === 'alone' ? 'refused' : 'fencing');
    },
  );
});

describe('an agent', () => {
  it('promotes only when no lease of the old primary can be valid any more', () => {
    const { state } = agentStep(stateOf('watching'), primary(HUNG), LIMITS);
    expect(state).toMatchObject({ phase: 'fencing', epoch: 2, leasedUntil: NOW + LIMITS.leaseMs });
    expect(outcomeOf(state, tick(NOW + LIMITS.leaseMs))).toEqual(['fencing', []]);
    expect(outcomeOf(state, tick(NOW + LIMITS.leaseMs + 1))).toEqual(['promoting', ['promote']]);
  });

  it('replaces a primary that it does not hear', () => {
    expect(outcomeOf(stateOf('watching'), tick(NOW + 901))).toEqual(['watching', []]);
    const heard = stateOf('watching', { standbyAt: NOW + 900 });
    expect(outcomeOf(heard, tick(NOW + 902))).toEqual([
      'fencing',
      ['record', 'hung: the primary is silent', 'fencing'],
    ]);
  });

  it('fences nobody when there is no standby to take over', () => {
    expect(outcomeOf(stateOf('watching', { standbyAt: null }), primary(HUNG))).toEqual([
      'refused',
      ['grant synchronous', 'hung: its I/O hangs', 'refused: the standby is not heard'],
    ]);
  });

  it('that has just begun lets a lease run out, and decides nothing about whom it has never heard', () => {
    const fresh = newAgentState(NOW, LIMITS);
    expect(fresh.leasedUntil).toBe(NOW + LIMITS.leaseMs);
    expect(outcomeOf(fresh, tick(NOW + 10_000))).toEqual(['watching', []]);
  });

  it('takes no older heartbeat for news', () => {
    const state = stateOf('watching', { last: { ...beatOf({ mode: 'alone', sentAt: NOW }), at: NOW } });
    const step = agentStep(state, primary({ mode: 'synchronous', sentAt: NOW - 5 }), WITNESS);
    expect(step).toEqual({ state, effects: [] });
  });

  it('records when a primary goes on alone and when it is so no more, before it says anything', () => {
    expect(outcomeOf(stateOf('watching'), primary({ mode: 'alone' }), WITNESS)[1]).toEqual(['record', 'grant alone']);
    const alone = stateOf('watching', { last: { ...beatOf({ mode: 'alone', sentAt: NOW - 100 }), at: NOW - 99 } });
    expect(outcomeOf(alone, primary(), WITNESS)[1]).toEqual(['record', 'grant synchronous']);
    expect(outcomeOf(alone, primary({ mode: 'alone' }), WITNESS)[1]).toEqual(['grant alone']);
  });
});
