import type Docker from 'dockerode';
import { Wait } from 'testcontainers';
import { Router, type RouterParts, type Shaping } from '../fabric/router.ts';
import { RouterShell } from '../fabric/router-shell.ts';
import { ToxiproxyApi } from '../fabric/toxiproxy-api.ts';
import type { Plan, PlanRouter } from '../scenario/plan.ts';
import { AttachedCommand } from './containers/attached-command.ts';
import { LabContainer } from './containers/lab-container.ts';
import { LateCommand } from './containers/late-command.ts';
import { restartServer, startServer } from './containers/toxiproxy-server.ts';
import { LIMITS } from './limits.ts';

const API_PORT = 8474;

export interface StartRouterOptions {
  readonly docker: Docker;
  readonly plan: Plan;
  readonly routerId: string;
  readonly shaping: Shaping;
  readonly images: { readonly runtime: string; readonly toxiproxy: string };
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly helperName: string;
  readonly helperLabels: Readonly<Record<string, string>>;
  readonly networkName: (network: string) => string;
  /** A Toxiproxy did not answer and was replaced: all of its connections were closed. */
  readonly onReplaced: (reason: string) => void;
  readonly onTrouble: (error: Error) => void;
  readonly onReshaped: RouterParts['onReshaped'];
}

export interface StartedRouter {
  readonly router: Router;
  /** Host interface indexes of its zone-side ports. */
  readonly ports: readonly number[];
  /** To be called when the whole lab has started: what only faults need begins then. */
  readonly afterStart: () => void;
}

/**
 * A router with its capacity set and its links open.
 *
 * Its network namespace belongs to a helper that does nothing else, and Toxiproxy runs in it. So a Toxiproxy that has
 * to be replaced takes no address, no queue, no route and no published port with it, and commands in the namespace
 * take milliseconds.
 */
export async function startRouter(options: StartRouterOptions): Promise<StartedRouter> {
  const { docker, plan, shaping } = options;
  const planned = plan.routers.find((one) => one.id === options.routerId);
  if (planned === undefined) throw new Error(`no router ${options.routerId} in the plan`);
  const links = plan.links.filter((link) => link.router === planned.id);
  const fromHost = links.filter((link) => link.source === 'host');
  const witnesses = plan.witnesses.filter((one) => fromHost.some(({ id }) => id === one.link));
  const hostPorts = [...fromHost.map((link) => link.listen.port), ...witnesses.map((one) => one.listenPort)];
  const { helperId, published } = await startNamespace(options, planned, [API_PORT, ...hostPorts]);
  const sh = new LateCommand(() => AttachedCommand.start(docker, helperId, ['sh']));
  const [serverId, ip, tc] = await Promise.all([
    startServer(docker, {
      image: options.images.toxiproxy,
      name: options.name,
      labels: options.labels,
      namespaceOf: helperId,
      // The API answers only on the management network, which no container of a zone is on.
      command: ['-host', planned.management.ip, '-port', String(API_PORT), '-proxy-metrics'],
    }),
    AttachedCommand.start(docker, helperId, ['ip', '-j', '-force', '-batch', '-']),
    AttachedCommand.start(docker, helperId, ['tc', '-s', '-j', '-force', '-batch', '-']),
  ]);
  const api = new ToxiproxyApi(planned.id, `http://127.0.0.1:${published.get(API_PORT)}`, LIMITS.toxiproxyMs);
  await api.ready(LIMITS.readyMs);
  const router = new Router({
    plan: planned,
    links,
    containers: plan.containers,
    witnesses: plan.witnesses,
    shaping,
    api,
    shell: new RouterShell(ip, tc, sh),
    published,
    replaceServer: async (reason) => {
      await restartServer(docker, serverId);
      await api.ready(LIMITS.readyMs);
      options.onReplaced(reason);
    },
    onTrouble: options.onTrouble,
    onReshaped: options.onReshaped,
  });
  const zoneSide = await router.start();
  return { router, ports: zoneSide.map((one) => one.hostIndex), afterStart: () => sh.begin() };
}

/** The helper that the router's namespace belongs to, with all of its addresses and published ports. */
async function startNamespace(
  options: StartRouterOptions,
  planned: PlanRouter,
  publish: readonly number[],
): Promise<{ helperId: string; published: Map<number, number> }> {
  let helperId = '';
  const container = new LabContainer({
    image: options.images.runtime,
    name: options.helperName,
    command: ['sh', '-c', 'echo ready; exec sleep infinity'],
    labels: options.helperLabels,
    // The management network is the first of them.
    endpoints: planned.attachments.map(({ network, ip }) => ({ network: options.networkName(network), ip })),
    publish,
    capabilities: options.shaping === 'kernel' ? ['NET_ADMIN'] : [],
    // Misrouted bytes are forwarded out of the interface they came in by; a redirect would tell the sender a way
    // round the router.
    sysctls: {
      'net.ipv4.ip_forward': '1',
      'net.ipv4.conf.all.send_redirects': '0',
      'net.ipv4.conf.default.send_redirects': '0',
      // Everything that crosses the queue is sent from here, so what a full queue does would depend on the machine's
      // default otherwise: with BBR, which does not yield to loss, a third of the packets of 64 connections at a
      // shallow queue were dropped. Reno (RFC 5681) is the one that every kernel has and lets a namespace choose.
      'net.ipv4.tcp_congestion_control': 'reno',
    },
    ready: Wait.forLogMessage('ready'),
    connect: (id, endpoint) =>
      options.docker.getNetwork(endpoint.network).connect({
        Container: id,
        EndpointConfig: { IPAMConfig: { IPv4Address: endpoint.ip } },
      }) as Promise<void>,
    onCreated: (id) => {
      helperId = id;
    },
  });
  const started = await container.start();
  return { helperId, published: new Map(publish.map((port) => [port, started.getMappedPort(port)])) };
}
