import type { LoadSettings, PlanDatabase, Plane, PlanMultiZoneDatabase, PlanVolume, StorageSettings } from './plan.ts';

/** Host and port a program dials to reach a destination: always a router's, never the destination's own. */
export interface Dial {
  readonly host: string;
  readonly port: number;
}

/** Of several ports of a destination on a plane, the first that the topology names; `ports` has all of them. */
export interface LinkDial extends Dial {
  /** Destination's port -> where to dial; left out where there is one. */
  readonly ports?: Readonly<Record<string, Dial>>;
}

/**
 * What a program of the fixtures gets, as JSON in the environment variable `ZONESTORM_CONFIG`. It holds nothing
 * that tells the program whether, when or how a fault is injected.
 */
export interface ContainerConfig {
  readonly id: string;
  readonly zone: string;
  readonly seed: number;
  /** Own address on each plane; a server tells by a connection's local address which plane it came in on. */
  readonly addresses: Readonly<Partial<Record<Plane, string>>>;
  /** Destination id -> plane -> where to dial. */
  readonly links: Readonly<Record<string, Readonly<Partial<Record<Plane, LinkDial>>>>>;
  /** Ids of the storage nodes of the same zone (a node's own id included). */
  readonly nodes: readonly string[];
  /** Zone -> ids of its storage nodes, for every zone that this container serves (all for the control plane). */
  readonly nodesOfZones: Readonly<Record<string, readonly string[]>>;
  /** Every volume whose zone this container serves (all zones for the control plane), as placed at the start. */
  readonly volumes: readonly PlanVolume[];
  /** Every database whose zone this container serves. */
  readonly databases: readonly PlanDatabase[];
  /** Every multi-zone database with its primary or its standby in a zone that this container serves. */
  readonly multiZoneDatabases: readonly PlanMultiZoneDatabase[];
  readonly storage: StorageSettings;
  readonly load: LoadSettings;
}

/**
 * Exit code of a storage node that crashed by the race of its search connections' closes. No program of the fixtures
 * ends with it otherwise, and neither does a shell or Node.js.
 */
export const CRASH_EXIT_CODE = 86;

/** How often a witness sends a byte on its open connection, and opens a new one, ms. */
export const WITNESS_EVERY = { pingMs: 50, newConnectionMs: 250 } as const;
/** How often a witness and its echo say that they are there, whatever they see, ms. */
export const WITNESS_TELLS_MS = 500;

/** Ports on which the fixtures' programs listen, on every address of theirs. */
export const PORTS = {
  peer: 7000,
  nbd: 10809,
  controlPlane: 7100,
  http: 8080,
  gauge: 7200,
  witness: 7300,
  database: 7400,
  failoverAgent: 7500,
} as const;
