import { PassThrough } from 'node:stream';
import type Docker from 'dockerode';
import { LineSplitter } from '../../history/line-splitter.ts';

/** Characters: nothing that is printed line by line has longer ones. */
const LINE_LIMIT = 8 * 1024 * 1024;

export interface FollowLogOptions {
  /** A line that is too long to be kept, by its beginning. */
  readonly onOverlong?: (start: string) => void;
  /** Unix time; default: from the log's beginning. */
  readonly sinceSeconds?: number;
  /** A last line without its end, which may be cut off where the program was killed; default: as any line. */
  readonly onLast?: (line: string) => void;
}

/**
 * Follows a container's stdout from its beginning, or from a time after a restart, line by line. It goes through the
 * engine, not over a link, so no fault can blind it. Resolves when the container stops.
 */
export async function followLog(
  docker: Docker,
  containerId: string,
  onLine: (line: string) => void,
  { onOverlong = () => undefined, sinceSeconds = 0, onLast = onLine }: FollowLogOptions = {},
): Promise<{ readonly ended: Promise<void> }> {
  const stream = await docker
    .getContainer(containerId)
    .logs({ follow: true, stdout: true, stderr: false, since: sinceSeconds });
  const lines = new PassThrough();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const splitter = new LineSplitter({ onLine, onOverlong, limit: LINE_LIMIT });
  lines.setEncoding('utf8');
  lines.on('data', (text: string) => splitter.push(text));
  lines.on('end', () => {
    const last = splitter.end();
    if (last !== null && last !== '') onLast(last);
    resolve();
  });
  docker.modem.demuxStream(stream, lines, new PassThrough().resume());
  stream
    .on('end', () => lines.end())
    .on('close', () => lines.end())
    .on('error', () => lines.end());
  return { ended };
}
