import { z } from 'zod';
import { strictObject } from '../scenario/zod-problems.ts';
import { type ActionKind, require, tellControlPlane } from './action.ts';
import { drawZone, zoneWord } from './zone-words.ts';

const wholeAboveZero = { error: 'a whole number from 1 to 1024' } as const;
const workers = z.int(wholeAboveZero).min(1, wholeAboveZero).max(1024, wholeAboveZero);
const settings = z.strictObject({ workers });
const words = strictObject({ zone: zoneWord, workers: workers.describe('Workers of its own.') });

/**
 * The zone's calls, of its users, nodes and instances, get workers and a lane of the store of their own, and use those
 * of the Region no longer. AWS built a separate control plane for the zone on Saturday
 * (https://aws.amazon.com/message/65648/); here it is a part of the same program, so its process and disk stay shared.
 */
export const dedicatedControl: ActionKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'dedicated-control',
  summary: 'a zone gets workers of the control plane and a lane of its store for itself',
  words,
  example: 'dedicated-control: { zone: use1-a, workers: 8 }',
  settings,
  draw: ({ zone, workers: own }, draw) =>
    drawZone(zone, draw, `${zone} got ${own} workers of the control plane for itself`, { workers: own }),

  async carryOut({ id, zone, settings: { workers: own } }, target) {
    const state = await tellControlPlane(target, id, { do: 'dedicate', zone, workers: own });
    require(state, 'dedicatedWorkers', own, 'the control plane');
    return `the control plane says that ${zone} has ${own} workers of its own`;
  },
};
