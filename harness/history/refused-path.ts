/** What the operating system says of a path that cannot be used: it is not there, not ours to write, or full. */
const OF_THE_PATH = ['EACCES', 'EDQUOT', 'EEXIST', 'ENOENT', 'ENOSPC', 'ENOTDIR', 'EPERM', 'EROFS'];

/** Why a path cannot be used; `null`: the error is of another kind, and may be a bug. */
export function refusedPath(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error)) return null;
  return OF_THE_PATH.includes(String(error.code)) ? error.message : null;
}
