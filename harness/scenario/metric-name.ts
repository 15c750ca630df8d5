/** `stop-search` -> `stopSearch`, as measurements name it: a hyphen is a minus in an expectation. */
export const metricNameOf = (name: string): string =>
  name.replace(/[^A-Za-z0-9]+(.)/g, (_, letter: string) => letter.toUpperCase());
