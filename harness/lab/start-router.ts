import type Docker from 'dockerode';
import { Wait } from 'testcontainers';
import { Router } from '../fabric/router.ts';
import { RouterShell } from '../fabric/router-shell.ts';
import { ToxiproxyApi } from '../fabric/toxiproxy-api.ts';
import type { Plan } from '../scenario/plan.ts';
import { AttachedCommand } from './containers/attached-command.ts';
import { startHelper } from './containers/helper-container.ts';
import { LabContainer } from './containers/lab-container.ts';
import { LIMITS } from './limits.ts';

const API_PORT = 8474;

export interface StartRouterOptions {
  readonly docker: Docker;
  readonly plan: Plan;
  readonly routerId: string;
  readonly images: { readonly runtime: string; readonly toxiproxy: string };
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly helperName: string;
  readonly helperLabels: Readonly<Record<string, string>>;
  readonly networkName: (network: string) => string;
}

/** A router with its capacity set and its links open. `ports`: host interface indexes of its zone-side ports. */
export async function startRouter(options: StartRouterOptions): Promise<{ router: Router; ports: number[] }> {
  const { docker, plan } = options;
  const planned = plan.routers.find((one) => one.id === options.routerId);
  if (planned === undefined) throw new Error(`no router ${options.routerId} in the plan`);
  const links = plan.links.filter((link) => link.router === planned.id);
  const hostPorts = links.filter((link) => link.source === 'host').map((link) => link.listen.port);
  const { management } = planned;

  let containerId = '';
  const container = new LabContainer({
    image: options.images.toxiproxy,
    name: options.name,
    // The API answers only on the management network, which no container of a zone is on.
    command: ['-host', management.ip, '-port', String(API_PORT)],
    labels: options.labels,
    endpoints: [management, ...planned.attachments].map(({ network, ip }) => ({
      network: options.networkName(network),
      ip,
    })),
    publish: [API_PORT, ...hostPorts],
    // Misrouted bytes are forwarded out of the interface they came in by; a redirect would tell the sender a way
    // round the router.
    sysctls: {
      'net.ipv4.ip_forward': '1',
      'net.ipv4.conf.all.send_redirects': '0',
      'net.ipv4.conf.default.send_redirects': '0',
    },
    // Toxiproxy logs each connection otherwise, and a storm opens hundreds a second.
    environment: { LOG_LEVEL: 'error' },
    ready: Wait.forHttp('/version', API_PORT),
    connect: (id, endpoint) =>
      docker.getNetwork(endpoint.network).connect({
        Container: id,
        EndpointConfig: { IPAMConfig: { IPv4Address: endpoint.ip } },
      }) as Promise<void>,
    onCreated: (id) => {
      containerId = id;
    },
  });
  const started = await container.start();
  const helperId = await startHelper(docker, {
    image: options.images.runtime,
    name: options.helperName,
    labels: options.helperLabels,
    networkMode: `container:${containerId}`,
  });
  const [ip, tc] = await Promise.all([
    AttachedCommand.start(docker, helperId, ['ip', '-j', '-force', '-batch', '-']),
    AttachedCommand.start(docker, helperId, ['tc', '-s', '-j', '-force', '-batch', '-']),
  ]);
  const published = new Map([API_PORT, ...hostPorts].map((port) => [port, started.getMappedPort(port)]));
  const api = new ToxiproxyApi(planned.id, `http://127.0.0.1:${published.get(API_PORT)}`, LIMITS.toxiproxyMs);
  const router = new Router(planned, { containerId, api, shell: new RouterShell(ip, tc), published });
  const zoneSide = await router.shape();
  await router.openLinks(links);
  return { router, ports: zoneSide.map((one) => one.hostIndex) };
}
