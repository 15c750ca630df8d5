import type Docker from 'dockerode';
import type { HistoryRecord, ReaderRecord } from '../history/records.ts';
import { followLog } from '../lab/containers/follow-log.ts';
import { KEPT_LOG } from '../lab/containers/kept-log.ts';
import type { Lab } from '../lab/lab.ts';
import { LABELS, labelsOf } from '../lab/labels.ts';
import { LIMITS } from '../lab/limits.ts';
import { programEnvironment } from '../lab/program-environment.ts';
import type { PlanContainer } from '../scenario/plan.ts';
import { DeadlineError, withDeadline } from '../time/deadline.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { ReaderOutput } from './reader-output.ts';

const READ_LIMIT_MS = 120_000;

/**
 * Node waits at its end for what V8 still compiles in the background, and that may wait for the main thread, for ever
 * (https://github.com/nodejs/node/issues/54918). A reader that has just opened dozens of databases has much to compile,
 * and one had read everything and did not end, which is taken to be this. Without background threads there is nothing
 * to wait for.
 */
const NODE = ['node', '--single-threaded'];

/** One disk of a container: its volume on the engine, and where the reader finds it. */
export interface ReadDisk {
  readonly container: string;
  readonly index: number;
  /** A folder named after the container, below one named after the disk's number. */
  readonly path: string;
}

/**
 * Every disk that is to be read. The control plane's first: without the store nothing can be judged of the others, and
 * a reader that ends early has then read what tells most.
 */
export function disksToRead(containers: readonly PlanContainer[]): readonly ReadDisk[] {
  // What the failover agent keeps is no replica and no store.
  const holders = containers.filter(({ role }) => role !== 'failover-agent');
  const isStore = ({ role }: PlanContainer) => (role === 'control-plane' ? 0 : 1);
  return holders
    .toSorted((a, b) => isStore(a) - isStore(b))
    .flatMap(({ id, disks }) =>
      disks.map((_, index) => ({ container: id, index, path: `/disks/${index}/${id}` }) satisfies ReadDisk),
    );
}

/**
 * Reads every replica and the control plane's store from disk, after the programs that wrote them have stopped: in a
 * container with all disks mounted read-only and no network, so that a node that died is read like any other.
 *
 * What could not be read gives no record, and counts as unverified. A last record tells what was to be read and how
 * the reader ended, also when it ended before its time. Rejects when the engine fails.
 */
export async function readDisks(
  lab: Lab,
  options: {
    readonly image: string;
    readonly sessionLabels: Readonly<Record<string, string>>;
    readonly onRecord: (record: HistoryRecord) => void;
    /** Aborted when the engine is dead. */
    readonly gone: AbortSignal;
  },
): Promise<void> {
  const { containers } = lab.plan;
  const disks = disksToRead(containers);
  // The control plane's configuration has the volumes and databases of every zone.
  const reader = containers.find(({ id }) => id === disks[0]?.container);
  if (reader === undefined) return;
  const container = await lab.docker.createContainer({
    name: `zonestorm-${lab.runId}-reader`,
    Image: options.image,
    Cmd: [...NODE, 'fixtures/storage/reader/main.ts', ...disks.map(({ path }) => path)],
    Env: Object.entries(programEnvironment(lab.plan, reader)).map(([name, value]) => `${name}=${value}`),
    Labels: { ...labelsOf(lab.runId, { [LABELS.id]: 'reader', [LABELS.role]: 'reader' }), ...options.sessionLabels },
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      LogConfig: KEPT_LOG,
      Binds: disks.map((disk) => `${lab.diskName(disk.container, disk.index)}:${disk.path}:ro`),
    },
  });
  await container.start();
  const output = new ReaderOutput(options.onRecord);
  const take = (line: string): void => output.take(line);
  // Of a line that is too long the beginning comes, which is no record and is counted.
  const follow = followLog(lab.docker, container.id, take, { onOverlong: take });
  const printed = follow.then(({ ended }) => ended);
  const end = await endOf(container, printed, options.gone);
  options.onRecord({
    kind: 'reader',
    t: monotonicMs(),
    source: 'harness',
    disks: disks.map(({ path }) => path),
    ...end,
    ...output.end(),
  });
}

/** How the reader ended. One that takes too long is killed. */
async function endOf(
  container: Docker.Container,
  printed: Promise<void>,
  gone: AbortSignal,
): Promise<Pick<ReaderRecord, 'exitCode' | 'reason'>> {
  try {
    // Its output may end before it does.
    const over = Promise.all([printed, container.wait({ condition: 'not-running' })]);
    await withDeadline(over, READ_LIMIT_MS, 'the end of the reader of disks', gone);
    const { State } = await withDeadline(container.inspect(), LIMITS.containerMs, 'the state of the reader', gone);
    return { exitCode: State.ExitCode, reason: State.OOMKilled ? 'it was out of memory' : null };
  } catch (error) {
    if (isNotThere(error)) return { exitCode: null, reason: 'its container was removed' };
    if (gone.aborted || !(error instanceof DeadlineError)) throw error;
    // Rejects when the engine is what does not answer.
    await withDeadline(container.kill().catch(unlessOver), LIMITS.containerMs, 'the kill of the reader', gone);
    return { exitCode: null, reason: `it had not ended after ${READ_LIMIT_MS / 1000} s` };
  }
}

const isNotThere = (error: unknown): boolean => (error as { statusCode?: number }).statusCode === 404;

/** 404 and 409: it has ended meanwhile. */
function unlessOver(error: { statusCode?: number }): void {
  if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
}
