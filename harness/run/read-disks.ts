import type { HistoryRecord } from '../history/records.ts';
import { followLog } from '../lab/containers/follow-log.ts';
import type { Lab } from '../lab/lab.ts';
import { LABELS, labelsOf } from '../lab/labels.ts';
import { programEnvironment } from '../lab/program-environment.ts';
import { withDeadline } from '../time/deadline.ts';

const READ_LIMIT_MS = 120_000;

/**
 * Node waits at its end for what V8 still compiles in the background, and that may wait for the main thread, for ever
 * (https://github.com/nodejs/node/issues/54918). A reader that has just opened dozens of databases has much to compile,
 * and one had read everything and did not end, which is taken to be this. Without background threads there is nothing
 * to wait for.
 */
const NODE = ['node', '--single-threaded'];

/**
 * Reads every replica and the control plane's store from disk, after the programs that wrote them have stopped: in a
 * container with all disks mounted read-only and no network, so that a node that died is read like any other.
 * What could not be read gives no record, and counts as unverified.
 */
export async function readDisks(
  lab: Lab,
  options: {
    readonly image: string;
    readonly sessionLabels: Readonly<Record<string, string>>;
    readonly onRecord: (record: HistoryRecord) => void;
  },
): Promise<void> {
  // What the failover agent keeps is no replica and no store.
  const holders = lab.plan.containers.filter(({ disks, role }) => disks.length > 0 && role !== 'failover-agent');
  // The control plane's configuration has the volumes and databases of every zone.
  const reader = holders.find((one) => one.role === 'control-plane') ?? holders[0];
  if (reader === undefined) return;
  const container = await lab.docker.createContainer({
    name: `zonestorm-${lab.runId}-reader`,
    Image: options.image,
    Cmd: [...NODE, 'fixtures/storage/reader/main.ts', ...holders.map((one) => `/disks/${one.id}`)],
    Env: Object.entries(programEnvironment(lab.plan, reader)).map(([name, value]) => `${name}=${value}`),
    Labels: { ...labelsOf(lab.runId, { [LABELS.id]: 'reader', [LABELS.role]: 'reader' }), ...options.sessionLabels },
    HostConfig: {
      NetworkMode: 'none',
      CapDrop: ['ALL'],
      Binds: holders.map((one) => `${lab.diskName(one.id, 0)}:/disks/${one.id}:ro`),
    },
  });
  await container.start();
  const { ended } = await followLog(lab.docker, container.id, (line) => {
    if (line.startsWith('{')) options.onRecord({ ...(JSON.parse(line) as HistoryRecord), source: 'reader' });
  });
  await withDeadline(ended, READ_LIMIT_MS, 'the end of the ledger reader');
}
