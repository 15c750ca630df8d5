/**
 * The plan: everything a run will do, written as `plan.json` before anything starts.
 *
 * A plan is plain data. It is made from a scenario, a topology, a preset, `--set` overrides and a seed by pure
 * code, so the same inputs give the same plan, and a run can be repeated from the file alone. Times are in
 * seconds unless the name says otherwise; capacities are in Mbit/s (10^6 bit) of TCP payload at the receiver.
 */

/** The two networks of a zone, as AWS described them: high capacity, and low capacity. */
export type Plane = 'primary' | 'replication';

/** Of multi-zone databases: one primary each, the standbys of all, who promotes them, and their clients. */
export const MULTI_ZONE_ROLES = [
  'database-primary',
  'database-standbys',
  'failover-agent',
  'database-clients',
] as const;

/** What a container is for. Storage nodes, spares (nodes that have not joined yet), clients of volumes, users of the API, their services, each zone's gauge. */
export type Role =
  | 'node'
  | 'spare'
  | 'control-plane'
  | 'instances'
  | 'app'
  | 'users'
  | 'databases'
  | 'gauge'
  | (typeof MULTI_ZONE_ROLES)[number];

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
  /**
   * `a1->a2@replication`; for a client outside the zones `host->a-app@primary`; with its port where there are others
   * between the same two on the same plane: `host->a-app:8080@primary`.
   */
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

/**
 * A second proxy beside a link that a fault is aimed at, with the same ends and under the same faults, over which
 * the harness sees what connections of the link see, without speaking the protocol of the programs at its ends.
 */
export interface PlanWitness {
  /** Id of the link. */
  readonly link: string;
  /** Of the router, on the same address as the link's. */
  readonly listenPort: number;
  /** Of an echo at the link's destination. */
  readonly port: number;
}

export interface PlanVolume {
  readonly id: string;
  readonly zone: string;
  /** Container ids of the nodes that hold the two replicas at the start. */
  readonly primary: string;
  readonly mirror: string;
}

/** A relational database of one zone, on volumes that no other database is on. */
export interface PlanDatabase {
  /** `a-db-01`. */
  readonly id: string;
  readonly zone: string;
  /** Ids of the volumes that it is striped over, in order. */
  readonly volumes: readonly string[];
}

/** One of the two databases of a pair. */
export interface PlanDatabaseInstance {
  readonly container: string;
  readonly zone: string;
  /** Ids of the volumes that it is striped over, in order. No other database is on them. */
  readonly volumes: readonly string[];
}

/** A relational database with a standby in another zone. */
export interface PlanMultiZoneDatabase {
  /** `mz-01`. */
  readonly id: string;
  readonly primary: PlanDatabaseInstance;
  readonly standby: PlanDatabaseInstance;
}

/**
 * A fault with its targets drawn and its time set: what exactly will be applied. What its kind needs to know is in
 * `settings`, which its file in `harness/fault/` defines; everybody else goes by the fields here.
 */
export interface PlanFault<S extends object = object> {
  readonly kind: string;
  /** `misroute-1`; of a fault that the scenario asks for as several, `swizzle-1.3`. */
  readonly id: string;
  /** Half a sentence, such as `a1 and a2 were killed`, in the past tense, as the report tells it. */
  readonly description: string;
  /** Applied so many seconds after its phase begins. */
  readonly atSeconds: number;
  /** Reverted so long after that; `null`: when its phase ends, as is one that would last longer. */
  readonly forSeconds: number | null;
  /** Ids of the plan. `zone`: the one that the fault is in, for the report. */
  readonly targets: {
    readonly zone: string | null;
    readonly routers: readonly string[];
    readonly links: readonly string[];
    readonly containers: readonly string[];
  };
  /** Containers that may print nothing while it is in force. */
  readonly silences: readonly string[];
  /** The nodes that their peers are foretold to lose; `null`: the placement cannot tell. */
  readonly losesPartnersOf: readonly string[] | null;
  /** What connections over its links are asked to see; `null`: nothing is stated. */
  readonly experience: Experience | null;
  /** The disks of its containers are file systems of this size from the start of the run, bytes. */
  readonly limitsDiskTo: number | null;
  readonly settings: S;
}

