import { expect, test } from 'vitest';
import { StartTurns } from '../../../harness/lab/containers/start-turns.ts';

test('one turn at a time, in the order in which they were asked for; ending one twice gives no two', async () => {
  const turns = new StartTurns();
  const begun: string[] = [];
  const take = async (name: string) => {
    const end = await turns.take();
    begun.push(name);
    return end;
  };
  const [first, second, third] = [take('first'), take('second'), take('third')];
  const endFirst = await first;
  expect(begun).toEqual(['first']);
  endFirst();
  const endSecond = await second;
  endFirst();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(begun).toEqual(['first', 'second']);
  endSecond();
  (await third)();
  expect(begun).toEqual(['first', 'second', 'third']);
});
