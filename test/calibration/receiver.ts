import type { ProbeLab, ProbeRecord } from '../container/probe-lab.ts';

/**
 * Mbit/s that arrived at a probe between two instants, by its own counts: `receivedBytes` is payload as its sockets
 * gave it, `interfaceBytes` everything that its interfaces took.
 */
export function receivedMbit(
  probe: ProbeLab,
  id: string,
  fromMs: number,
  toMs: number,
  count: 'receivedBytes' | 'interfaceBytes' = 'receivedBytes',
): number {
  const records = probe.records.filter((one): one is ProbeRecord => one.kind === 'probe' && one.source === id);
  const first = records.filter((one) => one.t <= fromMs).at(-1);
  const last = records.filter((one) => one.t <= toMs).at(-1);
  if (first === undefined || last === undefined || last.t <= first.t) throw new Error(`${id} printed too little`);
  return ((total(last[count]) - total(first[count])) * 8) / 1000 / (last.t - first.t);
}

function total(bytes: ProbeRecord['receivedBytes']): number {
  return Object.values(bytes).reduce((sum, bytes) => sum + bytes, 0);
}
