import { z } from 'zod';
import { proxyOf } from '../fabric/router.ts';
import type { Draw } from '../scenario/fault-language.ts';
import { linkSelector } from '../scenario/selectors.ts';
import { strictObject } from '../scenario/zod-problems.ts';
import { type FaultKind, linksByRouter, meanShare, onRouter } from './fault.ts';
import { linkTargets, list } from './words.ts';

const settings = z.strictObject({ latencyMs: z.number().nonnegative(), jitterMs: z.number().nonnegative() });
const words = strictObject({
  links: linkSelector,
  by: z.string().describe('A duration such as 50ms, added to each way.'),
  jitter: z.string().optional().describe('Uniform, more or less than that; bytes stay in their order.'),
});

/** Toxiproxy takes whole milliseconds; less than one would be none. */
function wholeMs(draw: Draw, raw: string, word: 'by' | 'jitter'): number {
  const ms = draw.seconds(raw, [word]) * 1000;
  if (ms > 0 && ms < 1) draw.problem([word], `\`${raw}\``, 'at least 1ms');
  return Math.round(ms);
}

/** Time added to the bytes of some links, each way (Toxiproxy's `latency`). */
export const delay: FaultKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'delay',
  summary: 'delays the bytes of some links each way, with jitter',
  words,
  example: 'delay: { links: ["a1->a2@primary"], by: 50ms, jitter: 10ms }',
  settings,

  draw({ links: asked, by, jitter = '0ms' }, draw) {
    const links = draw.links(asked, ['links']);
    const latencyMs = wholeMs(draw, by, 'by');
    const jitterMs = wholeMs(draw, jitter, 'jitter');
    if (jitterMs > latencyMs)
      draw.problem(['jitter'], `a jitter of ${jitterMs} ms`, `at most the delay, ${latencyMs} ms`);
    if (links.length === 0 || latencyMs === 0) return [];
    const spread = jitterMs === 0 ? '' : ` ± ${jitterMs}`;
    const description = `${list(links, 'links')} took ${latencyMs}${spread} ms longer each way`;
    return [
      {
        kind: 'delay',
        description,
        targets: linkTargets(draw.laid, links),
        experience: { open: 'answers', fresh: 'answered', addedRttMs: 2 * latencyMs, capacityMbit: null },
        settings: { latencyMs, jitterMs },
      },
    ];
  },

  async apply(fault, target, times) {
    const attributes = { latency: fault.settings.latencyMs, jitter: fault.settings.jitterMs };
    const toxics = (['upstream', 'downstream'] as const).map((stream) => ({
      type: 'latency' as const,
      stream,
      attributes,
    }));
    await Promise.all(
      linksByRouter(fault, target).map(({ router, links }) =>
        router.links.set(
          fault.id,
          new Map(links.map((link) => [proxyOf(link).name, { toxics }])),
          onRouter(router, times),
        ),
      ),
    );
  },

  async revert(fault, target, times) {
    await Promise.all(
      linksByRouter(fault, target).map(({ router }) => router.links.clear(fault.id, onRouter(router, times))),
    );
  },

  async probe(fault, target) {
    const parts = linksByRouter(fault, target).map(async ({ router, links }) => {
      const names = links.map((link) => proxyOf(link).name);
      return { of: names.length, share: await router.links.inForce(fault.id, names) };
    });
    return meanShare(await Promise.all(parts));
  },
};
