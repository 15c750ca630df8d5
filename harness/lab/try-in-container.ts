import type Docker from 'dockerode';
import { withDeadline } from '../time/deadline.ts';
import { KEPT_LOG, remedyOfLog } from './containers/kept-log.ts';
import { withoutHeaders } from './containers/without-headers.ts';
import { EnvironmentError } from './environment-error.ts';
import { LABELS, labelsOf } from './labels.ts';
import { LIMITS } from './limits.ts';

/** Whoever tries something on the engine before a run relies on it. */
export interface TrialOptions {
  readonly docker: Docker;
  /** One with what is tried; mostly any with `ip`, `tc` and bash. */
  readonly image: string;
  /** Whose labels everything of the trial carries. */
  readonly runId: string;
  /** By which the reaper removes it when this process is killed meanwhile. */
  readonly sessionLabels?: Readonly<Record<string, string>>;
}

export const trialLabels = ({ runId, sessionLabels }: TrialOptions): Record<string, string> => ({
  ...labelsOf(runId, { [LABELS.role]: 'helper' }),
  ...sessionLabels,
});

export interface Tried {
  readonly exitCode: number;
  /** What it printed, stdout and stderr. */
  readonly printed: string;
}

/**
 * Runs a command in a container of its own, which is removed.
 *
 * @throws EnvironmentError when it cannot even start, or does not end: that says nothing of what was to be tried
 */
export async function tryInContainer(
  options: TrialOptions,
  trial: {
    /** The image's own where there is none. */
    readonly command?: readonly string[];
    readonly environment?: readonly string[];
    readonly hostConfig: Docker.HostConfig;
    readonly networking?: Docker.EndpointsConfig;
  },
): Promise<Tried> {
  let container: Docker.Container | null = null;
  try {
    container = await options.docker.createContainer({
      Image: options.image,
      ...(trial.command === undefined ? {} : { Cmd: [...trial.command] }),
      Env: [...(trial.environment ?? [])],
      Labels: trialLabels(options),
      HostConfig: { ...trial.hostConfig, LogConfig: KEPT_LOG },
      ...(trial.networking === undefined ? {} : { NetworkingConfig: { EndpointsConfig: trial.networking } }),
    });
    await container.start();
    const ended = withDeadline(container.wait(), LIMITS.engineCallMs, 'the end of a trial container');
    const { StatusCode } = (await ended) as { StatusCode: number };
    const log = await container.logs({ stdout: true, stderr: true });
    return { exitCode: StatusCode, printed: withoutHeaders(log).toString().trim() };
  } catch (error) {
    return cannotRun(error as Error);
  } finally {
    await container?.remove({ force: true }).catch(() => undefined);
  }
}

/** @throws EnvironmentError always: an engine that cannot run one container can run no lab */
export function cannotRun(error: Error): never {
  if (error instanceof EnvironmentError) throw error;
  throw new EnvironmentError(
    `the engine cannot run a trial container: ${error.message}`,
    remedyOfLog(error) ?? 'Read its log, and try `docker run` of any image.',
    { cause: error },
  );
}
