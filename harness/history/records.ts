/**
 * What a run's history is made of: one JSON object a line in `history.jsonl`, appended while the run goes on.
 *
 * `t` is milliseconds of the machine's monotonic clock (CLOCK_MONOTONIC, the same in every container of one
 * kernel), so records of different containers can be compared; `run.start` carries the wall-clock anchor.
 * `source` is a container's or router's id, or `harness`. Containers print their records on stdout, without
 * `source`, one JSON object a line; the harness adds it. Byte counts are cumulative since the start of the
 * program that prints them, so that a lost line loses no bytes.
 */

import type { OperatorState } from '../scenario/operator-order.ts';
import type { Plane } from '../scenario/plan.ts';

interface Stamped {
  readonly t: number;
  readonly source: string;
}

// ---- the harness -----------------------------------------------------------------------------------------

/** Of the records that are written now; see `RunStart.records`. */
export const RECORDS_VERSION = 2;

export interface RunStart extends Stamped {
  readonly kind: 'run.start';
  readonly runId: string;
  readonly wallClock: string;
  readonly zonestorm: string;
  readonly node: string;
  readonly engine: string;
  /** What was known of that version: tested with every change, tried by hand, or nothing. Older runs do not say. */
  readonly engineStanding?: 'ci' | 'tried' | 'unknown';
  readonly kernel: string;
  readonly cpus: number;
  readonly images: Readonly<Record<string, string>>;
  /** How capacities come about, and why not by the kernel's queue. */
  readonly shaping: 'kernel' | 'toxiproxy';
  readonly shapingReason: string | null;
  /** Version of the records. 2: the `reader` tells how the reading of disks went. Older histories have nothing. */
  readonly records?: number;
}
/** Before any program of the storage began, these containers tried so many addresses of others, and reached none. */
export interface BypassRecord extends Stamped {
  readonly kind: 'bypass';
  readonly from: readonly string[];
  readonly tried: number;
}
export interface RunEnd extends Stamped {
  readonly kind: 'run.end';
  /** `deadline`: `--timeout` passed. `broken`: an error of the environment or of zonestorm, in `reason`. */
  readonly outcome: 'completed' | 'deadline' | 'interrupted' | 'broken';
  readonly reason: string | null;
}
export interface PhaseRecord extends Stamped {
  readonly kind: 'phase';
  readonly phase: string;
  readonly state: 'begin' | 'end';
}
export interface FaultRecord extends Stamped {
  readonly kind: 'fault';
  readonly id: string;
  readonly fault: string;
  /**
   * `skipped`: its phase ended before its time. `slipped`: found not to be in force any more before its revert.
   * `unread`: that could not be read before its revert, or its dose could not; `detail` says why.
   */
  readonly state: 'applying' | 'applied' | 'reverting' | 'reverted' | 'failed' | 'skipped' | 'slipped' | 'unread';
  readonly detail: string;
}
/** What somebody who operates the system does to it, by the plan or from a terminal; see `harness/action`. */
export interface ActionRecord extends Stamped {
  readonly kind: 'action';
  readonly id: string;
  readonly action: string;
  readonly zone: string;
  readonly by: 'schedule' | 'terminal';
  /** `skipped`: its phase ended before its time. `failed`: not or not wholly done; `readBack` says what went wrong. */
  readonly state: 'asked' | 'done' | 'failed' | 'skipped';
  readonly detail: string;
  /** In words, what was found in force once it was done. */
  readonly readBack: string | null;
}
/** A router's Toxiproxy did not answer and was replaced: all connections through the router were closed by it. */
export interface RouterReplaced extends Stamped {
  readonly kind: 'router.replaced';
  readonly reason: string;
}
/** The fabric and the containers read back when the last phase had ended; `problems`: what a fault left behind. */
export interface FinalState extends Stamped {
  readonly kind: 'final-state';
  readonly problems: readonly string[];
}
/** A container has ended by itself or by a fault, as the engine says; those of the taking down are not told. */
export interface ExitRecord extends Stamped {
  readonly kind: 'exit';
  readonly exitCode: number;
}
/** One sample of a router's shared queue. */
export interface QueueRecord extends Stamped {
  readonly kind: 'queue';
  /** Cumulative bytes of frames (Ethernet header included) and packets that left the queue. */
  readonly frameBytes: number;
  readonly packets: number;
  readonly drops: number;
  readonly backlogBytes: number;
  /** Taken out of turn, right before the queue's rate changed. */
  readonly reshaped?: true | undefined;
}
/**
 * Proof that the trigger is gone: the routes are read back as restored, and the queue, which is first in first
 * out, has since sent everything that stood in it at that moment. Native copies may keep it non-empty after.
 */
