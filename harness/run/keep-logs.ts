import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { withoutHeaders } from '../lab/containers/without-headers.ts';
import { LABELS } from '../lab/labels.ts';

/** Writes the whole log of every container of a run, running or not, to `folder/ID.log`, before any is removed. */
export async function keepLogs(docker: Docker, runId: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const containers = await docker.listContainers({ all: true, filters: { label: [`${LABELS.run}=${runId}`] } });
  for (const { Id, Labels } of containers) {
    if (Labels[LABELS.role] === 'helper') continue;
    const log = await docker.getContainer(Id).logs({ stdout: true, stderr: true });
    await writeFile(join(folder, `${Labels[LABELS.id]}.log`), withoutHeaders(log));
  }
}
