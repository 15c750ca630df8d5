import type { Ping, TriedConnection } from '../history/records.ts';
import { WITNESS_EVERY } from '../scenario/container-config.ts';
import type { PlanFault, PlanLink } from '../scenario/plan.ts';
import type { Frame, Window } from './frame.ts';
import { overlap } from './in-force.ts';
import { type Silenced, unexcused } from './silenced.ts';

/** Who watches a link, and what it told. */
export interface Watcher {
  readonly link: PlanLink;
  readonly records: readonly Told[];
  /** How often it asks, ms. */
  readonly pingMs: number;
  readonly newConnectionMs: number;
  /** Each of the processes that it is, in words, with its container and the times at which it did something. */
  readonly processes: readonly {
    readonly name: string;
    readonly container: string;
    readonly times: readonly number[];
  }[];
}

interface Told {
  readonly t: number;
  readonly pings: readonly Ping[];
  readonly tried: readonly TriedConnection[];
  readonly closed: readonly (readonly [number, 'fin' | 'rst'])[];
}

/** A gauge is a witness of its own links; it asks less often. */
const GAUGE_EVERY = { pingMs: 100, newConnectionMs: 1_000 } as const;

/** Those of a fault's links: the witnesses of the plan, and of a gauge's own links the gauge. */
export function watchersOf(frame: Frame, fault: PlanFault): readonly Watcher[] {
  const aimedAt = new Set(fault.targets.links);
  const planned = frame.plan.witnesses.filter(({ link }) => aimedAt.has(link));
  const witnesses = planned.flatMap(({ link: id }) => {
    const link = frame.plan.links.find((one) => one.id === id);
    return link === undefined ? [] : [witnessOf(frame, link)];
  });
  if (witnesses.length > 0) return witnesses;
  const gauges = new Set(frame.plan.containers.filter(({ role }) => role === 'gauge').map(({ id }) => id));
  return frame.plan.links
    .filter(({ id, source, destination }) => aimedAt.has(id) && gauges.has(source) && source === destination)
    .map((link) => gaugeOf(frame, link));
}

function witnessOf(frame: Frame, link: PlanLink): Watcher {
  const records = frame.history.of('witness').filter((one) => one.link === link.id);
  const echoes = frame.history.bySource('witness.echo');
  const from = link.source === 'host' ? 'on the host' : `in ${link.source}`;
  const told = { container: link.source, times: timesOf(records) };
  const echo = { container: link.destination, times: (echoes.get(link.destination) ?? []).map(({ t }) => t) };
  return {
    link,
    records,
    ...WITNESS_EVERY,
    processes: [
      { name: `the witness of ${link.id} ${from}`, ...told },
      // Echoes of older versions said nothing of themselves.
      ...(echoes.size === 0 ? [] : [{ name: `the echo of ${link.id} in ${link.destination}`, ...echo }]),
    ],
  };
}

function gaugeOf(frame: Frame, link: PlanLink): Watcher {
  const records = frame.history.of('gauge').filter((one) => one.source === link.source && one.plane === link.plane);
  const process = { name: link.source, container: link.source, times: timesOf(records) };
  return { link, records, ...GAUGE_EVERY, processes: [process] };
}

/** When the process did something: it told it, or asked. */
const timesOf = (records: readonly Told[]): number[] =>
  records
    .flatMap(({ t, pings, tried }) => [t, ...pings.map(([sent]) => sent), ...tried.map(([began]) => began)])
    .sort((a, b) => a - b);

/** Longest time between two lines of a witness, ms, as of a container's stats records. They come twice a second. */
const SILENCE_MS = 2_000;

/**
 * Which of a watcher's processes said nothing for longer than that, while a fault was in force or right before or
 * after it, in words. The time in which a fault silenced its container does not count, nor what it took to come back.
 */
export function silentIn(
  frame: Frame,
  watcher: Watcher,
  window: Window,
  silenced: ReadonlyMap<string, readonly Silenced[]>,
): readonly string[] {
  return watcher.processes.flatMap(({ name, container, times }) => {
    const silencings = silenced.get(container) ?? [];
    const gaps = gapsOf(times, frame.measured)
      .filter((gap) => gap.endT - gap.startT > SILENCE_MS && overlap(gap, window))
      .flatMap((gap) => unexcused(gap, silencings))
      .filter((left) => left.endT - left.startT > SILENCE_MS && overlap(left, window));
    const longest = Math.max(...gaps.map((gap) => gap.endT - gap.startT));
    return gaps.length === 0 ? [] : [`${name} said nothing for ${(longest / 1000).toFixed(1)} s`];
  });
}

/** The times between two lines, and those before the first and after the last. */
function gapsOf(times: readonly number[], measured: Window): Window[] {
  const marks = [Math.min(measured.startT, times[0] ?? measured.startT), ...times];
  const last = Math.max(measured.endT, marks.at(-1) ?? measured.endT);
  return marks.map((startT, i) => ({ startT, endT: marks[i + 1] ?? last }));
}
