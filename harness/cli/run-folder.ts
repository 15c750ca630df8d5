import { access, constants, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { refusedPath } from '../history/refused-path.ts';
import { BadUsageError } from './bad-usage-error.ts';

/**
 * The folder of a new run, created: `--out DIR`, which must be new or empty so that no earlier run is lost, or
 * `runs/2011-04-21T07-47-00-ebs-2011-fast-7` below the working directory.
 */
export async function makeRunFolder(out: string | undefined, name: string, now: Date): Promise<string> {
  const folder = out ?? join('runs', `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${name}`);
  const found = await createdFolder(folder).catch((error: unknown) => {
    const why = refusedPath(error);
    throw why === null ? error : new BadUsageError(`--out ${folder}: expected a folder that can be written: ${why}`);
  });
  if (found.length > 0) throw new BadUsageError(`--out ${folder}: expected a new or empty folder`);
  return folder;
}

async function createdFolder(folder: string): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  await access(folder, constants.W_OK | constants.X_OK);
  return readdir(folder);
}
