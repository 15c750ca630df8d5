import { readlinkSync } from 'node:fs';
import type Docker from 'dockerode';
import { withDeadline } from '../time/deadline.ts';
import { startOf } from '../time/process-start.ts';
import { clean, runsOnEngine } from './clean.ts';
import { LIMITS } from './limits.ts';

/** Trials that belong to no run carry the process that makes them in the place of a run's id. */
const ID = /^trial-(\d+)-(\d+)-(\d+)$/;

/** Of the processes that this one sees: in another namespace its pid is somebody else's. */
const pidNamespace = (): string => /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0';

/** The id of this process's own trials. */
export const trialRun = (): string => `trial-${pidNamespace()}-${process.pid}-${startOf(process.pid) ?? 0}`;

/** Whether trials with this id are of a process that was killed before it removed them. */
export function isAbandoned(id: string): boolean {
  const [, namespace, pid = '', began] = ID.exec(id) ?? [];
  return namespace === pidNamespace() && startOf(Number(pid)) !== began;
}

/** What killed processes left of their trials. Those of another PID namespace go with `zonestorm clean`. */
export async function removeAbandonedTrials(docker: Docker): Promise<void> {
  for (const id of (await runsOnEngine(docker)).filter(isAbandoned)) {
    // What is left of a trial disturbs nobody; `zonestorm clean` says why it stays.
    await clean(docker, id).catch(() => undefined);
  }
}

/**
 * What this process left of its trials when they were given up half-way: each removes its own things, but not once its
 * calls are no longer made. An engine that does not answer keeps them until the next start.
 */
export async function removeOwnTrials(docker: Docker): Promise<void> {
  await withDeadline(clean(docker, trialRun()), LIMITS.callsEndMs, 'the removal of trials').catch(() => undefined);
}
