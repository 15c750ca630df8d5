/**
 * How a scenario says what a fault is aimed at: ids, patterns with `*`, or properties, and how many of them to draw.
 */
import { z } from 'zod';
import { MULTI_ZONE_ROLES } from './plan.ts';
import { strictObject } from './zod-problems.ts';

const wholeAboveZero = { error: 'a whole number above 0' } as const;
const pick = z.int(wholeAboveZero).min(1, wholeAboveZero).describe('So many of them, drawn by the seed.');
const ids = z.array(z.string()).min(1);

export const nodeSelector = z
  .union([strictObject({ pick }), ids], { error: '`{ pick: N }` or a list of node ids' })
  .describe('The nodes that a fault is aimed at: their ids, or how many of the zone are drawn by the seed.');
export type NodeSelector = z.infer<typeof nodeSelector>;

export const containerSelector = z
  .union(
    [
      ids,
      strictObject({
        zone: z.string().optional(),
        role: z
          .enum(['node', 'control-plane', 'instances', 'app', 'users', 'databases', ...MULTI_ZONE_ROLES])
          .optional(),
        pick: pick.optional(),
      }),
    ],
    { error: 'a list of container ids, or `{ zone: …, role: …, pick: N }`' },
  )
  .describe('Containers: their ids, with `*` for any part, or those of a zone and role, all or so many drawn.');
export type ContainerSelector = z.infer<typeof containerSelector>;

export const linkSelector = z
  .union(
    [
      ids,
      strictObject({
        from: containerSelector.optional(),
        to: containerSelector.optional(),
        port: z.int({ error: 'a port from 1 to 65535' }).min(1).max(65_535).optional(),
        plane: z.enum(['primary', 'replication']).optional(),
        both: z.boolean().optional().describe('Also the links back, from `to` to `from`.'),
        pick: pick.optional(),
      }),
    ],
    { error: 'a list of links, or `{ from: …, to: …, port: …, plane: …, both: true, pick: N }`' },
  )
  .describe(
    'Links: `from->to`, `from->to:port`, `from->to@plane` or `from->to:port@plane`, where what is left out means any ' +
      'and `*` is any part, or those between two sets.',
  );
export type LinkSelector = z.infer<typeof linkSelector>;
