import { afterAll, beforeAll, expect, test } from 'vitest';
import { followLog } from '../../harness/lab/containers/follow-log.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { dial, type ProbeLab, startProbeLab } from './probe-lab.ts';

/** Real storage nodes and a real control plane; nobody writes to the volumes but the clients tried here. */
const NODES = ['a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8'];
let probe: ProbeLab;
let tools: string;
beforeAll(async () => {
  probe = await startProbeLab(NODES, (plan: Plan) => ({
    ...plan,
    containers: plan.containers.map((one) =>
      one.id === 'a-instances' ? { ...one, command: ['node', 'fixtures/probe/main.ts'] } : one,
    ),
  }));
  tools = (await resolveImage({ docker: probe.lab.docker, progress: console.error }, 'tools')).tag;
});
afterAll(() => probe?.[Symbol.asyncDispose]());

/** Runs a client of Debian's in the network namespace of the instances: over their links, as an instance would. */
async function client(command: string): Promise<{ code: number; output: string }> {
  const { docker, runId } = probe.lab;
  const container = await docker.createContainer({
    Image: tools,
    Cmd: ['sh', '-c', `exec 2>&1; ${command}`],
    Labels: { zonestorm: 'true', 'zonestorm.run': runId, 'zonestorm.id': 'client' },
    HostConfig: { NetworkMode: `container:${probe.lab.containerId('a-instances')}` },
  });
  const lines: string[] = [];
  await container.start();
  const { ended } = await followLog(docker, container.id, (line) => lines.push(line));
  const { StatusCode } = (await container.wait()) as { StatusCode: number };
  await ended;
  await container.remove();
  return { code: StatusCode, output: lines.join('\n') };
}

/** The volume's primary, and another node. */
function uriOf(volume: string): { uri: string; elsewhere: string } {
  const placed = probe.plan.volumes.find((one) => one.id === volume);
  if (placed === undefined) throw new Error(`no volume ${volume}`);
  const [host, port] = dial(probe.plan, `a-instances->${placed.primary}@primary`);
  const [otherHost, otherPort] = dial(probe.plan, `a-instances->${placed.mirror}@primary`);
  return { uri: `nbd://${host}:${port}/${volume}`, elsewhere: `nbd://${otherHost}:${otherPort}/${volume}` };
}

const zoneVolumes = (): string[] => probe.plan.volumes.filter((one) => one.zone === 'use1-a').map((one) => one.id);

test('nbdinfo: the size, FLUSH and FUA of a volume, over a link', async () => {
  const [volume = ''] = zoneVolumes();
  const { code, output } = await client(`nbdinfo --no-content --json ${uriOf(volume).uri}`);
  expect(code, output).toBe(0);
  const [info] = (JSON.parse(output) as { exports: Record<string, unknown>[] }).exports;
  expect(info).toMatchObject({
    'export-name': volume,
    'export-size': probe.plan.storage.volumeBytes,
    can_flush: true,
    can_fua: true,
  });
});

test('nbdinfo: a node that is not the primary does not serve the volume', async () => {
  const [volume = ''] = zoneVolumes();
  const { code, output } = await client(`nbdinfo ${uriOf(volume).elsewhere}`);
  expect(code, output).not.toBe(0);
});

test('nbdcopy: what is written to a volume is read back the same', async () => {
  const [, volume = ''] = zoneVolumes();
  const { uri } = uriOf(volume);
  const size = probe.plan.storage.volumeBytes;
  const { code, output } = await client(
    `head -c ${size} /dev/urandom > /tmp/in && nbdcopy --flush /tmp/in ${uri} && nbdcopy ${uri} /tmp/out && cmp /tmp/in /tmp/out && echo same`,
  );
  expect(code, output).toBe(0);
  expect(output).toContain('same');
});

test('fio: random writes with fsync, verified by checksum', async () => {
  const [, , volume = ''] = zoneVolumes();
  const { uri } = uriOf(volume);
  const { code, output } = await client(
    `fio --name=verify --ioengine=nbd --uri=${uri} --rw=randwrite --bsrange=4k-64k --size=${probe.plan.storage.volumeBytes} ` +
      '--iodepth=16 --fsync=8 --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=1 --output-format=terse',
  );
  expect(code, output).toBe(0);
  expect(output).not.toMatch(/verify: bad/);
});

test('what was acknowledged is on the disks of both replicas', async () => {
  const [, , , volume = ''] = zoneVolumes();
  const { uri } = uriOf(volume);
  const { code, output } = await client(
    `head -c ${probe.plan.storage.volumeBytes} /dev/urandom > /tmp/in && nbdcopy --flush /tmp/in ${uri} && sha256sum < /tmp/in`,
  );
  expect(code, output).toBe(0);
  const sum = output.split(' ')[0];
  const placed = probe.plan.volumes.find((one) => one.id === volume);
  for (const node of [placed?.primary ?? '', placed?.mirror ?? '']) {
    const found = await probe.exec<string[]>(node, 'slot-sums.ts', ['/data', volume]);
    expect(found, node).toEqual([sum]);
  }
});
