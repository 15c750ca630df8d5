import type { BoundFault } from '../fault/catalogue.ts';
import { BESIDE_THE_QUEUE, type DoseRecord } from '../history/records.ts';
import { monotonicMs } from '../time/monotonic.ts';

/**
 * Counts what leaves the router whose queue a fault fills beside that queue, from when this is called until `finish`: bare
 * acknowledgements, which are among what the nodes receive. Of many small messages they are a sixth of it.
 */
export function startBesideQueue({ plan: fault, drains }: BoundFault): () => Promise<DoseRecord[]> {
  if (drains === null) return async () => [];
  const count = async () => ({ bytes: await drains.shell.besideBytes(), t: monotonicMs() });
  const atBegin = count();
  // Told by `finish`.
  atBegin.catch(() => undefined);
  return async () => {
    const [before, after] = [await atBegin, await count()];
    const measured = Math.max(0, (after.bytes - before.bytes) * 8) / 1000 / (after.t - before.t);
    const dose = { what: BESIDE_THE_QUEUE, unit: 'Mbit/s', asked: null, measured: Math.round(measured * 1e4) / 1e4 };
    return [{ kind: 'dose', t: after.t, source: 'harness', fault: fault.id, ...dose, bound: 'equal' }];
  };
}
