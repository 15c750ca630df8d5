import type Docker from 'dockerode';
import type { TestContext } from 'vitest';
import type { Drill } from '../../bench/kills/drill.ts';
import { belongingsOf, remainsOf } from '../../bench/kills/remains.ts';

/** Of one run, whatever else there is: containers, networks, interfaces, control groups, processes. */
export async function expectNothingLeft(
  docker: Docker,
  one: Drill,
  runId: string | null,
  { expect }: Pick<TestContext, 'expect'>,
): Promise<void> {
  const all = await belongingsOf(docker, runId, `XDG_STATE_HOME=${one.state}`);
  await expect.poll(() => remainsOf(docker, all), { timeout: 30_000, interval: 1_000 }).toEqual([]);
}
