import { expect, test } from 'vitest';
import { isAbandoned, trialRun } from '../../../harness/lab/trials.ts';

test('trials of a living process are nobody’s to remove; of one that is gone, they are', () => {
  const own = trialRun();
  expect(isAbandoned(own)).toBe(false);
  const [, namespace, , began] = own.split('-');
  expect(isAbandoned(`trial-${namespace}-${2 ** 22 + 1}-${began}`)).toBe(true);
  // Its pid was given out again.
  expect(isAbandoned(own.replace(/\d+$/, '1'))).toBe(true);
});

test('those of another PID namespace are not known to be, and runs never are', () => {
  expect(isAbandoned(`trial-1-${2 ** 22 + 1}-7`)).toBe(false);
  expect(isAbandoned('0a1b2c3d')).toBe(false);
  expect(isAbandoned('trial-1')).toBe(false);
});
