/**
 * The plan: everything a run will do, written as `plan.json` before anything starts.
 *
 * A plan is plain data. It is made from a scenario, a topology, a preset, `--set` overrides and a seed by pure
 * code, so the same inputs give the same plan, and a run can be repeated from the file alone. Times are in
 * seconds unless the name says otherwise; capacities are in Mbit/s (10^6 bit) of TCP payload at the receiver.
 */

/** The two networks of a zone, as AWS described them: high capacity, and low capacity. */
export type Plane = 'primary' | 'replication';

/** What a container is for. Storage nodes, clients of volumes, and the services beside them. */
export type Role = 'node' | 'control-plane' | 'instances' | 'app';

/** Where a parameter's value comes from: never show a chosen value as a historic fact. */
export type Origin = 'chosen' | 'stated' | 'derived';

/** One number of the model as it is used in this run, for the report's table of parameters. */
export interface Parameter {
  readonly name: string;
  readonly value: number | string | boolean;
  readonly unit: string;
  readonly origin: Origin;
  /** One sentence: why this value, or the public source that states it. */
  readonly why: string;
}

export interface PlanPlane {
  readonly plane: Plane;
  /** Docker network name suffix, unique within the run: `use1-a-primary`. */
  readonly network: string;
  readonly subnet: string;
  /** `null`: this network has no router of its own and no shaped capacity (a region-wide service's). */
  readonly router: string | null;
}

export interface PlanZone {
  readonly id: string;
  readonly planes: readonly PlanPlane[];
}

/** One of a container's or router's addresses. */
export interface Attachment {
  readonly network: string;
  readonly ip: string;
}

export interface PlanContainer {
  /** Short name used everywhere: `a1`, `a-app`, `control-plane`. */
  readonly id: string;
  /** The Compose service it was scaled from. */
  readonly service: string;
  readonly zone: string;
  readonly role: Role;
  /** Program and arguments inside the fixtures' image, from the Compose file's `command`. */
  readonly command: readonly string[];
  readonly attachments: readonly Attachment[];
  /** Named volumes: path inside the container. */
  readonly disks: readonly string[];
}

/** One Toxiproxy container: a zone's network of one plane. */
export interface PlanRouter {
  readonly id: string;
  readonly zone: string;
  readonly plane: Plane;
  /** Capacity shared by all bytes that pass, Mbit/s of TCP payload at the receiver. */
  readonly capacityMbit: number;
  /** Depth of the router's one queue, bytes of frames. */
  readonly queueBytes: number;
  /** First attachment is the management network, which publishes on 127.0.0.1; then its own plane's. */
  readonly management: { readonly network: string; readonly subnet: string; readonly ip: string };
  readonly attachments: readonly Attachment[];
}

/** Directed: `source` dials `destination` through this proxy of `router`. */
export interface PlanLink {
  /** `a1->a2@replication`; for a client outside the zones `host->a-app@primary`. */
  readonly id: string;
  readonly source: string;
  readonly destination: string;
  readonly plane: Plane;
  readonly router: string;
  /** Where the source dials: the router's address on the source's network, or published on 127.0.0.1 for `host`. */
  readonly listen: { readonly ip: string; readonly port: number };
  /** Where the router dials. */
  readonly upstream: { readonly ip: string; readonly port: number };
}

export interface PlanVolume {
  readonly id: string;
  readonly zone: string;
  /** Container ids of the nodes that hold the two replicas at the start. */
  readonly primary: string;
  readonly mirror: string;
}

/** A fault with its targets drawn: what exactly will be applied. Each kind is one file in `harness/fault/`. */
export type PlanFault =
  | {
      readonly kind: 'misroute';
      readonly id: string;
      readonly zone: string;
      readonly nodes: readonly string[];
      readonly connections: 'kept' | 'closed';
    }
  | { readonly kind: 'cut'; readonly id: string; readonly links: readonly string[] }
  | { readonly kind: 'kill'; readonly id: string; readonly containers: readonly string[] };

/** A phase lasts a fixed time, or until a condition holds and at most `atMostSeconds`. */
export interface PlanPhase {
  readonly name: string;
  readonly seconds: number | null;
  /** `recovered`: stuck < 1 % held; `mirrored`: every volume has two confirmed replicas. */
  readonly until: 'recovered' | 'mirrored' | null;
  readonly atMostSeconds: number | null;
  /** Applied when the phase begins, reverted in reverse order when it ends. */
  readonly faults: readonly PlanFault[];
}

export interface PlanExpectation {
  /** As the scenario's author wrote it. */
  readonly text: string;
  readonly file: string;
  readonly line: number;
}

/** The storage's parameters; every program of the fixtures gets the same. */
export interface StorageSettings {
  readonly volumeBytes: number;
  readonly slotsPerNode: number;
  /** A peer whose newest answered heartbeat was *sent* longer ago than this on both planes is presumed dead. */
  readonly detectorMs: number;
  readonly heartbeatMs: number;
  /** The control plane promotes a mirror only when the primary's lease is older than this. */
  readonly leaseMs: number;
  readonly promoteRetryMs: number;
  readonly copyChunkBytes: number;
  readonly copyWindowChunks: number;
  readonly searchParallel: number;
  readonly searchTimeoutMs: number;
  /** A search attempt waits this long in its peer's serial queue: uniform between the two, no CPU. */
  readonly searchServiceMinMs: number;
  readonly searchServiceMaxMs: number;
  readonly controlPlaneWorkers: number;
  /** 0 in every honest run. A node made wrong on purpose acknowledges a write this long before it mirrors it. */
  readonly acknowledgeBeforeMirrorMs: number;
}

/** The block I/O of the instances, per volume, and the sample application's load, per zone. */
export interface LoadSettings {
  readonly ioPerSecondPerVolume: number;
  readonly writeShare: number;
  readonly writeBytes: number;
  /** Share of writes sent with FUA (fdatasync on both replicas before the acknowledgement). */
  readonly fuaShare: number;
  /** Operations in flight per volume; one more is not sent and counts as failed (`queue full`). */
  readonly queueDepth: number;
  readonly appRequestsPerSecond: number;
  readonly appWriteShare: number;
  /** A zone's application is striped over so many of its zone's volumes, or over all where there are fewer. */
  readonly appVolumes: number;
  readonly appTimeoutMs: number;
}

export interface Plan {
  readonly schemaVersion: 1;
  readonly scenario: { readonly name: string; readonly file: string; readonly title: string };
  readonly topology: { readonly file: string };
  readonly preset: string;
  readonly seed: number;
  /** `--set key=value` as given. */
  readonly overrides: Readonly<Record<string, string>>;
  readonly parameters: readonly Parameter[];
  readonly zones: readonly PlanZone[];
  readonly routers: readonly PlanRouter[];
  readonly containers: readonly PlanContainer[];
  readonly links: readonly PlanLink[];
  readonly volumes: readonly PlanVolume[];
  readonly storage: StorageSettings;
  readonly load: LoadSettings;
  readonly phases: readonly PlanPhase[];
  readonly expectations: readonly PlanExpectation[];
}
