import { z } from 'zod';
import type { LinkEffect, Stream, Toxic } from '../fabric/link-effect.ts';
import { proxyOf, type Router } from '../fabric/router.ts';
import type { Draw, Drawn } from '../scenario/fault-language.ts';
import type { Experience, PlanLink } from '../scenario/plan.ts';
import { linkSelector } from '../scenario/selectors.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { type FaultKind, linksByRouter, meanShare, onRouter } from './fault.ts';
import type { TargetTimes } from './target-times.ts';
import { linkTargets, list } from './words.ts';

/**
 * How a link is cut. What an open connection and a new one see of each is stated and tested in
 * `test/calibration/conformance.test.ts`; the mechanisms:
 *
 * - `refuse`: Toxiproxy's `enabled: false`. Open connections are closed with FIN, new ones refused at once.
 * - `reset`: the source of an open connection gets RST, from the kernel (`ss -K`); its destination gets FIN, as
 *   Toxiproxy closes its other socket, which cannot be told from those of other links. A new connection gets RST at its
 *   first byte, by the toxic `reset_peer`, or when the cut is healed.
 * - `blackhole`: the toxic `timeout` of 0, both ways. Bytes are taken, acknowledged and thrown away; when the cut is
 *   healed, Toxiproxy closes every connection that was open under it, also those over which nothing was sent.
 * - `stall`: the toxic `bandwidth` with a rate of 0, both ways. Nothing is taken beyond buffers, nothing is lost, and
 *   when the cut is healed everything arrives.
 * - `half-open`: the toxic `timeout` of 0, one way: what the source sends is thrown away, what the destination
 *   sends arrives. Healed as `blackhole`.
 * - `drop`: the router's kernel drops the packets, both ways, as where a cable is pulled. TCP sends them again when
 *   the cut is healed, so nothing is lost, if the programs have not given up before. All links of a router in one batch.
 */
export const CUT_KINDS = ['refuse', 'reset', 'blackhole', 'stall', 'half-open', 'drop'] as const;
export type CutKind = (typeof CUT_KINDS)[number];

export const cutKind = z
  .enum(CUT_KINDS, { error: `one of ${CUT_KINDS.join(', ')}` })
  .describe(
    'What a connection sees. `refuse`: closed, and refused. `reset`: RST. `blackhole`: silence, bytes are lost. ' +
      '`stall`: silence, nothing is lost. `half-open`: one way lost, the other open. `drop`: silence, packets are lost ' +
      'and sent again by TCP.',
  );

const DONE: Readonly<Record<CutKind, string>> = {
  refuse: 'refused connections',
  reset: 'reset connections',
  blackhole: 'swallowed all bytes',
  stall: 'stalled',
  'half-open': 'swallowed the bytes of one direction',
  drop: 'dropped all packets',
};

const seen = (open: Experience['open'], fresh: Experience['fresh']): Experience => ({
  open,
  fresh,
  addedRttMs: 0,
  capacityMbit: null,
});
const EXPERIENCE: Readonly<Record<CutKind, Experience>> = {
  refuse: seen('closed', 'refused'),
  reset: seen('closed', 'ended'),
  blackhole: seen('silent', 'silent'),
  stall: seen('silent', 'silent'),
  'half-open': seen('silent', 'silent'),
  drop: seen('silent', 'silent'),
};

const settings = z.strictObject({ kind: cutKind });
type CutSettings = z.infer<typeof settings>;

/** A cut of these links, for this fault and those that are made of cuts. `because`: `a1 was isolated: `. */
export function drawCut(
  draw: Draw,
  links: readonly string[],
  kind: CutKind,
  more: Pick<Drawn, 'afterSeconds' | 'forSeconds' | 'losesPartnersOf'> & { readonly because?: string } = {},
): Drawn[] {
  if (links.length === 0) return [];
  const { because = '', ...time } = more;
  const description = `${because}${list(links, 'links')} ${DONE[kind]}`;
  const targets = linkTargets(draw.laid, links);
  return [{ kind: 'cut', description, ...time, targets, experience: EXPERIENCE[kind], settings: { kind } }];
}

const words = strictObject({ links: linkSelector, kind: cutKind });

export const cut: FaultKind<z.infer<typeof words>, CutSettings> = {
  kind: 'cut',
  summary: 'cuts links, in one of six ways that differ in what a connection sees',
  words,
  example: 'cut: { links: ["a1->a2@replication"], kind: refuse }',
  settings,

  draw: ({ links, kind }, draw) => drawCut(draw, draw.links(links, ['links']), kind),

  unable(fault, target) {
    if (fault.settings.kind !== 'drop') return null;
    const without = linksByRouter(fault, target).find(({ router }) => router.shaping !== 'kernel');
    return without === undefined
      ? null
      : `dropping packets needs NET_ADMIN and tc, which ${without.router.id} has not; \`stall\` needs neither`;
  },

  async apply(fault, target, times) {
    const { kind } = fault.settings;
    await Promise.all(
      linksByRouter(fault, target).map(({ router, links }) => cutOn(router, fault.id, links, kind, times)),
    );
  },

  async revert(fault, target, times) {
    await Promise.all(
      linksByRouter(fault, target).map(async ({ router }) => {
        if (fault.settings.kind !== 'drop') return router.links.clear(fault.id, onRouter(router, times));
        await router.undropPackets(fault.id);
        times.at(router.id);
      }),
    );
  },

  async probe(fault, target) {
    const parts = linksByRouter(fault, target).map(async ({ router, links }) => ({
      of: links.length,
      share:
        fault.settings.kind === 'drop'
          ? await router.droppedShare(fault.id)
          : await router.links.inForce(
              fault.id,
              links.map((link) => proxyOf(link).name),
            ),
    }));
    return meanShare(await Promise.all(parts));
  },
};

async function cutOn(
  router: Router,
  fault: string,
  links: readonly PlanLink[],
  kind: CutKind,
  times: TargetTimes,
): Promise<void> {
  if (kind === 'drop') {
    await router.dropPackets(fault, links);
    // All links of a router in one batch.
    times.at(router.id);
    return;
  }
  // First: the toxic would close with FIN, at its next byte, a connection that was open before it.
  if (kind === 'reset') await router.resetConnections(links);
  await router.links.set(
    fault,
    new Map(links.map((link) => [proxyOf(link).name, EFFECTS[kind]])),
    onRouter(router, times),
  );
  // Again: a program may have dialled in between.
  if (kind === 'reset') await router.resetConnections(links);
}

const toxic = (type: Toxic['type'], stream: Stream, attributes: Toxic['attributes']): Toxic => ({
  type,
  stream,
  attributes,
});
const bothWays = (type: Toxic['type'], attributes: Toxic['attributes']): LinkEffect => ({
  toxics: [toxic(type, 'upstream', attributes), toxic(type, 'downstream', attributes)],
});

const EFFECTS: Readonly<Record<Exclude<CutKind, 'drop'>, LinkEffect>> = {
  refuse: { refuse: true },
  reset: bothWays('reset_peer', { timeout: 0 }),
  blackhole: bothWays('timeout', { timeout: 0 }),
  stall: bothWays('bandwidth', { rate: 0 }),
  'half-open': { toxics: [toxic('timeout', 'upstream', { timeout: 0 })] },
};
