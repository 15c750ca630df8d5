/** The command line asks for something that cannot be: exit code 64. */
export class BadUsageError extends Error {
  override readonly name = 'BadUsageError';
}
