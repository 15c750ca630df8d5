import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { BadUsageError } from './bad-usage-error.ts';

/**
 * The folder of a new run, created: `--out DIR`, which must be new or empty so that no earlier run is lost, or
 * `runs/2011-04-21T07-47-00-ebs-2011-fast-7` below the working directory.
 */
export async function makeRunFolder(out: string | undefined, name: string, now: Date): Promise<string> {
  const folder = out ?? join('runs', `${now.toISOString().slice(0, 19).replaceAll(':', '-')}-${name}`);
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0) throw new BadUsageError(`--out ${folder}: expected a new or empty folder`);
  return folder;
}
