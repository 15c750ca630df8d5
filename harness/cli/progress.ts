/** Progress is for people and goes to stderr; results go to stdout. */
export function progress(line: string): void {
  process.stderr.write(`zonestorm: ${line}\n`);
}
