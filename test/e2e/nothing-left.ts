import type Docker from 'dockerode';
import { expect, type TestContext, vi } from 'vitest';
import type { Drill } from '../../bench/kills/drill.ts';
import { belongingsOf, remainsOf } from '../../bench/kills/remains.ts';

/**
 * Of one run, whatever else there is: containers, networks, interfaces, control groups, processes.
 *
 * @param created names of containers that it asked for, which are looked for by these too
 */
export async function expectNothingLeft(
  docker: Docker,
  one: Drill,
  runId: string | null,
  { expect }: Pick<TestContext, 'expect'>,
  created: readonly string[] = [],
): Promise<void> {
  const all = await belongingsOf(docker, runId, `XDG_STATE_HOME=${one.state}`);
  const remains = async (): Promise<string[]> => {
    const containers = await docker.listContainers({ all: true });
    const there = containers.flatMap(({ Names }) => Names.map((name) => name.slice(1)));
    return [...(await remainsOf(docker, all)), ...created.filter((name) => there.includes(name))];
  };
  await expect.poll(remains, { timeout: 30_000, interval: 1_000 }).toEqual([]);
}

/**
 * No reaper that was made and never started, of whatever run: it removes nothing, and nobody removes it. Those of runs
 * that go on beside are in that state for a moment.
 */
export async function expectNoReaperWaits(docker: Docker): Promise<void> {
  const filters = { status: ['created'], label: ['org.testcontainers.ryuk=true'] };
  const names = async () => (await docker.listContainers({ all: true, filters })).flatMap(({ Names }) => Names);
  await vi.waitFor(async () => expect(await names()).toEqual([]), { timeout: 20_000, interval: 100 });
}
