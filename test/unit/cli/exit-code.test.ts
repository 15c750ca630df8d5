import { expect, test } from 'vitest';
import { BadUsageError } from '../../../harness/cli/bad-usage-error.ts';
import { EXIT, exitCodeOfVerdict, explain } from '../../../harness/cli/exit-code.ts';
import { WedgedToxiproxyError } from '../../../harness/fabric/toxiproxy-api.ts';
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

test('what the engine refuses as the caller’s mistake is a bug, and where it failed itself, the environment', () => {
  const frozen = new Error('(HTTP code 500) server error - Cannot pause container x: unable to freeze: unknown ');
  for (const error of [frozen, new AggregateError([frozen, new Error('it is still in force')])]) {
    const { code, message } = explain(error);
    expect(code).toBe(EXIT.environment);
    expect(message).toMatch(/^the Docker engine failed: Cannot pause container x: unable to freeze: unknown\n/);
  }
  const asked = new Error('(HTTP code 404) no such container - No such container: x');
  expect(explain(asked).code).toBe(EXIT.bug);
  expect(explain(new AggregateError([new Error('other'), frozen])).code).toBe(EXIT.bug);
});

test('a Toxiproxy that does not answer is the machine’s matter, also where reverts failed because of it', () => {
  const late = new WedgedToxiproxyError('populate did not come within 2500 ms', false, new Error('late'));
  for (const error of [late, new AggregateError([late, new Error('it is still in force')])]) {
    expect(explain(error)).toMatchObject({ code: EXIT.environment, message: expect.stringContaining('too busy') });
  }
});

test('what follows an error is told beside it, and does not replace it', () => {
  const left = new EnvironmentError('what run x started could not be removed', 'zonestorm clean');
  const bug = explain(new AggregateError([new TypeError('undefined is not a function'), left]));
  expect(bug.code).toBe(EXIT.bug);
  expect(bug.message).toMatch(
    /undefined is not a function[\s\S]*\nThen: what run x started could not be removed\nzonestorm clean$/,
  );
  const gone = explain(new AggregateError([new EnvironmentError('the engine is gone', 'start it'), left]));
  expect(gone).toEqual({
    code: EXIT.environment,
    message: 'the engine is gone\nstart it\nThen: what run x started could not be removed\nzonestorm clean',
  });
});

test('what fails while something is put away is told after what it was put away for', () => {
  const run = new EnvironmentError('the disk is full', 'make room');
  const { code, message } = explain(new SuppressedError(new EnvironmentError('no stop', 'look'), run));
  expect([code, message]).toEqual([EXIT.environment, 'the disk is full\nmake room\nThen: no stop\nlook']);
});

test('what an error was caused by is told; a full disk is the machine’s matter, and told once', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  const unwritten = new Error('cannot write the history', { cause: full });
  for (const error of [unwritten, new SuppressedError(unwritten, unwritten)]) {
    const { code, message } = explain(error);
    expect(code).toBe(EXIT.environment);
    expect(message).toMatch(/^cannot write the history: ENOSPC: no space left on device, write\n[^\n]*$/);
  }
  const bug = explain(new Error('outer', { cause: new Error('inner') }));
  expect(bug).toMatchObject({ code: EXIT.bug, message: expect.stringMatching(/\nBecause: inner$/) });
});
