import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type Docker from 'dockerode';
import { engineSocket } from '../engine/connect.ts';
import { readDockerConfig } from '../engine/docker-config.ts';
import { LABELS } from '../labels.ts';
import { LIMITS } from '../limits.ts';
import { PROJECT } from '../project.ts';
import { proxyArguments } from './proxy-arguments.ts';

export interface ImageBuild {
  readonly tag: string;
  readonly dockerfile: string;
  /** Path in the build context -> file or folder of the host to copy there. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * Builds an image with the engine's classic builder. The tag is given by the engine when the last step is done, so
 * a build that fails or is interrupted leaves no half-made image under it. RUN steps use the host's network, the
 * only one from which a machine without a registry may reach its package mirrors, and the proxies that lead there.
 *
 * @throws Error with the last lines that the build printed.
 */
export async function buildImage(
  { docker, signal }: { readonly docker: Docker; readonly signal?: AbortSignal },
  build: ImageBuild,
): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), 'zonestorm-build-'));
  try {
    await writeFile(join(context, 'Dockerfile'), build.dockerfile);
    for (const [target, source] of Object.entries(build.files)) {
      await mkdir(dirname(join(context, target)), { recursive: true });
      await cp(source, join(context, target), { recursive: true, dereference: true });
    }
    const stream = await docker.buildImage(
      { context, src: ['.'] },
      {
        t: build.tag,
        networkmode: 'host',
        forcerm: true,
        buildargs: proxyArguments(process.env, readDockerConfig(), `unix://${engineSocket()}`),
        labels: { [LABELS.image]: build.tag.slice(0, build.tag.indexOf(':')), [LABELS.checkout]: PROJECT },
        abortSignal: AbortSignal.any([AbortSignal.timeout(LIMITS.buildMs), ...(signal === undefined ? [] : [signal])]),
      },
    );
    await followBuild(docker, stream, build.tag);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}

/** Waits for the end of a build's or pull's progress stream. */
export function followBuild(docker: Docker, stream: NodeJS.ReadableStream, what: string): Promise<void> {
  const printed: string[] = [];
  return new Promise((resolve, reject) => {
    const finished = (error: Error | null): void => {
      const failure = printed.find((line) => line.startsWith('error: '));
      if (error === null && failure === undefined) resolve();
      else reject(new Error(`${what}: ${failure ?? error?.message}\n${printed.slice(-8).join('')}`, { cause: error }));
    };
    docker.modem.followProgress(stream, finished, (event: { stream?: string; error?: string }) => {
      if (event.stream !== undefined) printed.push(event.stream);
      if (event.error !== undefined) printed.push(`error: ${event.error}`);
    });
  });
}
