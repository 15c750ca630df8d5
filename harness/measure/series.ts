import { z } from 'zod';
import { apiCallsOf, apiZones, isOpenLoop } from './api.ts';
import { type Application, applicationsOf, requestsOf } from './application.ts';
import { bins } from './bins.ts';
import { controlSeries, controlSeriesSchema } from './control.ts';
import { atSeconds, type Frame, shortZone, type Window } from './frame.ts';
import { freeSlotsAt } from './free-slots.ts';
import { latencyOf } from './latency.ts';
import { latencySampleOf, type Operation, summariseAs } from './operations.ts';
import { outagesOf } from './outages.ts';
import { mbit, payloadCounter } from './queues.ts';
import { round, toSeconds } from './rounding.ts';
import { searchRates } from './search.ts';
import type { StepCount } from './step-count.ts';
import type { StormMeasurement } from './storm.ts';

const numbers = z.array(z.number());
const gaps = z.array(z.number().nullable());
const at = numbers.describe('Seconds since the trigger’s begin; of a bin, its begin');

export const seriesSchema = z.strictObject({
  volumes: z
    .strictObject({ at, mirrored: numbers, degraded: numbers, stuck: numbers, hung: numbers, heldSlots: numbers })
    .describe('Every 250 ms. mirrored, degraded, stuck: by the nodes; hung: stuck by the instances'),
  freeSlots: z
    .strictObject({ at, free: gaps, quarantined: numbers })
    .describe('Every second, counted on disk; null before all nodes told. quarantined: slots of crashed nodes'),
  queues: z
    .strictObject({ at, binSeconds: z.number(), payloadMbit: z.record(z.string(), numbers) })
    .describe('By router'),
  search: z.strictObject({ at, attemptsPerSecond: numbers }),
  applications: z.array(
    z.strictObject({
      zone: z.string(),
      shortName: z.string(),
      at,
      availability: gaps.describe('Of the requests intended in this second; null if there were none'),
      latencyWindowSeconds: z.number().describe('Latencies are of this many seconds up to and with the bin'),
      p50Ms: gaps.describe('Lower bounds where over half did not succeed'),
      p99Ms: gaps.describe('Lower bounds where over 1 % did not succeed; null under 100 requests'),
    }),
  ),
  api: z
    .array(z.strictObject({ zone: z.string(), shortName: z.string(), at, availability: gaps }))
    .describe('Users’ calls to the API by the second in which they were intended; empty without users'),
  control: controlSeriesSchema.describe('The control plane’s workers, as sampled'),
  host: z.strictObject({ at, busyShare: numbers, lagP99Ms: numbers }).describe('As sampled'),
});
export type Series = z.infer<typeof seriesSchema>;

/** The curves of the report, all on one time axis. */
export function measureSeries(frame: Frame, storm: StormMeasurement, quarantined: StepCount): Series {
  const { measured, zeroT } = frame;
  const outages = outagesOf(frame);
  const fine = bins(measured, zeroT, 250);
  const halves = bins(measured, zeroT, 500);
  const seconds = bins(measured, zeroT, 1000);
  const times = (windows: readonly Window[]) => windows.map((window) => atSeconds(frame, window.startT));
  const count = (value: (t: number) => number) => fine.map((window) => value(window.startT));
  const hosts = frame.history.of('host').filter((record) => record.t >= measured.startT && record.t < measured.endT);
  return {
    volumes: {
      at: times(fine),
      mirrored: count((t) => frame.volumes.length - storm.states.unmirrored.at(t)),
      degraded: count((t) => storm.states.degraded.at(t)),
      stuck: count((t) => storm.states.stuck.at(t)),
      hung: count((t) => storm.hung.at(t)),
      heldSlots: count((t) => storm.held.at(t)),
    },
    freeSlots: {
      at: times(seconds),
      free: seconds.map((window) => freeSlotsAt(frame, outages, window.startT)),
      quarantined: seconds.map((window) => quarantined.at(window.startT)),
    },
    queues: {
      at: times(halves),
      binSeconds: 0.5,
      payloadMbit: Object.fromEntries(
        frame.plan.routers.map((router) => {
          const counter = payloadCounter(frame, router.id);
          return [router.id, halves.map((window) => mbit(counter.in(window), window) ?? 0)];
        }),
      ),
    },
    search: { at: times(seconds), attemptsPerSecond: [...searchRates(frame, seconds)] },
    applications: applicationsOf(frame).map((application) => applicationSeries(frame, application, seconds)),
    api: apiZones(frame).map((zone) => apiSeries(frame, zone, seconds)),
    control: controlSeries(frame),
    host: {
      at: hosts.map((record) => atSeconds(frame, record.t)),
      busyShare: hosts.map((record) => round(record.busyShare, 3)),
      lagP99Ms: hosts.map((record) => round(record.lagP99Ms, 1)),
    },
  };
}

function apiSeries(frame: Frame, zone: string, seconds: readonly Window[]): Series['api'][number] {
  const calls = apiCallsOf(frame, zone).filter(isOpenLoop);
  const inBin = Map.groupBy(calls, (call) => Math.floor((call.intended - frame.zeroT) / 1000));
  return {
    zone,
    shortName: shortZone(zone),
    at: seconds.map((window) => atSeconds(frame, window.startT)),
    availability: seconds.map((window) => {
      const offered = inBin.get(Math.round((window.startT - frame.zeroT) / 1000)) ?? [];
      return summariseAs('', offered).availability;
    }),
  };
}

/** Samples a p99 needs, with a margin for uneven arrivals. */
const SAMPLES_FOR_P99 = 120;

function applicationSeries(
  frame: Frame,
  { id, zone, shortName }: Application,
  seconds: readonly Window[],
): Series['applications'][number] {
  const requests = requestsOf(frame, id).toSorted((a, b) => a.intended - b.intended);
  const rate = Math.max(1, frame.plan.load.appRequestsPerSecond);
  const windowMs = 1000 * Math.max(1, Math.ceil(SAMPLES_FOR_P99 / rate));
  const inBin = Map.groupBy(requests, (request) => Math.floor((request.intended - frame.zeroT) / 1000));
  const binOf = (window: Window): number => Math.round((window.startT - frame.zeroT) / 1000);
  const ofWindow = (window: Window): readonly Operation[] => {
    const last = binOf(window);
    const bins = Array.from({ length: windowMs / 1000 }, (_, index) => inBin.get(last - index) ?? []);
    return bins.flat();
  };
  const latencies = seconds.map((window) => latencyOf(ofWindow(window).map(latencySampleOf)));
  return {
    zone,
    shortName,
    at: seconds.map((window) => atSeconds(frame, window.startT)),
    availability: seconds.map((window) => summariseAs('', inBin.get(binOf(window)) ?? []).availability),
    latencyWindowSeconds: toSeconds(windowMs),
    p50Ms: latencies.map((latency) => latency.p50Ms),
    p99Ms: latencies.map((latency) => latency.p99Ms),
  };
}
