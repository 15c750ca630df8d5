import { Writable } from 'node:stream';
import type Docker from 'dockerode';
import pLimit from 'p-limit';
import { LIMITS } from '../../harness/lab/limits.ts';
import { withDeadline } from '../../harness/time/deadline.ts';
import type { ContainerSet, SetContainer } from './container-set.ts';

/** As many containers at a time as the lab makes and starts. */
const CONCURRENCY = LIMITS.startConcurrency;

/** A set by the engine's API alone, as plainly as it can be written; resolves when every ready line was printed. */
export async function startWithDockerode(docker: Docker, set: ContainerSet): Promise<void> {
  for (const network of set.networks) {
    await docker.createNetwork({
      Name: network.name,
      CheckDuplicate: true,
      Driver: 'bridge',
      Internal: network.internal,
      IPAM: { Driver: 'default', Config: [{ Subnet: network.subnet }] },
      Labels: { ...network.labels },
    });
  }
  const limit = pLimit(CONCURRENCY);
  const ids = new Map<string, string>();
  const start = (containers: readonly SetContainer[]) =>
    Promise.all(containers.map((one) => limit(() => startOne(docker, set, one, ids))));
  await start(set.containers.filter((one) => one.sharesNetworkOf === null));
  await start(set.containers.filter((one) => one.sharesNetworkOf !== null));
}

async function startOne(docker: Docker, set: ContainerSet, one: SetContainer, ids: Map<string, string>): Promise<void> {
  const volumes = set.volumes.filter(({ name }) => one.binds.some((bind) => bind.startsWith(`${name}:`)));
  for (const { name, labels } of volumes) await docker.createVolume({ Name: name, Labels: { ...labels } });
  const [first, ...others] = one.endpoints;
  const shared = one.sharesNetworkOf === null ? null : `container:${ids.get(one.sharesNetworkOf)}`;
  const mode = one.hostNetwork ? 'host' : (shared ?? first?.network ?? 'none');
  const container = await docker.createContainer({
    name: one.name,
    Image: one.image,
    Cmd: [...one.command],
    Env: [...one.environment],
    Labels: { ...one.labels },
    ...(one.stopSignal === null ? {} : { StopSignal: one.stopSignal }),
    ExposedPorts: Object.fromEntries(one.publish.map((port) => [port, {}])),
    ...(first === undefined ? {} : { NetworkingConfig: { EndpointsConfig: { [first.network]: at(first.ip) } } }),
    HostConfig: {
      NetworkMode: mode,
      CapAdd: [...one.capAdd],
      CapDrop: [...one.capDrop],
      SecurityOpt: [...one.securityOpt],
      Sysctls: { ...one.sysctls },
      Binds: [...one.binds],
      PortBindings: Object.fromEntries(one.publish.map((port) => [port, [{ HostIp: '127.0.0.1', HostPort: '0' }]])),
    },
  });
  ids.set(one.name, container.id);
  for (const { network, ip } of others) {
    await docker.getNetwork(network).connect({ Container: container.id, EndpointConfig: at(ip) });
  }
  await container.start();
  if (one.printsReady) await printedReady(docker, container.id);
}

const at = (ip: string) => ({ IPAMConfig: { IPv4Address: ip } });

/** Resolves once the container has printed a line with `ready`. */
export async function printedReady(docker: Docker, id: string): Promise<void> {
  const stream = await docker.getContainer(id).logs({ follow: true, stdout: true, stderr: false });
  const { promise, resolve } = Promise.withResolvers<void>();
  let text = '';
  const take = new Writable({
    write(data: Buffer, _encoding, done) {
      text += data.toString();
      if (text.includes('ready')) resolve();
      done();
    },
  });
  docker.modem.demuxStream(stream, take, take);
  await withDeadline(promise, LIMITS.readyMs, `the ready line of ${id}`);
  (stream as unknown as { destroy(): void }).destroy();
}

/**
 * Everything with a label: containers (one after the other, or the engine may keep their networks), networks, volumes.
 * Nothing when there is nothing.
 */
export async function removeByLabel(docker: Docker, label: string): Promise<void> {
  const filters = { label: [label] };
  const containers = await docker.listContainers({ all: true, filters });
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true, v: true });
  const networks = await docker.listNetworks({ filters });
  const removed = await Promise.allSettled(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all((Volumes ?? []).map(({ Name }) => docker.getVolume(Name).remove({ force: true })));
  const failed = removed.find((one) => one.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