export interface TriggerEnd extends Stamped {
  readonly kind: 'trigger.end';
  /** Of which misroute; left out in records of older versions. */
  readonly fault?: string | undefined;
  readonly routesRestoredAt: number;
  readonly backlogAtRestoreBytes: number;
  readonly drainedAt: number;
}
/** The machine as a whole, since the previous record. Shares are 0..1 of all CPUs; steal counts as busy. */
export interface HostRecord extends Stamped {
  readonly kind: 'host';
  readonly busyShare: number;
  readonly stealShare: number;
  /** p99 of the harness's own event-loop delay, which is the observer's and the load client's. */
  readonly lagP99Ms: number;
}
/** One request of the open-loop client outside the zones. */
export interface RequestRecord extends Stamped {
  readonly kind: 'request';
  readonly zone: string;
  readonly app: string;
  readonly op: 'read' | 'write';
  readonly intended: number;
  /** `null`: not finished when the load stopped. */
  readonly ended: number | null;
  readonly outcome: 'ok' | 'failed' | 'unknown';
  readonly reason: string | null;
}
/** `what` of a dose: frames that left a misroute's router beside its queue. */
export const BESIDE_THE_QUEUE = 'beside the queue';
/** A quantity of a fault, measured while it was in force. */
export interface DoseRecord extends Stamped {
  readonly kind: 'dose';
  readonly fault: string;
  readonly what: string;
  readonly unit: string;
  readonly asked: number | null;
  readonly measured: number | null;
  /** `most`: a bound, which traffic need not reach. */
  readonly bound: 'equal' | 'most';
  /** Of a length: from the first of the fault's targets to the last, in the same unit. */
  readonly spread?: number | undefined;
  /** Why it is as it is, where that is known. */
  readonly note?: string | undefined;
}

/** A link as a fault's witness sees it from its source: a connection that stays open, and new ones. */
export interface WitnessRecord extends Stamped, Seen {
  readonly kind: 'witness';
  readonly link: string;
}
/** The echo of the witnesses' links to one container says that it is there, twice a second. */
export interface WitnessEchoRecord extends Stamped {
  readonly kind: 'witness.echo';
}
/** Bytes that crossed each link of a router, both ways, over the whole run; counted by Toxiproxy. */
export interface LinkBytes extends Stamped {
  readonly kind: 'links';
  readonly bytes: readonly (readonly [string, number])[];
}

/**
 * Lines of a source that claim to be records and are none as that source may write them. They are left out; what they
 * would have said is unknown.
 */
export interface MisfitRecord extends Stamped {
  readonly kind: 'misfit';
  /** Since the run's start, so that the last record of a source counts. */
  readonly count: number;
  /** What is wrong with the first of them. */
  readonly reason: string;
  /** How the first of them begins. */
  readonly example: string;
}

// ---- the containers --------------------------------------------------------------------------------------

