import type { Shaping } from '../../harness/fabric/router.ts';
import { FAULTS } from '../../harness/fault/catalogue.ts';
import { Lab } from '../../harness/lab/lab.ts';
import { LABELS } from '../../harness/lab/labels.ts';
import { freeBlocks } from '../../harness/lab/networks/address-block.ts';
import { loadScenario } from '../../harness/scenario/load-scenario.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import type { Engine } from './open-engine.ts';

/** What a container of a benchmark does by itself: nothing, cheaply. */
export const IDLE = ['sh', '-c', `echo '{"kind":"ready","t":0,"program":"bench","bootId":""}'; exec sleep infinity`];

let labs = 0;
export const newRunId = (): string => `bench${process.pid.toString(36)}${(labs++).toString(36)}`;

/** A plan that ships, without users, moved to addresses that are free now and changed. Its phases and volumes are left out. */
export async function planOf(
  engine: Engine,
  preset: 'fast' | 'full',
  change: (whole: Plan, block: string) => Plan,
  overrides: Readonly<Record<string, string>> = {},
): Promise<Plan> {
  // Runs take the lowest.
  const block = (await freeBlocks(engine.docker)).at(-1 - (process.pid % 16));
  if (block === undefined) throw new Error('no free addresses');
  const own = { 'load.apiCallsPerSecond': '0', ...overrides };
  const whole = await loadScenario('ebs-2011', { preset, seed: 1, overrides: own, block, faults: FAULTS });
  const containers = whole.containers.map((one) => ({ ...one, disks: [], command: IDLE }));
  return change({ ...whole, containers, volumes: [], witnesses: [], phases: [], expectations: [] }, block);
}

export function startLab(engine: Engine, plan: Plan, shaping: Shaping = 'kernel', runId = newRunId()): Promise<Lab> {
  const { docker, images, sessionLabels } = engine;
  return Lab.start({
    docker,
    plan,
    runId,
    images,
    shaping: { shaping, reason: null },
    sessionLabels,
    progress: () => undefined,
    onRecord: () => undefined,
    signal: new AbortController().signal,
  });
}

/** The container that a router's network namespace belongs to, where `ip` and `tc` are. */
export async function shellOf(lab: Lab, router: string): Promise<string> {
  const label = [`${LABELS.run}=${lab.runId}`, `${LABELS.id}=${router}-shell`];
  const [found] = await lab.docker.listContainers({ filters: { label } });
  if (found === undefined) throw new Error(`${router} has no helper`);
  return found.Id;
}
