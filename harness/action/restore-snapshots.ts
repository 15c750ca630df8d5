import { z } from 'zod';
import { strictObject } from '../scenario/zod-problems.ts';
import { type ActionKind, type ActionTarget, tellControlPlane, withRole } from './action.ts';
import { drawZone, zoneWord } from './zone-words.ts';

const size = { error: 'a whole number from 1 to 256' } as const;
const batch = z.int(size).min(1, size).max(256, size);
const settings = z.strictObject({ batch });
const words = strictObject({ zone: zoneWord, batch: batch.describe('Volumes at the same time.') });

/**
 * Volumes all of whose confirmed replicas are on nodes that have crashed get the content of their newest snapshot, on
 * nodes that run, batch after batch until none is left that can be restored. What they were written after the snapshot
 * is given up. AWS restored the last 2.2 % of the zone's volumes so, in batches (https://aws.amazon.com/message/65648/).
 */
export const restoreSnapshots: ActionKind<z.infer<typeof words>, z.infer<typeof settings>> = {
  kind: 'restore-snapshots',
  summary: 'volumes that are on crashed nodes alone are restored from their snapshots',
  words,
  example: 'restore-snapshots: { zone: use1-a, batch: 4 }',
  settings,
  draw: ({ zone, batch: atOnce }, draw) =>
    drawZone(zone, draw, `unrecoverable volumes of ${zone} were restored from snapshots, ${atOnce} at a time`, {
      batch: atOnce,
    }),

  async carryOut({ id, zone, settings: { batch: batchSize } }, target, signal) {
    const failedNodes = await crashedNodes(target, zone);
    if (failedNodes.length === 0) return `all nodes of ${zone} run, so none of its volumes is unrecoverable`;
    let restored = 0;
    for (;;) {
      signal.throwIfAborted();
      const state = await tellControlPlane(target, id, { do: 'restore', zone, failedNodes, batchSize });
      const now = Number(state.restored);
      restored += now;
      // Without progress the rest waits for room; whoever wants more calls again.
      if (now > 0 && Number(state.left) + Number(state.failed) > 0) continue;
      const rest = `${state.withoutSnapshot} have no snapshot, ${Number(state.failed) + Number(state.left)} found no room`;
      return `the control plane restored ${restored} volumes; ${rest}`;
    }
  },
};

/** Nodes of the plan that do not run; silence would not tell, as a node that nobody hears may go on serving. */
async function crashedNodes({ plan, programs }: ActionTarget, zone: string): Promise<readonly string[]> {
  const nodes = withRole(plan, 'node', zone);
  const running = new Set(await programs.running(nodes));
  return nodes.filter((node) => !running.has(node));
}
