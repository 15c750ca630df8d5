import { expect, test } from 'vitest';
import { drawAgain } from '../../../harness/lab/draw-again.ts';

/** As Docker 20.10 says it. */
const TAKEN =
  '(HTTP code 500) server error - driver failed programming external connectivity on endpoint testcontainers-ryuk-68f5: ' +
  'Error starting userland proxy: listen tcp4 0.0.0.0:32786: bind: address already in use';

function failing(times: number, message: string) {
  const calls: string[] = [];
  const start = async (): Promise<string> => {
    calls.push('start');
    if (calls.filter((one) => one === 'start').length <= times) throw new Error(message);
    return 'started';
  };
  const remove = async (error: Error): Promise<void> => {
    calls.push(`remove ${error.message === message}`);
  };
  return { calls, result: drawAgain(start, remove) };
}

test('a port that is taken is drawn again, after what was made has been removed', async () => {
  const { calls, result } = failing(2, TAKEN);
  expect(await result).toBe('started');
  expect(calls).toEqual(['start', 'remove true', 'start', 'remove true', 'start']);
});

test('not for ever, and not for another reason', async () => {
  const { calls, result } = failing(Number.POSITIVE_INFINITY, TAKEN);
  await expect(result).rejects.toThrow('address already in use');
  expect(calls.filter((one) => one === 'start')).toHaveLength(5);
  const other = failing(1, 'no such image');
  await expect(other.result).rejects.toThrow('no such image');
  expect(other.calls).toEqual(['start']);
});
