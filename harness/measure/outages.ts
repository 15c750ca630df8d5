import { CRASH_EXIT_CODE } from '../scenario/container-config.ts';
import type { Frame } from './frame.ts';
import type { Interval } from './step-count.ts';

/** A storage node that crashed by the race, from then on; only a fault that starts it again would end it. */
export interface Outage extends Interval {
  readonly node: string;
  /** As the node told it with its last record; `null`: only the engine tells of the crash. */
  readonly told: { readonly closesInWindow: number; readonly replicas: number } | null;
  /** As the engine tells it; `null`: only the node tells of the crash. */
  readonly exitCode: number | null;
}

/** Crashes in order of time, over the whole record. The node says so itself, and the engine by the exit code. */
export function outagesOf({ history, plan }: Frame): readonly Outage[] {
  const nodes = new Set(plan.containers.filter(({ role }) => role === 'node' || role === 'spare').map(({ id }) => id));
  const exits = history.of('exit').filter((record) => nodes.has(record.source) && record.exitCode === CRASH_EXIT_CODE);
  const told = history.of('crash').filter((record) => nodes.has(record.source));
  const endOf = (node: string, t: number) =>
    history.of('ready').find((record) => record.source === node && record.t > t)?.t ?? Number.POSITIVE_INFINITY;
  const outages = told.map(({ source: node, t, closesInWindow, replicas }): Outage => {
    const endT = endOf(node, t);
    const exit = exits.find((record) => record.source === node && record.t >= t && record.t < endT);
    return { node, startT: t, endT, told: { closesInWindow, replicas }, exitCode: exit?.exitCode ?? null };
  });
  const untold = exits
    .filter(({ source, t }) => !outages.some(({ node, startT, endT }) => node === source && startT <= t && t < endT))
    .map(({ source: node, t, exitCode }): Outage => {
      return { node, startT: t, endT: endOf(node, t), told: null, exitCode };
    });
  return [...outages, ...untold].sort((a, b) => a.startT - b.startT);
}

/** Whether the node was down by a crash at that time. */
export const isDown = (outages: readonly Outage[], node: string, t: number): boolean =>
  outages.some((outage) => outage.node === node && outage.startT <= t && t < outage.endT);
