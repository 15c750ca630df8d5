import { z } from 'zod';
import { proxyOf } from '../fabric/router.ts';
import { linkSelector } from '../scenario/selectors.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { type FaultKind, linksByRouter, meanShare } from './fault.ts';
import { linkTargets, list } from './words.ts';

const settings = z.strictObject({ mbit: z.number().positive() });
const words = strictObject({
  links: linkSelector,
  to: z.string().describe('A capacity such as 2mbit: of TCP payload, each way, shared by all connections of one link.'),
});

/**
 * A capacity for each of some links by itself. Toxiproxy's `bandwidth` holds for each connection and direction
 * (https://github.com/Shopify/toxiproxy/issues/190), so the capacity is shared out over the link's live connections.
 */
export const cap: FaultKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'cap',
  summary: 'gives each of some links a capacity of its own, shared by its connections',
  words,
  example: 'cap: { links: ["a1->a2@primary"], to: 2mbit }',
  settings,

  draw({ links: asked, to }, draw) {
    const links = draw.links(asked, ['links']);
    const mbit = draw.mbit(to, ['to']);
    if (links.length === 0 || mbit === 0) return [];
    const description = `${list(links, 'links')} carried at most ${to} each`;
    return [
      {
        kind: 'cap',
        description,
        targets: linkTargets(draw.laid, links),
        experience: { open: 'answers', fresh: 'answered', addedRttMs: 0, capacityMbit: mbit },
        settings: { mbit },
      },
    ];
  },

  async apply(fault, target, times) {
    await Promise.all(
      linksByRouter(fault, target).flatMap(({ router, links }) =>
        links.map((link) =>
          router.cap(shareId(fault.id, link.id), [link], fault.settings.mbit).then(() => times.at(link.id)),
        ),
      ),
    );
  },

  async revert(fault, target, times) {
    await Promise.all(
      linksByRouter(fault, target).flatMap(({ router, links }) =>
        links.map((link) => router.uncap(shareId(fault.id, link.id)).then(() => times.at(link.id))),
      ),
    );
  },

  async probe(fault, target) {
    const parts = linksByRouter(fault, target).flatMap(({ router, links }) =>
      links.map(async (link) => ({
        of: 1,
        share: await router.links.inForce(shareId(fault.id, link.id), [proxyOf(link).name]),
      })),
    );
    return meanShare(await Promise.all(parts));
  },
};

/** Each link's share by itself; the characters are those that a path of Toxiproxy's API takes as they are. */
const shareId = (fault: string, link: string): string => `${fault}.${link.replace(/[^A-Za-z0-9-]+/g, '-')}`;
