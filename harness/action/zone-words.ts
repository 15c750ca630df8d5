import { z } from 'zod';
import type { DrawnAction } from '../scenario/action-language.ts';
import type { Draw } from '../scenario/fault-language.ts';
import { strictObject } from '../scenario/zod-problems.ts';

/** The zone whose cluster an action is about. */
export const zoneWord = z.string().describe('The zone whose cluster it is about.');
export const zoneOnly = strictObject({ zone: zoneWord });
export const NO_SETTINGS = z.strictObject({});

/** An action that says no more than its zone. */
export function drawZone(zone: string, draw: Draw, description: string, settings: object = {}): DrawnAction | null {
  return draw.zone(zone, ['zone']) ? { zone, description, settings } : null;
}
