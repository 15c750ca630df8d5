import type { Attachment, Plan } from '../../scenario/plan.ts';
import { EnvironmentError } from '../environment-error.ts';

/** Nobody listens there: an address that is reached refuses, one that is not stays silent. */
const PORT = 9;

/** What one container dials: others' own addresses, which must not answer, and routers', which must. */
export interface BypassTrial {
  readonly from: string;
  readonly direct: readonly string[];
  readonly routers: readonly string[];
}

/** What came of each address, as `fixtures/probe/reach.ts` says it. */
export type Outcomes = Readonly<Record<string, string>>;

const targets = (attachments: readonly Attachment[]): string[] => attachments.map(({ ip }) => `${ip}:${PORT}`);

/**
 * Few containers that together are on every network where two could reach each other; each dials all the others.
 *
 * One for a network is enough: if the dialling port is isolated it reaches every port that is not, and if it is not it
 * reaches every port.
 */
export function bypassTrials(plan: Plan): BypassTrial[] {
  const uncovered = new Set(plan.zones.flatMap((zone) => zone.planes.map(({ network }) => network)));
  for (const network of uncovered) {
    const on = plan.containers.filter((one) => one.attachments.some((attachment) => attachment.network === network));
    if (on.length < 2) uncovered.delete(network);
  }
  const trials: BypassTrial[] = [];
  while (uncovered.size > 0) {
    const covers = ({ attachments }: { attachments: readonly Attachment[] }): number =>
      attachments.filter(({ network }) => uncovered.has(network)).length;
    const [first] = plan.containers.toSorted((a, b) => covers(b) - covers(a));
    if (first === undefined) break;
    const networks = new Set(first.attachments.map(({ network }) => network));
    for (const network of networks) uncovered.delete(network);
    trials.push({
      from: first.id,
      direct: targets(plan.containers.filter(({ id }) => id !== first.id).flatMap(({ attachments }) => attachments)),
      routers: targets(
        plan.routers.flatMap(({ attachments }) => attachments.filter(({ network }) => networks.has(network))),
      ),
    });
  }
  return trials;
}

const REACHED = new Set(['open', 'refused']);

/** A second is short for a machine that starts a lab; what is silent beside routers that answer is silent. */
const TRIES = 10;

/**
 * Dials until the routers answer, which shows that others would have.
 *
 * @param dial one try of all of these addresses, each for a second
 * @throws EnvironmentError when a container reached another round the routers; or its routers not at all, so that the
 *   trial proves nothing
 */
export async function tryBypass(
  { from, direct, routers }: BypassTrial,
  dial: (targets: readonly string[]) => Promise<Outcomes>,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const outcomes = await dial([...direct, ...routers]);
    const reaches = (target: string): boolean => REACHED.has(outcomes[target] ?? '');
    const round = direct.filter(reaches);
    if (round.length > 0) {
      throw new EnvironmentError(
        `containers reach each other round the routers: ${from} reached ${round.join(', ')}`,
        'Something changed the engine’s bridges while the lab started (`bridge -d link`), or routes between them. Find it, and run the command again.',
      );
    }
    const unreached = routers.filter((target) => !reaches(target));
    if (unreached.length === 0) return;
    if (tries < TRIES) continue;
    throw new EnvironmentError(
      `${from} does not reach its routers (${unreached.map((target) => `${target}: ${outcomes[target]}`).join(', ')})`,
      'A firewall may drop what bridges forward: see the policy and the rules of the chain FORWARD. `zonestorm doctor` tries it.',
    );
  }
}