/** What a path is asked to be like while a fault is in force. */
export interface Experience {
  /** Of a connection that was open before. */
  readonly open: 'answers' | 'closed' | 'silent';
  /** Of one that begins meanwhile. `ended`: closed or reset, once it is established. */
  readonly fresh: 'answered' | 'refused' | 'ended' | 'silent';
  /** Longer round trips, ms; 0: not stated. */
  readonly addedRttMs: number;
  /** Less capacity for the routers, or for each link where there are links, Mbit/s; `null`: as it was. */
  readonly capacityMbit: number | null;
}

/**
 * What an operator does at a set time: done once, read back, and neither measured as a dose nor reverted. What its kind
 * needs to know is in `settings`, which its file in `harness/action/` defines.
 */
export interface PlanAction<S extends object = object> {
  readonly kind: string;
  /** `stop-search-1`. */
  readonly id: string;
  /** Half a sentence in the past tense, such as `use1-a was cut off from the control plane`. */
  readonly description: string;
  /** Begun so many seconds after its phase begins. */
  readonly atSeconds: number;
  readonly zone: string;
  readonly settings: S;
}

/** A phase lasts a fixed time, or until a condition holds and at most `atMostSeconds`. */
export interface PlanPhase {
  readonly name: string;
  readonly seconds: number | null;
  /** `recovered`: stuck < 1 % held; `mirrored`: every volume has two confirmed replicas. */
  readonly until: 'recovered' | 'mirrored' | null;
  readonly atMostSeconds: number | null;
  /** In the order of their times; those still in force when the phase ends are reverted in reverse order. */
  readonly faults: readonly PlanFault[];
  /** In the order of their times. */
  readonly actions: readonly PlanAction[];
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
  /** Calls that may wait for a worker of a pool; one more is refused as overloaded. */
  readonly controlQueueLimit: number;
  /** 1: a worker leaves a call alone whose caller has given up. 0: it works on it all the same, as in 2011. */
  readonly dropExpired: number;
  /** 1: each zone has workers of its own, all zones' together as many. 0: one pool for the Region, as in 2011. */
  readonly poolPerZone: number;
  /** Workers of each zone for the calls of its cluster alone, besides the others; 0: none, as in 2011. */
  readonly electionWorkers: number;
  /** What each operation takes of the control plane's one store, one after the other, besides its fdatasync. */
  readonly storeServiceMs: number;
  /** How long the creation of a volume looks for room before it fails; its worker is taken all the while. */
  readonly createTimeoutMs: number;
  /** Pause between two looks. */
  readonly createRetryMs: number;
  /** How long a snapshot waits for a replica to read, as of a stuck volume; its worker is taken all the while. */
  readonly snapshotTimeoutMs: number;
  /** The control plane takes a snapshot of one volume after the other, one every so long; 0: never. */
  readonly snapshotEveryMs: number;
  /** 1: a snapshot of a stuck volume is taken of any confirmed replica. 0: it waits for the primary, as in 2011. */
  readonly snapshotStuck: number;
  /** 0 in every honest run. A node made wrong on purpose acknowledges a write this long before it mirrors it. */
  readonly acknowledgeBeforeMirrorMs: number;
  /** The race of closes: once so many search connections closed within the window on one node … */
  readonly raceCloses: number;
  readonly raceWindowMs: number;
  /** … each further close crashes that node with this probability. 0: the race is fixed. */
  readonly raceProbability: number;
  /** Pause after a round of search attempts that were all in vain: up to base · 2^round, at most the cap. Base 0: none. */
  readonly searchBackoffBaseMs: number;
  readonly searchBackoffCapMs: number;
  /** A primary tries to go back to the mirror it has lost for so long before it searches; 0: never. */
  readonly reattachMs: number;
  /** Re-mirrorings at once for each node, search and copy; the others wait without searching. 0: unbounded. */
  readonly resyncsPerNode: number;
  /** From the loss of a partner until the search for another one begins. */
  readonly remirrorWaitMs: number;
  /** A node that has lost more than this share of its peers at once begins no search; 1: it always does. */
  readonly remirrorStopShare: number;
  /** So many of a zone's volumes that wait may search or ask again a second; 0: all at once. */
  readonly readmitPerSecond: number;
}