/** [sent, round trip in ms or `null`: not answered within 2 s, or before the connection ended] */
export type Ping = readonly [number, number | null];
/** [begun, what it saw first, ms until then] */
export type TriedConnection = readonly [number, 'answered' | 'refused' | 'reset' | 'closed' | 'silent', number];
/** What was seen of a path since the previous record. `closed`: when and how the open connection ended. */
interface Seen {
  readonly pings: readonly Ping[];
  readonly tried: readonly TriedConnection[];
  readonly closed: readonly (readonly [number, 'fin' | 'rst'])[];
}
/** A path through one router of the gauge's zone and back, before the storage starts. */
export interface GaugePath extends Stamped {
  readonly kind: 'gauge.path';
  readonly plane: Plane;
  /** Payload at the receiver. */
  readonly receivedMbit: number;
  readonly rttP50Ms: number;
  readonly rttP99Ms: number;
  /** From the call to the first answered byte. */
  readonly connectMs: number;
  /** Until what the measurement had left in the queue was gone. */
  readonly drainMs: number;
}
export interface GaugeRecord extends Stamped, Seen {
  readonly kind: 'gauge';
  readonly plane: Plane;
  readonly lagP99Ms: number;
}
/** A program's answer to what an operator told it. */
export interface OperatedRecord extends Stamped {
  readonly kind: 'operated';
  /** Of the action. */
  readonly id: string;
  /** Why it was not done. */
  readonly problem: string | null;
  readonly state: OperatorState;
}
export interface Ready extends Stamped {
  readonly kind: 'ready';
  readonly program: string;
  readonly bootId: string;
}
/** A node's own view of a peer. `silenceMs`: since the newest answered heartbeat was sent. */
export interface DetectorRecord extends Stamped {
  readonly kind: 'detector';
  readonly peer: string;
  readonly state: 'lost' | 'heard';
  readonly silenceMs: number;
}
/** Life of a replica, told by the node that holds it. */
export interface VolumeRecord extends Stamped {
  readonly kind: 'volume';
  readonly volume: string;
  readonly epoch: number;
  readonly event:
    | 'partner-lost' // the other replica is lost, mostly as its node is presumed dead: degraded, and I/O is blocked if primary
    | 'promoted' // a mirror was elected because its primary's lease had run out, or its disk had failed
    | 'searching'
    | 'reserved' // `peer` gave a slot
    | 'elected' // epoch + 1: I/O resumes, the copy to `peer` begins
    | 'copied' // `bytes` crossed to `peer`
    | 'confirmed' // mirrored again, with `peer`
    | 'reattached' // mirrored again with `peer`, which was the mirror before, at the same epoch
    | 'restored' // filled from a snapshot, and from now on a replica of the volume, with `peer`
    | 'superseded' // this replica is no longer a member
    | 'released'; // its slot is free again
  readonly role: 'primary' | 'mirror';
  readonly peer: string | null;
  readonly attempts: number | null;
  readonly bytes: number | null;
  /** Of a partner that was lost: its node is there, and the disk has failed the replica. */
  readonly disk?: true;
}
export interface NodeRecord extends Stamped {
  readonly kind: 'node';
  readonly slotsTotal: number;
  /** Counted on disk: slots with no replica in them and no reservation. */
  readonly slotsFree: number;
  readonly slotsReserved: number;
  /** Volumes this node is primary of. */
  readonly mirrored: number;
  readonly degraded: number;
  /** Of the degraded: those whose I/O is blocked. */
  readonly stuck: number;
  readonly searchAttempts: number;
  readonly searchAnswered: number;
  readonly searchRefused: number;
  readonly searchFailed: number;
  /** Longest wait in the serial queue of search answers since the previous record. */
  readonly searchQueueMaxMs: number;
  /** Most search connections closed within `storage.raceWindowMs` since the previous record. */
  readonly closesPeak: number;
  /** Closes beyond `storage.raceCloses` within the window: at each of them the race could be lost. */
  readonly racyCloses: number;
  readonly copySentBytes: number;
  readonly copyReceivedBytes: number;
  /** TCP payload read from sockets, by the plane it came in on. */
  readonly receivedBytes: Readonly<Record<Plane, number>>;
  /** Bytes of frames that the plane's network interface took: also what TCP had sent twice. */
  readonly interfaceBytes: Readonly<Record<Plane, number>>;
  /** Longest silence of any peer on both planes since the previous record. */
  readonly silenceMaxMs: number;
  readonly lagP99Ms: number;
}
/** Printed by a node that loses the race of its search connections' closes; nothing follows. */
export interface CrashRecord extends Stamped {
  readonly kind: 'crash';
  /** Search connections closed within `storage.raceWindowMs`, the last one included. */
  readonly closesInWindow: number;
  /** Replicas on its disk, which stay there. */
  readonly replicas: number;
}
/** A `flush` has no place: it is for all that was written before. */
export type IoOperation = 'read' | 'write' | 'flush';
/** Block I/O finished since the previous record, and what is still in flight. */
export interface IoRecord extends Stamped {
  readonly kind: 'io';
  /** [volume, op, intended, ended, outcome, reason] with times as `t`. */
  readonly ops: readonly (readonly [string, IoOperation, number, number, 'ok' | 'failed' | 'unknown', string | null])[];
  /** [volume, intended time of its oldest operation in flight]. */
  readonly pending: readonly (readonly [string, number])[];
  readonly receivedBytes: Readonly<Record<Plane, number>>;
  readonly lagP99Ms: number;
}
/** Printed when the instances stop: operations that never finished. */
export interface IoUnfinished extends Stamped {
  readonly kind: 'io.unfinished';
  readonly ops: readonly (readonly [string, IoOperation, number])[];
}
/**
 * Printed when a writer stops, one line a volume: per extent, the highest acknowledged sequence number (0: none)
 * and every sequence number sent but never acknowledged that may therefore be found instead.
 */
