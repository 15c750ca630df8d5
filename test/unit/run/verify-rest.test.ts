import { expect, test } from 'vitest';
import type { ContainerState, FaultTarget } from '../../../harness/fault/fault.ts';
import { verifyRest } from '../../../harness/run/verify-rest.ts';
import { smallPlan } from '../measure/small-plan.ts';

/** Routers as they were; every container runs but those given. */
const targetWith = (states: Readonly<Record<string, Partial<ContainerState>>>): FaultTarget => {
  const running: ContainerState = { running: true, paused: false, startedAt: '', finishedAt: '', exitCode: 0 };
  return {
    plan: smallPlan(),
    router: () => ({ verify: async () => [] }),
    containers: { state: async (id: string) => ({ ...running, ...states[id] }) },
  } as unknown as FaultTarget;
};

test('a node that crashed by its own race was not left behind by a fault; any other that does not run was', async () => {
  const ended = (exitCode: number) => ({ running: false, exitCode });
  expect(await verifyRest(targetWith({ a1: ended(86) }))).toEqual([]);
  expect(await verifyRest(targetWith({ a1: ended(137), a2: ended(1) }))).toEqual([
    'a1 does not run',
    'a2 does not run',
  ]);
  expect(await verifyRest(targetWith({ 'a-app': ended(86) }))).toEqual(['a-app does not run']);
});
