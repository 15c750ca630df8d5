import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';

/**
 * Follows a container's stdout from its beginning, or from `sinceSeconds` (Unix time) after a restart, line by line.
 * It goes through the engine, not over a link, so no fault can blind it. Resolves when the container stops.
 */
export async function followLog(
  docker: Docker,
  containerId: string,
  onLine: (line: string) => void,
  sinceSeconds = 0,
): Promise<{ readonly ended: Promise<void> }> {
  const stream = await docker
    .getContainer(containerId)
    .logs({ follow: true, stdout: true, stderr: false, since: sinceSeconds });
  const lines = new PassThrough();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  let rest = '';
  lines.setEncoding('utf8');
  lines.on('data', (text: string) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) onLine(line);
  });
  lines.on('end', () => {
    // Of a program that was killed, the last line may be cut off.
    if (rest !== '') onLine(rest);
    resolve();
  });
  docker.modem.demuxStream(stream, lines, new PassThrough().resume());
  stream
    .on('end', () => lines.end())
    .on('close', () => lines.end())
    .on('error', () => lines.end());
  return { ended };
}
