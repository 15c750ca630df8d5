import type { Measurements } from '../measure/measure-run.ts';
import { fewIds } from '../measure/trigger.ts';
import type { Problem } from './problem.ts';

/** A measured capacity may differ this much from what was asked for. */
export const DOSE_TOLERANCE = 0.1;
/**
 * The nodes' rate over the misrouted path ÷ the queue's. Below: the queue sent bytes that reached nobody. Above:
 * nodes received what never crossed the queue, so the misroute was not one. Not 1 exactly, because the kernel joins
 * frames before it counts them at the nodes (up to 4.4 % less), and the nodes tell their bytes just twice a second.
 */
export const PATH_RATIO = { least: 0.85, most: 1.15 } as const;

/** Every fault proves what it did to the network. */
export function checkDose({ dose, frame }: Measurements): readonly Problem[] {
  const problems: string[] = [];
  for (const { id, failure } of dose.faults) if (failure !== null) problems.push(`${id} failed: ${failure}`);
  const missing = dose.faults.filter((fault) => fault.failure === null && !fault.applied).map((fault) => fault.id);
  if (missing.length > 0) problems.push(`${fewIds(missing)} ${missing.length === 1 ? 'was' : 'were'} never applied`);
  problems.push(...skippedProblems(dose.skipped ?? [], frame.trigger.startT !== null));
  if (frame.trigger.startT !== null && frame.trigger.endT === null) problems.push(frame.trigger.endReason ?? '');
  for (const { fault, what, unit, asked, measured, deviation, allowed, note } of dose.measurements) {
    if (asked === null) continue;
    if (allowed !== undefined && measured !== null) {
      if (Math.abs(measured - asked) <= allowed) continue;
      const words = what === 'begin' ? 'began at' : 'was in force for';
      const because = note === undefined ? '' : `: ${note}`;
      const at = what === 'begin' ? ' of its phase' : '';
      problems.push(`${fault} ${words} ${measured} ${unit}${at}, asked ${asked} ± ${allowed} ${unit}${because}`);
    } else if (measured === null) problems.push(`${fault}: ${what} was not measured (asked ${asked} ${unit})`);
    else if (deviation === null ? measured !== 0 : Math.abs(deviation) > DOSE_TOLERANCE) {
      problems.push(`${fault}: ${what} is ${measured} ${unit}, asked ${asked} ± ${DOSE_TOLERANCE * 100} %`);
    }
  }
  return [...problems, ...misrouteProblems(dose.misroute)].map((what) => ({ check: 'dose', what }));
}

/**
 * A fault's time lies inside its phase where that has a fixed length: one that was skipped there was to happen. A phase
 * that waits for a condition may end before it, unless nothing else was done either.
 */
function skippedProblems(
  skipped: NonNullable<Measurements['dose']['skipped']>,
  wasAnyApplied: boolean,
): readonly string[] {
  const wrong = skipped.filter(({ fixed }) => fixed || !wasAnyApplied).map(({ id }) => id);
  if (wrong.length === 0) return [];
  const none = wasAnyApplied ? '' : ', and no fault was applied';
  return [`${fewIds(wrong)}: planned, and ${wrong.length === 1 ? 'its' : 'each one’s'} phase ended first${none}`];
}

/**
 * A misroute too short for that ratio must have sent at least this share of the usual bytes through the queue. Low,
 * because senders slow down as soon as their acknowledgements are late.
 */
export const LEAST_EXCESS = 0.25;

function misrouteProblems(misroute: Measurements['dose']['misroute']): readonly string[] {
  if (misroute === null) return [];
  const { receivedOverQueue: ratio, receivedMbit, queueMbit, excessBytes, expectedBytes, reason } = misroute;
  if (ratio === null && excessBytes !== null && expectedBytes !== null) {
    if (expectedBytes > 0 && excessBytes >= LEAST_EXCESS * expectedBytes) return [];
    return [`the misroute sent ${excessBytes} bytes through the thin network, ${expectedBytes} were expected`];
  }
  if (ratio === null) return [`the misroute is not proved: ${reason ?? 'the replication queue sent nothing'}`];
  if (ratio >= PATH_RATIO.least && ratio <= PATH_RATIO.most) return [];
  const range = `${PATH_RATIO.least}…${PATH_RATIO.most}`;
  return [`nodes received ${receivedMbit} Mbit/s over a queue that sent ${queueMbit} (${ratio}, allowed ${range})`];
}
