import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type Docker from 'dockerode';
import { LABELS } from '../labels.ts';

/** What the engine's event of a container's end has of use here. */
interface DieEvent {
  readonly Actor?: { readonly Attributes?: Readonly<Record<string, string>> };
}

/**
 * Calls `onExit` with the plan's id of every container of the run whose program ends, and its exit code, as the engine
 * tells it (128 + the signal for one that was killed), until disposed of. What it does not say is nobody's harm: who
 * ended and when is also told by what containers print.
 */
export async function watchExits(
  docker: Docker,
  runId: string,
  onExit: (id: string, exitCode: number) => void,
): Promise<Disposable> {
  const stream = (await docker.getEvents({
    filters: { type: ['container'], event: ['die'], label: [`${LABELS.run}=${runId}`] },
  })) as Readable;
  // An engine that ends takes the stream with it, and is noticed elsewhere.
  stream.on('error', () => undefined);
  const lines = createInterface({ input: stream });
  lines.on('line', (line) => {
    const attributes = parse(line)?.Actor?.Attributes ?? {};
    const id = attributes[LABELS.id];
    const exitCode = Number(attributes.exitCode);
    if (id !== undefined && Number.isInteger(exitCode)) onExit(id, exitCode);
  });
  return {
    [Symbol.dispose]() {
      lines.close();
      stream.destroy();
    },
  };
}

function parse(line: string): DieEvent | null {
  try {
    return JSON.parse(line) as DieEvent;
  } catch {
    return null;
  }
}