export interface LedgerRecord extends Stamped {
  readonly kind: 'ledger';
  readonly volume: string;
  readonly extentBytes: number;
  /** [extent, highest acknowledged, possible…] */
  readonly extents: readonly (readonly [number, number, ...number[]])[];
  /** When the highest acknowledged write of each of `extents` was, in their order; older histories have nothing. */
  readonly acknowledgedAt?: readonly (number | null)[];
  readonly acknowledged: number;
}
export interface ElectionRecord extends Stamped {
  readonly kind: 'election';
  readonly volume: string;
  readonly epoch: number;
  readonly event: 'created' | 'elected' | 'promoted' | 'confirmed' | 'restored';
  readonly primary: string;
  readonly mirror: string | null;
  readonly joining: string | null;
}
/** What became of a snapshot; the control plane tells it. */
export interface SnapshotRecord extends Stamped {
  readonly kind: 'snapshot';
  /** `damaged`: its bytes are not those that were stored, so nothing is restored from it. */
  readonly event: 'taken' | 'deleted' | 'damaged' | 'restored';
  readonly snapshot: string;
  readonly volume: string;
  /** The replica that was read. */
  readonly epoch: number;
  readonly node: string;
  readonly role: 'primary' | 'mirror';
  readonly bytes: number;
  /** Taken by the control plane itself. */
  readonly isPrecaution: boolean;
  /** The volume that has its bytes now: a new one, or its own in the place of replicas that were lost. */
  readonly into: string | null;
  /** What it holds, for a volume that was restored in its place: extents as in a replica's record. */
  readonly extents?: ReplicaRecord['extents'];
}
export interface ControlRecord extends Stamped {
  readonly kind: 'control';
  readonly busyWorkers: number;
  readonly queued: number;
  /** Longest wait for a worker since the previous record. */
  readonly queueMaxMs: number;
  readonly served: number;
  // From here to `lagP99Ms` older histories have nothing.
  /** Most workers busy at once since the previous record. */
  readonly busyMax?: number;
  /** Calls on which workers ended their work after the caller had given up. */
  readonly expired?: number;
  /** Calls that workers left alone because the caller had given up. */
  readonly dropped?: number;
  /** Calls refused because the queue was full. */
  readonly refused?: number;
  /** Longest operation of the store, its wait included, since the previous record. */
  readonly storeMaxMs?: number;
  /** [operation, served, of these after the caller had given up] */
  readonly operations?: readonly (readonly [string, number, number])[];
  readonly pools?: readonly {
    readonly name: string;
    readonly workers: number;
    readonly busy: number;
    readonly busyMax: number;
    readonly queued: number;
    readonly queueMaxMs: number;
    readonly served: number;
  }[];
  readonly lagP99Ms: number;
}
/** Calls to the API that a zone's users finished since the previous record. */
export interface ApiRecord extends Stamped {
  readonly kind: 'api';
  readonly zone: string;
  /** [call, intended, ended, outcome, reason]; `unknown`: the user gave it up, or the connection broke. */
  readonly calls: readonly (readonly [string, number, number, 'ok' | 'failed' | 'unknown', string | null])[];
  readonly inFlight: number;
  readonly receivedBytes: Readonly<Record<Plane, number>>;
  readonly lagP99Ms: number;
}
/** Printed when the users stop: [call, intended] of those that never finished. */
export interface ApiUnfinished extends Stamped {
  readonly kind: 'api.unfinished';
  readonly zone: string;
  readonly calls: readonly (readonly [string, number])[];
}
/** Transactions of a zone's databases that are over since the previous record. */
export interface DatabasesRecord extends Stamped {
  readonly kind: 'databases';
  readonly zone: string;
  /**
   * [database, intended, ended, outcome, reason]. `failed`: not begun within its time limit. `unknown`: committed after
   * it (`late`, and `ended` is when), or the database answered with an error.
   */
  readonly transactions: readonly (readonly [string, number, number, 'ok' | 'failed' | 'unknown', string | null])[];
  /** [database, intended time of its oldest transaction without an outcome]. */
  readonly pending: readonly (readonly [string, number])[];
  readonly receivedBytes: Readonly<Record<Plane, number>>;
  readonly lagP99Ms: number;
}
/** Printed when the databases stop: [database, intended] of transactions without an outcome. */
export interface DatabasesUnfinished extends Stamped {
  readonly kind: 'databases.unfinished';
  readonly zone: string;
  readonly transactions: readonly (readonly [string, number])[];
}
/** Printed when a database stops: the transfers whose commit it had told of, as ranges [first, last] of their ids. */
export interface DatabaseLedger extends Stamped {
  readonly kind: 'database.ledger';
  readonly database: string;
  readonly acknowledged: readonly (readonly [number, number])[];
  /** Highest id of a transfer that was begun; no other can be found. */
  readonly lastBegun: number;
  /** Those that were begun, as ranges; older histories have nothing, and all up to `lastBegun` were. */
  readonly begun?: readonly (readonly [number, number])[];
}
/**
 * Printed by the reader after the measurement: what a database holds by one confirmed replica of each of its volumes. Of
 * a multi-zone database there are two, `mz-01/primary` and `mz-01/standby`.
 */
