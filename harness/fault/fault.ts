import type { z } from 'zod';
import type { Router } from '../fabric/router.ts';
import type { FaultWords } from '../scenario/fault-language.ts';
import type { Plan, PlanFault, PlanLink } from '../scenario/plan.ts';
import type { TargetTimes } from './target-times.ts';

export interface ContainerState {
  readonly running: boolean;
  readonly paused: boolean;
  /** Of its last start, RFC 3339. */
  readonly startedAt: string;
  /** Of its last end, RFC 3339; long ago where it has never ended. */
  readonly finishedAt: string;
  /** Of one that does not run: what its program ended with, or 128 + the signal. */
  readonly exitCode: number;
}

/** What a fault may do to containers. Each is idempotent, and reads the engine where it answers. */
export interface ContainerControl {
  kill(id: string): Promise<void>;
  /** Starts one that has stopped, with the same addresses and disks, behind the same routers and their faults. */
  start(id: string): Promise<void>;
  /** From the call to `start` until a container runs, as it was last time, ms. */
  readonly startMs: number;
  pause(id: string): Promise<void>;
  unpause(id: string): Promise<void>;
  state(id: string): Promise<ContainerState>;
  /** So many CPUs at most; `null`: no limit. */
  limitCpu(id: string, cpus: number | null): Promise<void>;
  /** As the kernel has it, CPUs; `null`: none. */
  cpuLimit(id: string): Promise<number | null>;
  /**
   * What a line for `sh` prints, run in the folder of the container's disk, whether the container runs or not. Only of
   * disks that are file systems of their own.
   */
  runOnDisk(id: string, line: string): Promise<string>;
}

/** What a fault may touch. Nothing here knows what the storage will make of it. */
export interface FaultTarget {
  readonly plan: Plan;
  readonly containers: ContainerControl;
  router(id: string): Router;
}

/**
 * One kind of fault that is carried out. A file in this folder, a line in the catalogue.
 *
 * `revert` is idempotent and is registered before `apply` is called, so that a fault that was applied by half is put
 * back too. `probe` reads the state back; it never repeats what was set.
 */
export interface FaultKind<W = unknown, S extends object = object> extends FaultWords<W> {
  /** What stands in the plan for it: a plan that is replayed is checked with this. */
  readonly settings: z.ZodType<S>;
  /**
   * Why this lab cannot carry it out, in words, or `null`. Asked of every fault of a plan before the first phase.
   */
  unable?(fault: PlanFault<S>, target: FaultTarget): string | null;
  /**
   * @param times is told of each target when the fault is in force there; of `revert`, by the same names, when it is gone
   * @throws when it could not be applied; what was done by then is put back by `revert`.
   */
  apply(fault: PlanFault<S>, target: FaultTarget, times: TargetTimes): Promise<void>;
  revert(fault: PlanFault<S>, target: FaultTarget, times: TargetTimes): Promise<void>;
  /**
   * How long its revert is expected to take until it takes effect, ms: it begins so much before the fault's time is
   * over. Left out: nothing that matters.
   */
  leadMs?(fault: PlanFault<S>, target: FaultTarget): number;
  /**
   * The router whose queue it fills, where its end has to be proved by what leaves that queue after the revert;
   * `null` or left out: it is over when its revert is read back.
   */
  drains?(fault: PlanFault<S>, target: FaultTarget): Router | null;
  /** How much of the fault is in force: 0 none of its parts, 1 all. */
  probe(fault: PlanFault<S>, target: FaultTarget): Promise<number>;
}

/** The links of a fault by the router that they are on. */
export function linksByRouter(
  fault: PlanFault,
  target: FaultTarget,
): { readonly router: Router; readonly links: PlanLink[] }[] {
  const links = fault.targets.links.map((id) => {
    const link = target.plan.links.find((one) => one.id === id);
    if (link === undefined) throw new Error(`no link ${id}`);
    return link;
  });
  const routers = [...new Set(links.map((link) => link.router))];
  return routers.map((id) => ({ router: target.router(id), links: links.filter((link) => link.router === id) }));
}

/** Notes of each of a router's links when it was changed; names of links are a router's own. */
export const onRouter =
  (router: Router, times: TargetTimes) =>
  (link: string): void =>
    times.at(`${router.id} ${link}`);

/** Mean of shares, each of so many parts. */
export function meanShare(parts: readonly { readonly share: number; readonly of: number }[]): number {
  const of = parts.reduce((sum, part) => sum + part.of, 0);
  return of === 0 ? 0 : parts.reduce((sum, part) => sum + part.share * part.of, 0) / of;
}
