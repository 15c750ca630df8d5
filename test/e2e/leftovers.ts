import { connectEngine } from '../../harness/lab/engine/connect.ts';

/** Everything on the engine that carries a label of zonestorm's or of its reaper's session, by name. */
export async function leftovers(): Promise<string[]> {
  const docker = await connectEngine();
  if (docker === null) throw new Error('no engine');
  const found: string[] = [];
  for (const label of ['zonestorm=true', 'org.testcontainers=true', 'org.testcontainers.ryuk=true']) {
    const filters = { label: [label] };
    for (const one of await docker.listContainers({ all: true, filters })) found.push(`container ${one.Names[0]}`);
    for (const one of await docker.listNetworks({ filters })) found.push(`network ${one.Name}`);
    for (const one of (await docker.listVolumes({ filters })).Volumes ?? []) found.push(`volume ${one.Name}`);
  }
  return found;
}