/** Records that each application's clients ask for. Two applications of a zone share its volumes and no record. */
export const RECORDS_OF_APP = 64;

/** The block I/O of the instances, per volume, and the sample application's load, per zone. */
export interface LoadSettings {
  readonly ioPerSecondPerVolume: number;
  readonly writeShare: number;
  readonly writeBytes: number;
  /** Share of writes sent with FUA (fdatasync on both replicas before the acknowledgement). */
  readonly fuaShare: number;
  /** FLUSHes for each other operation of a volume, which arrive besides by themselves; 0: there are none. */
  readonly flushShare: number;
  /** Operations in flight per volume; one more is not sent and counts as failed (`queue full`). */
  readonly queueDepth: number;
  readonly appRequestsPerSecond: number;
  readonly appWriteShare: number;
  /** A zone's application is striped over so many of its zone's volumes, or over all where there are fewer. */
  readonly appVolumes: number;
  readonly appTimeoutMs: number;
  /** Calls of each zone's users to the control plane's API; 0: there are no users. */
  readonly apiCallsPerSecond: number;
  /** Of these, those that create a volume; the others attach and describe existing ones. */
  readonly apiCreateShare: number;
  /** Of these, those that take a snapshot of an existing volume. */
  readonly apiSnapshotShare: number;
  /** A user gives a call up after so long, and the control plane does not know it. */
  readonly apiTimeoutMs: number;
  /** Databases of each zone, or as many as its volumes are enough for; 0: there are none. */
  readonly databases: number;
  /** Volumes that each is striped over. */
  readonly databaseVolumes: number;
  readonly databaseStripeBytes: number;
  /** Transactions of each database, whose arrivals do not wait. */
  readonly databaseTransactionsPerSecond: number;
  /** A transaction that is not committed so long after it was due counts as none. */
  readonly databaseTimeoutMs: number;
  /** Databases with a standby in another zone; 0: there are none. */
  readonly multiZoneDatabases: number;
  /** A standby that has not answered its primary for so long is parted from it. */
  readonly multiZonePartedMs: number;
  /** A primary whose I/O has hung for so long, or that was not heard for so long, is to be replaced by its standby. */
  readonly multiZoneHungMs: number;
  /**
   * 1: a primary that is parted goes on alone only once the failover agent has recorded that, so that one without the
   * record can be replaced. 0: whoever was parted when I/O hung is not replaced, as in 2011.
   */
  readonly failoverWitness: number;
}

/** What is publicly known of an event, beside which a report sets what the run measured. Nothing is done by it. */
export interface PlanEvent {
  readonly name: string;
  readonly source: string;
  readonly facts: readonly PlanEventFact[];
}

export interface PlanEventFact {
  readonly id: string;
  readonly what: string;
  /** What the source states, and no more. */
  readonly stated: string;
  readonly source: string;
  /** Measurements by name, or arithmetic of some; `unit: null`: the measurement's own. */
  readonly measured: readonly { readonly what: string; readonly metric: string; readonly unit: string | null }[];
  /** Why a run has nothing beside it. */
  readonly notMeasured: string | null;
  /** Where the model differs, and why. */
  readonly differs: string;
}

export interface Plan {
  readonly schemaVersion: 2;
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
  readonly witnesses: readonly PlanWitness[];
  readonly volumes: readonly PlanVolume[];
  readonly databases: readonly PlanDatabase[];
  readonly multiZoneDatabases: readonly PlanMultiZoneDatabase[];
  readonly storage: StorageSettings;
  readonly load: LoadSettings;
  readonly phases: readonly PlanPhase[];
  readonly expectations: readonly PlanExpectation[];
  /** Left out where the scenario names no event. */
  readonly event?: PlanEvent | undefined;
}
