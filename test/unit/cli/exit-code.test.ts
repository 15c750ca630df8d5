import { expect, test } from 'vitest';
import { BadUsageError } from '../../../harness/cli/bad-usage-error.ts';
import { EXIT, exitCodeOfVerdict, explain } from '../../../harness/cli/exit-code.ts';
import { EnvironmentError } from '../../../harness/lab/environment-error.ts';

test('verdicts', () => {
  expect([exitCodeOfVerdict('pass'), exitCodeOfVerdict('fail'), exitCodeOfVerdict('inconclusive')]).toEqual([0, 1, 2]);
});

test('who has to act: the user, the environment, or us', () => {
  expect(explain(new BadUsageError('no')).code).toBe(EXIT.badInput);
  const environment = explain(new EnvironmentError('no engine', 'start one'));
  expect(environment).toEqual({ code: EXIT.environment, message: 'no engine\nstart one' });
  const bug = explain(new TypeError('undefined is not a function'));
  expect(bug.code).toBe(EXIT.bug);
  expect(bug.message).toContain('exit-code.test.ts');
});
