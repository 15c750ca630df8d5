import type { z } from 'zod';
import { type ActionKind, type ActionTarget, require, runningNodes, tellAll } from './action.ts';
import { drawZone, NO_SETTINGS, zoneOnly } from './zone-words.ts';

type Words = z.infer<typeof zoneOnly>;

async function setSearch(target: ActionTarget, id: string, zone: string, allowed: boolean): Promise<string> {
  const nodes = await runningNodes(target, zone);
  const states = await tellAll(target, nodes, id, () => ({ do: 'search', allowed }));
  const wanted = allowed ? 'going' : 'stopped';
  for (const [node, state] of states) require(state, 'search', wanted, node);
  return `${nodes.length} nodes that run say that their search is ${wanted}`;
}

/**
 * Nodes stop looking for space at their peers; everything else between them goes on, and volumes that wait are kept
 * waiting. AWS did so at 11:30, and the degradation stopped (https://aws.amazon.com/message/65648/).
 */
export const stopSearch: ActionKind<Words> = {
  kind: 'stop-search',
  summary: "a zone's nodes stop looking for space at their peers; all other traffic goes on",
  words: zoneOnly,
  example: 'stop-search: { zone: use1-a }',
  settings: NO_SETTINGS,
  draw: ({ zone }, draw) => drawZone(zone, draw, `${zone}’s nodes were told to stop searching`),
  carryOut: ({ id, zone }, target) => setSearch(target, id, zone, false),
};

/** Its undoing: all volumes that wait search again, at once or as `readmit` has it. */
export const resumeSearch: ActionKind<Words> = {
  kind: 'resume-search',
  summary: "a zone's nodes may look for space again",
  words: zoneOnly,
  example: 'resume-search: { zone: use1-a }',
  settings: NO_SETTINGS,
  draw: ({ zone }, draw) => drawZone(zone, draw, `${zone}’s nodes were told to search again`),
  carryOut: ({ id, zone }, target) => setSearch(target, id, zone, true),
};
