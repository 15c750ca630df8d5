/**
 * This machine or its Docker engine cannot carry the run; nothing is wrong with zonestorm or the scenario.
 * The CLI ends with exit code 3 and shows `remedy`, which says what to do.
 */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}
