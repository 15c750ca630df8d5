import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import type Docker from 'dockerode';

/**
 * Runs a command in a running container and returns what it printed on stdout.
 * @throws Error with what it printed on stderr when it does not end with 0
 */
export async function runInside(docker: Docker, containerId: string, command: readonly string[]): Promise<string> {
  const exec = await docker
    .getContainer(containerId)
    .exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  const end = (): void => {
    stdout.end();
    stderr.end();
  };
  // A stream that the engine breaks off does not end, it closes.
  stream.on('end', end).on('close', end);
  const [output, errors] = await Promise.all([text(stdout), text(stderr)]);
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command.join(' ')}: ended with ${ExitCode}: ${errors.trim()}`);
  return output;
}
