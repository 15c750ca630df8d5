/**
 * Every kind of action, as measurements name it: expectations are read where nobody knows the catalogue of
 * `harness/action`, and a test keeps the two equal.
 */
export const ACTION_NAMES = [
  'disable-creation',
  'enable-creation',
  'cut-control',
  'reconnect-control',
  'stop-search',
  'resume-search',
  'add-nodes',
  'readmit',
  'dedicated-control',
  'restore-snapshots',
] as const;