export interface DatabaseContentRecord extends Stamped {
  readonly kind: 'database.content';
  readonly database: string;
  /** `mirrors`: of volumes without a confirmed mirror the primary. */
  readonly copy: 'primaries' | 'mirrors';
  /** Whose disks it was read from, a node for each volume. */
  readonly nodes: readonly string[];
  readonly transfers: readonly (readonly [number, number])[];
  /** What a check of the database found to be wrong. */
  readonly problem: string | null;
}
/** Of the programs of multi-zone databases, twice a second; transactions are their clients'. */
export interface MultiZoneRecord extends Stamped {
  readonly kind: 'multiZone';
  /** As in `DatabasesRecord`. */
  readonly transactions: DatabasesRecord['transactions'];
  readonly pending: DatabasesRecord['pending'];
  readonly receivedBytes: Readonly<Record<Plane, number>>;
  readonly lagP99Ms: number;
}
/**
 * What became of a pair. A primary tells that it is `parted` from its standby, `alone` (noted on its volumes), `rejoined`
 * or `fenced`; the agent that a primary has `hung`, that it `refused` to promote, that a lease runs out (`fencing`), that
 * the standby is `promoted`, and that a primary has `recovered`.
 */
export interface MultiZoneEvent extends Stamped {
  readonly kind: 'multiZone.event';
  readonly database: string;
  readonly event:
    | 'parted'
    | 'alone'
    | 'rejoined'
    | 'fenced'
    | 'hung'
    | 'refused'
    | 'fencing'
    | 'promoted'
    | 'recovered';
  readonly reason: string | null;
}
/** Printed when the clients stop: [database, intended] of transactions without an outcome. */
export interface MultiZoneUnfinished extends Stamped {
  readonly kind: 'multiZone.unfinished';
  readonly transactions: readonly (readonly [string, number])[];
}
/** Printed when the clients stop: the transfers that were acknowledged to them, and by whom. */
export interface MultiZoneLedger extends Stamped {
  readonly kind: 'multiZone.ledger';
  readonly database: string;
  readonly acknowledged: DatabaseLedger['acknowledged'];
  readonly lastBegun: number;
  readonly begun?: DatabaseLedger['acknowledged'];
  /** By instance and epoch; times are the instance's, of its first acknowledgement and its last. */
  readonly served: readonly {
    readonly instance: string;
    readonly epoch: number;
    readonly count: number;
    readonly firstT: number;
    readonly lastT: number;
  }[];
}
/** A node's own calls to the control plane, but for heartbeats, that are over since the previous record. */
export interface NodeCallsRecord extends Stamped {
  readonly kind: 'node.calls';
  /** [operation, begun, ended, why there was no answer or `null`] */
  readonly calls: readonly (readonly [string, number, number, string | null])[];
}
export interface AppRecord extends Stamped {
  readonly kind: 'app';
  readonly requests: number;
  readonly inFlight: number;
  readonly receivedBytes: Readonly<Record<Plane, number>>;
  readonly lagP99Ms: number;
}
/** Printed by the reader after the measurement: what one replica on disk holds. */
export interface ReplicaRecord extends Stamped {
  readonly kind: 'replica';
  readonly node: string;
  readonly volume: string;
  readonly slot: number;
  readonly epoch: number;
  readonly extentBytes: number;
  /** [extent, lowest sequence number of its sectors, highest, sectors whose checksum is wrong]; zero extents left out. */
  readonly extents: readonly (readonly [number, number, number, number])[];
}
/** Printed by the reader: a volume's members by the control plane's store on disk. `mirror`: confirmed only. */
export interface MembershipRecord extends Stamped {
  readonly kind: 'membership';
  readonly volume: string;
  readonly epoch: number;
  readonly primary: string;
  readonly mirror: string | null;
  readonly joining: string | null;
}
/** Printed by the reader: one disk has been gone through to its end, and `files` of its files could be read. */
export interface DiskRecord extends Stamped {
  readonly kind: 'disk';
  /** Where it was mounted. */
  readonly path: string;
  readonly files: number;
}
/** Printed by the reader: a disk, a file or a database that could not be read. */
export interface UnreadRecord extends Stamped {
  readonly kind: 'unread';
  readonly what: string;
  readonly why: string;
}
/** The harness's own word on the reader, after its end: what it was asked for, and how it ended. */
export interface ReaderRecord extends Stamped {
  readonly kind: 'reader';
  /** Where each disk was mounted that it was to read. */
  readonly disks: readonly string[];
  /** As the engine tells it, 128 + the signal for one that was killed; `null`: it did not end, or is gone. */
  readonly exitCode: number | null;
  /** What else is known of an end before its time. */
  readonly reason: string | null;
  /** Lines of its output that are no record of a reader, such as one that was cut off. */
  readonly tornLines: number;
  /** The first of them, shortened. */
  readonly example: string | null;
}

