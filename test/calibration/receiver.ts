import type { ProbeLab, ProbeRecord } from '../container/probe-lab.ts';

/**
 * Mbit/s of payload that arrived at one address of a probe between two instants, as its sockets gave it.
 * @throws Error when it has not printed often enough
 */
export function receivedMbit(probe: ProbeLab, id: string, fromMs: number, toMs: number, ip: string): number {
  return rate(probe, id, fromMs, toMs, (record) => record.receivedBytes[ip] ?? 0);
}

/** What has arrived at one address of a probe by now, in bytes; 0 before it has printed anything. */
export function receivedBytes(probe: ProbeLab, id: string, ip: string): number {
  const last = probe.records.findLast((one): one is ProbeRecord => one.kind === 'probe' && one.source === id);
  return last?.receivedBytes[ip] ?? 0;
}

/** The rate of everything that its interfaces took, which also counts segments that TCP had sent twice. */
export function takenMbit(probe: ProbeLab, id: string, fromMs: number, toMs: number): number {
  return rate(probe, id, fromMs, toMs, ({ interfaceBytes }) =>
    Object.values(interfaceBytes).reduce((sum, bytes) => sum + bytes, 0),
  );
}

function rate(probe: ProbeLab, id: string, fromMs: number, toMs: number, of: (record: ProbeRecord) => number): number {
  const records = probe.records.filter((one): one is ProbeRecord => one.kind === 'probe' && one.source === id);
  const first = records.filter((one) => one.t <= fromMs).at(-1);
  const last = records.filter((one) => one.t <= toMs).at(-1);
  if (first === undefined || last === undefined || last.t <= first.t) throw new Error(`${id} printed too little`);
  return ((of(last) - of(first)) * 8) / 1000 / (last.t - first.t);
}
