import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { LABELS } from '../lab/labels.ts';

/** Writes the whole log of every container of a run, running or not, to `folder/ID.log`, before any is removed. */
export async function keepLogs(docker: Docker, runId: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const containers = await docker.listContainers({ all: true, filters: { label: [`${LABELS.run}=${runId}`] } });
  for (const { Id, Labels } of containers) {
    if (Labels[LABELS.role] === 'helper') continue;
    const file = createWriteStream(join(folder, `${Labels[LABELS.id]}.log`));
    const log = await docker.getContainer(Id).logs({ stdout: true, stderr: true });
    const stream = Readable.from([log], { objectMode: false });
    docker.modem.demuxStream(stream, file, file);
    await finished(stream);
    file.end();
    await finished(file);
  }
}
