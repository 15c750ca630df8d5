import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { followLog } from '../../harness/lab/containers/follow-log.ts';
import { resolveImage } from '../../harness/lab/images/resolve-images.ts';
import type { Plan } from '../../harness/scenario/plan.ts';
import { faultOn, faultsOf } from './fault-of.ts';
import { dial, type ProbeLab, startProbeLab } from './probe-lab.ts';

/** Real storage nodes and a real control plane; nobody writes to the volumes but the clients tried here. */
const NODES = ['a1', 'a2', 'a3', 'a4', 'a5'];
const KIB = 1024;
const MIB = 1024 * KIB;
/** No multiple of 4 KiB, but of a sector's 512 bytes, as QEMU rounds any other up. */
const VOLUME_BYTES = 4 * MIB + 3 * 512;
/** Whole blocks of 4 KiB, for clients that work in such alone. */
const BLOCKS_BYTES = 4 * MIB;
/** Primary and mirror of each volume of the zone. A node is lost that has one of most kinds; `a5` has a small disk. */
const PLACES = [
  ['a1', 'a2'],
  ['a2', 'a3'],
  ['a3', 'a1'],
  ['a1', 'a3'],
  ['a2', 'a1'],
  ['a4', 'a5'],
  ['a1', 'a4'],
  ['a2', 'a1'],
  ['a3', 'a4'],
  ['a5', 'a1'],
] as const;
const DISK_FULL = 'disk-full: { containers: [a5], size: 64MiB }';

let probe: ProbeLab;
let tools: string;
beforeAll(async () => {
  probe = await startProbeLab(NODES, (plan: Plan) => ({
    ...plan,
    containers: plan.containers.map((one) =>
      one.id === 'a-instances' ? { ...one, command: ['node', 'fixtures/probe/main.ts'] } : one,
    ),
    volumes: PLACES.map(([primary, mirror], index) => ({ id: `vol-${index}`, zone: 'use1-a', primary, mirror })),
    storage: { ...plan.storage, volumeBytes: VOLUME_BYTES },
    // Copies of volumes take a second, not ten.
    routers: plan.routers.map((one) => (one.plane === 'replication' ? { ...one, capacityMbit: 60 } : one)),
    phases: [
      { name: 'p', seconds: 1, until: null, atMostSeconds: null, faults: faultsOf(plan, DISK_FULL), actions: [] },
    ],
  }));
  tools = (await resolveImage({ docker: probe.lab.docker, progress: console.error }, 'tools')).tag;
});
afterAll(() => probe?.[Symbol.asyncDispose]());

interface Ended {
  readonly code: number;
  readonly output: string;
}

/** Runs a client of Debian's in the network namespace of the instances: over their links, as an instance would. */
async function client(command: string): Promise<Ended> {
  return (await begin(command)).ended;
}

/** The same, as soon as it has begun. */
async function begin(command: string): Promise<{ readonly ended: Promise<Ended> }> {
  const { docker, runId } = probe.lab;
  const container = await docker.createContainer({
    Image: tools,
    Cmd: ['bash', '-c', `exec 2>&1; echo begun; ${command}`],
    Labels: { zonestorm: 'true', 'zonestorm.run': runId, 'zonestorm.id': 'client' },
    HostConfig: { NetworkMode: `container:${probe.lab.containerId('a-instances')}` },
  });
  const lines: string[] = [];
  const { promise: begun, resolve: markBegun } = Promise.withResolvers<void>();
  await container.start();
  const { ended: logged } = await followLog(docker, container.id, (line) => {
    if (line === 'begun') markBegun();
    else lines.push(line);
  });
  const ended = (async () => {
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    await logged;
    await container.remove();
    return { code: StatusCode, output: lines.join('\n') };
  })();
  await Promise.race([begun, ended]);
  return { ended };
}

/** A client that has to end with exit code 0; settles with what it said. */
async function succeeds(command: string): Promise<string> {
  const { code, output } = await client(command);
  expect(code, `${command}\n${output}`).toBe(0);
  return output;
}

/** Where a node serves a volume. */
function uriAt(volume: string, node: string): string {
  const [host, port] = dial(probe.plan, `a-instances->${node}@primary`);
  return `nbd://${host}:${port}/${volume}`;
}

