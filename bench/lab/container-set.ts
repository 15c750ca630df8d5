import type Docker from 'dockerode';
import { HOLD } from '../../harness/lab/containers/hold.ts';
import { withoutHeaders } from '../../harness/lab/containers/without-headers.ts';
import { LABELS } from '../../harness/lab/labels.ts';

/** Containers, networks and volumes of a lab, as the engine has them and without anything that the engine drew. */
export interface ContainerSet {
  readonly runId: string;
  /** Exact label of everything in it. */
  readonly label: string;
  readonly networks: readonly SetNetwork[];
  readonly volumes: readonly SetVolume[];
  readonly containers: readonly SetContainer[];
}

export interface SetNetwork {
  readonly name: string;
  readonly internal: boolean;
  readonly subnet: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SetVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SetContainer {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly stopSignal: string | null;
  /** `host`, the name of the container whose namespace it shares, or `null`: its own networks. */
  readonly sharesNetworkOf: string | null;
  readonly hostNetwork: boolean;
  /** The first is the default route. */
  readonly endpoints: readonly { readonly network: string; readonly ip: string }[];
  /** Published on 127.0.0.1, on a port that the engine draws. */
  readonly publish: readonly string[];
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOpt: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly binds: readonly string[];
  /** It has printed a line with `ready`. */
  readonly printsReady: boolean;
}

export async function describeSet(docker: Docker, runId: string): Promise<ContainerSet> {
  const label = `${LABELS.run}=${runId}`;
  const filters = { label: [label] };
  const listed = await docker.listContainers({ all: true, filters });
  const inspected = await Promise.all(listed.map(({ Id }) => docker.getContainer(Id).inspect()));
  const nameOf = new Map(inspected.map((one) => [one.Id, one.Name.slice(1)]));
  const containers = await Promise.all(
    inspected.map(async (one): Promise<SetContainer> => {
      const image = await docker.getImage(one.Config.Image).inspect();
      const { HostConfig: host, Config: config } = one;
      const mode = host.NetworkMode ?? '';
      const shared = mode.startsWith('container:') ? (nameOf.get(mode.slice('container:'.length)) ?? null) : null;
      const own = shared === null && mode !== 'host';
      const endpoints = Object.entries(one.NetworkSettings.Networks).map(([network, at]) => ({
        network,
        ip: at.IPAMConfig?.IPv4Address ?? '',
      }));
      // The network that it was created with, which Docker gives the default route, is first.
      endpoints.sort((a, b) => Number(b.network === mode) - Number(a.network === mode));
      const log = await docker.getContainer(one.Id).logs({ stdout: true, stderr: false });
      return {
        name: one.Name.slice(1),
        image: config.Image,
        // What holds a program back is the lab's own way; the others start it at once.
        command: HOLD.every((word, i) => config.Cmd[i] === word) ? config.Cmd.slice(HOLD.length) : config.Cmd,
        environment: config.Env.filter((line) => !(image.Config.Env ?? []).includes(line)),
        labels: labelsBesides(config.Labels, image.Config.Labels ?? {}),
        stopSignal: (config as { StopSignal?: string }).StopSignal ?? null,
        sharesNetworkOf: shared,
        hostNetwork: mode === 'host',
        endpoints: own ? endpoints : [],
        publish: Object.keys((host.PortBindings as object | null) ?? {}),
        capAdd: host.CapAdd ?? [],
        capDrop: host.CapDrop ?? [],
        securityOpt: host.SecurityOpt ?? [],
        sysctls: (host.Sysctls as Record<string, string> | null) ?? {},
        binds: host.Binds ?? [],
        printsReady: withoutHeaders(log).toString().includes('ready'),
      };
    }),
  );
  const networks = await docker.listNetworks({ filters });
  const { Volumes } = await docker.listVolumes({ filters });
  return {
    runId,
    label,
    networks: networks.map((one) => ({
      name: one.Name,
      internal: one.Internal ?? false,
      subnet: one.IPAM?.Config?.[0]?.Subnet ?? '',
      labels: one.Labels ?? {},
    })),
    volumes: (Volumes ?? []).map((one) => ({ name: one.Name, labels: one.Labels })),
    // Namespaces before those that share them.
    containers: containers.sort((a, b) => Number(a.sharesNetworkOf !== null) - Number(b.sharesNetworkOf !== null)),
  };
}

function labelsBesides(labels: Record<string, string>, ofImage: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([key, value]) => ofImage[key] !== value));
}

/** The same set under another run's id: names and labels. Addresses stay, as no two of them are there at once. */
export function renamed(set: ContainerSet, runId: string): ContainerSet {
  return JSON.parse(JSON.stringify(set).replaceAll(set.runId, runId)) as ContainerSet;
}
