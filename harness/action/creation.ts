import type { z } from 'zod';
import { type ActionKind, type ActionTarget, require, tellControlPlane } from './action.ts';
import { drawZone, NO_SETTINGS, zoneOnly } from './zone-words.ts';

type Words = z.infer<typeof zoneOnly>;

async function setCreation(target: ActionTarget, id: string, zone: string, allowed: boolean): Promise<string> {
  const state = await tellControlPlane(target, id, { do: 'creation', zone, allowed });
  require(state, 'creation', allowed ? 'enabled' : 'disabled', 'the control plane');
  return `the control plane says that creation is ${state.creation} in ${zone}`;
}

/**
 * The control plane refuses to create volumes in a zone: new calls at once and without a worker, those under way at
 * their next look for space. AWS did so at 02:40, and the other calls recovered within ten minutes
 * (https://aws.amazon.com/message/65648/).
 */
export const disableCreation: ActionKind<Words> = {
  kind: 'disable-creation',
  summary: 'the control plane refuses to create volumes in a zone, at once',
  words: zoneOnly,
  example: 'disable-creation: { zone: use1-a }',
  settings: NO_SETTINGS,
  draw: ({ zone }, draw) => drawZone(zone, draw, `the creation of volumes was disabled in ${zone}`),
  carryOut: ({ id, zone }, target) => setCreation(target, id, zone, false),
};

/** Its undoing: volumes can be created in the zone again. */
export const enableCreation: ActionKind<Words> = {
  kind: 'enable-creation',
  summary: 'volumes can be created in a zone again',
  words: zoneOnly,
  example: 'enable-creation: { zone: use1-a }',
  settings: NO_SETTINGS,
  draw: ({ zone }, draw) => drawZone(zone, draw, `the creation of volumes was enabled in ${zone}`),
  carryOut: ({ id, zone }, target) => setCreation(target, id, zone, true),
};