export type HistoryRecord =
  | BypassRecord
  | RunStart
  | RunEnd
  | PhaseRecord
  | FaultRecord
  | ActionRecord
  | RouterReplaced
  | FinalState
  | ExitRecord
  | QueueRecord
  | TriggerEnd
  | HostRecord
  | RequestRecord
  | DoseRecord
  | WitnessRecord
  | WitnessEchoRecord
  | LinkBytes
  | MisfitRecord
  | GaugePath
  | GaugeRecord
  | Ready
  | OperatedRecord
  | DetectorRecord
  | VolumeRecord
  | NodeRecord
  | CrashRecord
  | IoRecord
  | IoUnfinished
  | LedgerRecord
  | ElectionRecord
  | SnapshotRecord
  | ControlRecord
  | ApiRecord
  | ApiUnfinished
  | DatabasesRecord
  | DatabasesUnfinished
  | DatabaseLedger
  | DatabaseContentRecord
  | MultiZoneRecord
  | MultiZoneEvent
  | MultiZoneUnfinished
  | MultiZoneLedger
  | NodeCallsRecord
  | AppRecord
  | ReplicaRecord
  | MembershipRecord
  | DiskRecord
  | UnreadRecord
  | ReaderRecord;

/** A record as a container prints it, before the harness says whose it is. */
export type PrintedRecord = HistoryRecord extends infer R ? (R extends unknown ? Omit<R, 'source'> : never) : never;