/** At the volume's primary, as it was placed, and at another node. */
function uriOf(volume: string): { uri: string; elsewhere: string } {
  const placed = probe.plan.volumes.find((one) => one.id === volume);
  if (placed === undefined) throw new Error(`no volume ${volume}`);
  return { uri: uriAt(volume, placed.primary), elsewhere: uriAt(volume, placed.mirror) };
}

const zoneVolumes = (): string[] => probe.plan.volumes.filter((one) => one.zone === 'use1-a').map((one) => one.id);

/** What nodes told of a volume, in the order of their times. */
function events(volume: string): { readonly t: number; readonly source: string; readonly event: string }[] {
  const told = probe.records.flatMap((one) => (one.kind === 'volume' && one.volume === volume ? [one] : []));
  return told.toSorted((a, b) => a.t - b.t);
}

/** The first of these events of a volume; fails when it does not come in time. */
async function eventOf(volume: string, event: string) {
  const found = () => events(volume).find((one) => one.event === event);
  await expect.poll(found, { timeout: 20_000, interval: 50, message: `${volume} ${event}` }).toBeDefined();
  return found() as ReturnType<typeof events>[number];
}

const countOf = (volume: string, event: string): number => events(volume).filter((one) => one.event === event).length;

test('nbdinfo: the size, FLUSH and FUA of a volume, over a link', async () => {
  const [volume = ''] = zoneVolumes();
  const { code, output } = await client(`nbdinfo --no-content --json ${uriOf(volume).uri}`);
  expect(code, output).toBe(0);
  const [info] = (JSON.parse(output) as { exports: Record<string, unknown>[] }).exports;
  expect(info).toMatchObject({
    'export-name': volume,
    'export-size': VOLUME_BYTES,
    can_flush: true,
    can_fua: true,
    can_zero: true,
    can_df: true,
    can_trim: false,
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
  const size = VOLUME_BYTES;
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
    `fio --name=verify --ioengine=nbd --uri=${uri} --rw=randwrite --bsrange=4k-64k --size=${BLOCKS_BYTES} ` +
      '--iodepth=16 --fsync=8 --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=1 --output-format=terse',
  );
  expect(code, output).toBe(0);
  expect(output).not.toMatch(/verify: bad/);
});

test('what was acknowledged is on the disks of both replicas', async () => {
  const [, , , volume = ''] = zoneVolumes();
  const { uri } = uriOf(volume);
  const { code, output } = await client(
    `head -c ${VOLUME_BYTES} /dev/urandom > /tmp/in && nbdcopy --flush /tmp/in ${uri} && sha256sum < /tmp/in`,
  );
  expect(code, output).toBe(0);
  const sum = output.split(' ')[0];
  const placed = probe.plan.volumes.find((one) => one.id === volume);
  for (const node of [placed?.primary ?? '', placed?.mirror ?? '']) {
    const found = await probe.exec<string[]>(node, 'slot-sums.ts', ['/data', volume]);
    expect(found, node).toEqual([sum]);
  }
});

test('a half-empty image onto a filled volume: zeroes and data are on both replicas, bit for bit', async () => {
  const volume = 'vol-4';
  const { uri } = uriOf(volume);
  const image = `head -c ${MIB} /dev/urandom > /tmp/in; truncate -s ${VOLUME_BYTES} /tmp/in; head -c 5000 /dev/urandom | dd of=/tmp/in bs=1 seek=${3 * MIB} conv=notrunc status=none`;
  const fill = `qemu-io -f raw -c 'write -P 0xee 0 ${VOLUME_BYTES}' ${uri} > /dev/null`;
  for (const copy of [
    `qemu-img convert -n -f raw -O raw /tmp/in ${uri}`,
    // With four connections and zeroes it waits for ever where a server has simple replies and no WRITE_ZEROES.
    `timeout 20 nbdcopy --flush --connections=4 /tmp/in ${uri}`,
  ]) {
    const output = await succeeds(
      `set -e; ${image}; ${fill}; ${copy}; qemu-img compare -f raw -F raw /tmp/in ${uri}; nbdcopy ${uri} /tmp/out; cmp /tmp/in /tmp/out; sha256sum < /tmp/in`,
    );
    const sum = output.split('\n').at(-1)?.split(' ')[0];
    for (const node of ['a2', 'a1']) expect(await probe.exec(node, 'slot-sums.ts', ['/data', volume])).toEqual([sum]);
  }
  // Unaligned, at the very end, and forced; what a volume does not have is an error, and the connection goes on.
  const last = VOLUME_BYTES - 100;
  await succeeds(
    `set -e; qemu-io -f raw -c 'write -P 7 -f 4097 1000' -c 'write -z -f 4500 100' -c 'flush' -c 'read -P 7 4097 403' -c 'read -P 0 4500 100' -c 'read -P 7 4600 497' -c 'write -P 9 ${VOLUME_BYTES - 512} 512' -c 'read -P 9 ${last} 100' ${uri} | tee /tmp/log; ! grep -i 'verification failed\\|error' /tmp/log`,
  );
  const map = await client(`nbdinfo --map ${uri}; nbdinfo --size ${uri}`);
  expect(map.output).toContain(String(VOLUME_BYTES));
  for (const bytes of [512, 1024, 4096]) {
    await succeeds(
      `fio --name=b --ioengine=nbd --uri=${uri} --rw=randwrite --bs=${bytes} --blockalign=512 --size=1m --iodepth=4 --verify=crc32c --verify_fatal=1 --do_verify=1 --output-format=terse`,
    );
  }
  const trim = await client(`fio --name=t --ioengine=nbd --uri=${uri} --rw=randtrim --bs=4k --size=1m`);
  expect(trim.code, trim.output).not.toBe(0);
});

test('a primary whose disk is full says so, keeps what it acknowledged, and is alike its mirror', async () => {
  const volume = 'vol-9';
  const { uri } = uriOf(volume);
  const sums = async () => {
    const [[primary], [mirror]] = [
      await probe.exec<string[]>('a5', 'slot-sums.ts', ['/data', volume]),
      await probe.exec<string[]>('a1', 'slot-sums.ts', ['/data', volume]),
    ];
    return { primary, mirror };
  };
  // Every second block has its place on the disk already, and takes writes while it is full.
  await succeeds(
    `fio --name=half --ioengine=nbd --uri=${uri} --rw=write:4k --bs=4k --size=${BLOCKS_BYTES} --io_size=${BLOCKS_BYTES / 2} --iodepth=16 --end_fsync=1 > /dev/null`,
  );
  const full = faultOn(probe.lab, DISK_FULL);
  await full.apply();
  const said = await succeeds(
    `qemu-io -f raw -c 'write -f -P 0x11 0 4096' -c 'write -P 0x22 4096 4096' -c 'flush' -c 'read -P 0x11 0 4096' -c 'read -P 0 4096 4096' ${uri} 2>&1 || true`,
  );
  expect(said).toContain('wrote 4096/4096 bytes at offset 0');
  expect(said).toMatch(/write failed: No space left on device/);
  expect(said).not.toMatch(/verification failed|flush failed|read failed/i);
  // In any order, of any length, sixteen at a time: parts of a write may have had room.
  const { output } = await client(
    `fio --name=job --ioengine=nbd --uri=${uri} --rw=randwrite --bsrange=4k-64k --size=${BLOCKS_BYTES} --iodepth=16 --fsync=8 ` +
      '--continue_on_error=write --ignore_error=,ENOSPC --randseed=3 --output-format=json',
  );
  const [job] = (JSON.parse(output.slice(output.indexOf('{'))) as { jobs: (FioJob & { total_err: number })[] }).jobs;
  console.error(`a primary's full disk: ${job?.write.total_ios} writes, ${job?.total_err} refused`);
  expect(job?.total_err, output).toBeGreaterThan(0);
  const meanwhile = await sums();
  expect(meanwhile.primary).toBe(meanwhile.mirror);
  await full.revert();

  const again = `head -c ${VOLUME_BYTES} /dev/urandom > /tmp/in && nbdcopy --flush /tmp/in ${uri} && nbdcopy ${uri} /tmp/out && cmp /tmp/in /tmp/out && sha256sum < /tmp/in`;
  const [sum] = (await succeeds(again)).split(' ');
  expect(await sums()).toEqual({ primary: sum, mirror: sum });
  // Want of room is the client's to know: nobody was given up for it.
  for (const event of ['partner-lost', 'elected', 'promoted']) expect(countOf(volume, event), event).toBe(0);
});

test('nodes and disks are lost under clients: no acknowledged write is missing, no check fails, one election each', async () => {
  const { lab } = probe;
  const [thin, synced, source, target] = ['vol-5', 'vol-6', 'vol-7', 'vol-8'] as const;
  const fio = `fio --name=job --ioengine=nbd --bs=4k --size=${BLOCKS_BYTES} --verify=crc32c --verify_fatal=1 --randseed=7`;

  // Every second block of it is written, so that a full disk takes some writes and refuses others.
  const from = uriOf(source).uri;
  const to = uriOf(target).uri;
  await succeeds(
    `set -e; fio --name=half --ioengine=nbd --uri=${uriOf(thin).uri} --rw=write:4k --bs=4k --size=${BLOCKS_BYTES} --io_size=${BLOCKS_BYTES / 2} --iodepth=16 --end_fsync=1 > /dev/null; ` +
      `head -c ${2 * MIB} /dev/urandom > /tmp/in; truncate -s ${VOLUME_BYTES} /tmp/in; nbdcopy --flush /tmp/in ${from}; qemu-io -f raw -c 'write -P 0xee 0 ${VOLUME_BYTES}' ${to}`,
  );
  const full = faultOn(lab, DISK_FULL);
  await full.apply();
  const written = await begin(
    `${fio} --uri=${uriOf(thin).uri} --rw=randwrite --iodepth=16 --do_verify=0 --end_fsync=1 --output-format=terse`,
  );
  await delay(2000);
  await full.revert();
  const { code, output } = await written.ended;
  expect(code, output).toBe(0);
  // A mirror that cannot store is replaced.
  await eventOf(thin, 'partner-lost');
  await eventOf(thin, 'confirmed');

  // The primary of the first volume, and the mirror of two others under a flush for each write and a copy.
  const flushes = await begin(
    `${fio} --uri=${uriOf(synced).uri} --rw=randwrite --iodepth=8 --fsync=1 --time_based --runtime=6 --do_verify=1 --output-format=json`,
  );
  const copies = await begin(
    `set -e; until [ $SECONDS -ge 6 ]; do timeout 25 nbdcopy --flush --connections=4 ${from} ${to}; done; qemu-img compare -f raw -F raw ${from} ${to}`,
  );
  await delay(700);
  await lab.containers.kill('a4');
  const promoted = await eventOf(thin, 'promoted');
  const [flushed, copied] = await Promise.all([flushes.ended, copies.ended]);
  expect(flushed.code, flushed.output).toBe(0);
  expect(copied.code, copied.output).toBe(0);
  const [job] = (JSON.parse(flushed.output.slice(flushed.output.indexOf('{'))) as { jobs: FioJob[] }).jobs;
  // A write is answered by the old mirror or the new one, so it is mostly the flush behind it that hangs.
  const longestMs = Math.max(job?.write.clat_ns.max ?? Number.NaN, job?.sync.lat_ns.max ?? Number.NaN) / 1e6;
  console.error(`fsync=1 over the loss: ${job?.write.total_ios} writes, the longest wait ${longestMs.toFixed(0)} ms`);
  expect(longestMs).toBeGreaterThan(probe.plan.storage.detectorMs / 2);
  expect(longestMs).toBeLessThan(6000);
  const verified = await client(
    `${fio} --uri=${uriAt(thin, promoted.source)} --rw=randwrite --verify_only --output-format=terse`,
  );
  expect(verified.output).not.toMatch(/verify: bad/);
  expect(verified.code, verified.output).toBe(0);
  for (const volume of [synced, target]) {
    await eventOf(volume, 'confirmed');
    expect(countOf(volume, 'partner-lost'), volume).toBe(1);
    expect(countOf(volume, 'elected'), volume).toBe(1);
  }

  // The primary of the copy's destination: the copy ends, its source is whole, and it can be made again elsewhere.
  await lab.containers.start('a4');
  const before = await succeeds(`nbdcopy ${from} - | sha256sum`);
  const ending = await begin(
    `until [ $SECONDS -ge 20 ]; do timeout 25 nbdcopy --connections=4 ${from} ${to} || exit 9; done`,
  );
  await delay(500);
  await lab.containers.kill('a3');
  expect((await ending.ended).code).toBe(9);
  const again = uriAt(target, (await eventOf(target, 'promoted')).source);
  await succeeds(
    `set -e; timeout 25 nbdcopy --flush --connections=4 ${from} ${again}; qemu-img compare -f raw -F raw ${from} ${again}`,
  );
  expect(await succeeds(`nbdcopy ${from} - | sha256sum`)).toBe(before);
  await lab.containers.start('a3');
});

interface FioJob {
  readonly write: { readonly total_ios: number; readonly clat_ns: { readonly max: number } };
  readonly sync: { readonly lat_ns: { readonly max: number } };
}
