import type { Measurements } from '../measure/measure-run.ts';
import type { Problem } from './problem.ts';

/** A path before the run: its capacity is measured alone on it, for a second and a half. */
export const PATH_TOLERANCE = 0.05;
/** A capacity that a fault set, measured by the traffic of the run. */
export const HELD_TOLERANCE = 0.1;

/** An instrument that did not do what it was asked for proves nothing. */
export function checkFabric({ fabric, frame }: Measurements): readonly Problem[] {
  const problems: string[] = [];
  for (const { router, askedMbit, receivedMbit, deviation, reason } of fabric.paths) {
    if (deviation === null) problems.push(`${router} was not measured before the run: ${reason ?? 'unknown'}`);
    else if (Math.abs(deviation) > PATH_TOLERANCE) {
      const allowed = `${askedMbit} ± ${PATH_TOLERANCE * 100} %`;
      problems.push(`${router} carried ${receivedMbit} Mbit/s before the run, asked ${allowed}`);
    }
  }
  for (const seen of fabric.experiences.filter(({ holds }) => holds === false)) {
    const open = `an open connection was to find ${seen.askedOpen} and found ${seen.seenOpen ?? 'nothing'}`;
    const fresh = `new ones ${seen.askedFresh} and ${seen.seenFresh ?? 'nothing'}`;
    const added = `${seen.addedRttMs ?? '–'} ms longer of ${seen.askedAddedRttMs ?? 0} asked`;
    problems.push(`${seen.fault} on ${seen.link}: ${open}, ${fresh}, round trips ${added}`);
  }
  for (const { fault, link, missing } of fabric.experiences) {
    if (missing !== undefined) problems.push(`${fault} on ${link} was not witnessed: ${missing.join('; ')}`);
  }
  for (const { fault, what, askedMbit, measuredMbit, reached, reason } of fabric.capacities) {
    if (measuredMbit === null) {
      if (reason === undefined) problems.push(`${fault}: the capacity of ${what} was not measured`);
      continue;
    }
    const ratio = measuredMbit / askedMbit;
    if (ratio > 1 + HELD_TOLERANCE || (reached === true && ratio < 1 - HELD_TOLERANCE)) {
      problems.push(`${fault}: ${what} carried ${measuredMbit} Mbit/s, asked ${askedMbit}`);
    }
  }
  for (const fault of fabric.idleFaults) problems.push(`${fault}: no byte ever crossed a link that it is aimed at`);
  for (const fault of fabric.slippedFaults) problems.push(`${fault} was not in force any more at its end`);
  for (const { fault, reason } of fabric.unreadFaults ?? []) {
    problems.push(`${fault} could not be read at its end: ${reason}`);
  }
  for (const { router, reason } of fabric.replacedRouters) {
    problems.push(`the Toxiproxy of ${router} was replaced, which closed its connections: ${reason}`);
  }
  const completed = frame.history.of('run.end').at(-1)?.outcome === 'completed';
  if (fabric.leftBehind === null && completed) problems.push('the final state was not read back');
  for (const what of fabric.leftBehind ?? []) problems.push(`left behind: ${what}`);
  return problems.map((what) => ({ check: 'fabric', what }));
}
