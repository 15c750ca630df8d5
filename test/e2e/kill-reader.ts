import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import type { HistoryRecord } from '../../harness/history/records.ts';
import { followLog } from '../../harness/lab/containers/follow-log.ts';

const READER = /^zonestorm-(.*)-reader$/;

/**
 * Kills the reader of disks of the run in `folder`, once it has told of so many disks that it has read: half-way, and
 * as nobody in that run expects. Until disposed of.
 */
export async function killReader(docker: Docker, folder: () => string, afterDisks: number): Promise<Disposable> {
  const events = (await docker.getEvents({ filters: { type: ['container'], event: ['start'] } })) as Readable;
  events.on('error', () => undefined);
  const lines = createInterface({ input: events });
  lines.on('line', (line) => {
    const { Actor } = JSON.parse(line) as { Actor: { ID: string; Attributes: { name: string } } };
    const runId = READER.exec(Actor.Attributes.name)?.[1];
    if (runId !== undefined) void killIfOf(docker, runId, Actor.ID, folder(), afterDisks);
  });
  return {
    [Symbol.dispose]() {
      lines.close();
      events.destroy();
    },
  };
}

async function killIfOf(docker: Docker, runId: string, id: string, folder: string, afterDisks: number): Promise<void> {
  const [first = ''] = (await readFile(join(folder, 'history.jsonl'), 'utf8')).split('\n');
  const start = JSON.parse(first) as HistoryRecord;
  if (start.kind !== 'run.start' || start.runId !== runId) return;
  let disks = 0;
  await followLog(docker, id, (line) => {
    if (line.includes('"kind":"disk"')) disks += 1;
    if (disks === afterDisks) void docker.getContainer(id).kill();
  });
}
