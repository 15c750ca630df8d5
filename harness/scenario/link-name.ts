import type { PlanLink } from './plan.ts';

/** What a link's name tells: `from->to`, and in a pattern its port and plane where they are not left out. */
type Named = Pick<PlanLink, 'source' | 'destination' | 'plane' | 'upstream'>;

/** `host->a-app:8080@primary`: with everything that a link's name may say. */
export const fullNameOf = ({ source, destination, upstream, plane }: Named): string =>
  `${source}->${destination}:${upstream.port}@${plane}`;

/**
 * Whether a name, `from->to[:port][@plane]`, means this link. What is left out means any, and `*` is any part. A name
 * without an arrow, such as `*@replication`, is one of the whole.
 */
export function meansLink(name: string, link: Named): boolean {
  const parts = partsOf(name);
  if (parts === null) {
    const short = `${link.source}->${link.destination}@${link.plane}`;
    return [short, fullNameOf(link)].some((whole) => matcher(name).test(whole));
  }
  return (
    meansEnds(name, link) &&
    (parts.port === undefined || matcher(parts.port).test(String(link.upstream.port))) &&
    (parts.plane === undefined || matcher(parts.plane).test(link.plane))
  );
}

/** The same, whatever port and plane the name says. */
export function meansEnds(name: string, link: Named): boolean {
  const parts = partsOf(name);
  return parts !== null && matcher(parts.from).test(link.source) && matcher(parts.to).test(link.destination);
}

interface Parts {
  readonly from: string;
  readonly to: string;
  readonly port: string | undefined;
  readonly plane: string | undefined;
}

function partsOf(name: string): Parts | null {
  const [, from, to, port, plane] = /^(.*?)->([^:@]*)(?::([^:@]*))?(?:@([^:@]*))?$/.exec(name) ?? [];
  return from === undefined || to === undefined ? null : { from, to, port, plane };
}

/** `*` stands for any part. */
export function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`);
}
