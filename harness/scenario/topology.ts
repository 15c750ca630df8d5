import type { Located, Place } from './bad-input-error.ts';
import type { Plane, Role } from './plan.ts';
import type { Scalar } from './quantity.ts';

/** A Compose file's zones, networks and services, with their places: what the plan is laid out from. */
export interface Topology {
  readonly file: string;
  readonly zones: readonly TopologyZone[];
  readonly networks: readonly TopologyNetwork[];
  readonly services: readonly TopologyService[];
}

export interface TopologyZone {
  readonly id: string;
  readonly regionWide: boolean;
  readonly volumes: Located<number>;
  readonly at: Place;
}

export interface TopologyNetwork {
  readonly name: string;
  readonly zone: string;
  readonly plane: Plane;
  /** `null`: of a region-wide zone, which has no router. */
  readonly capacity: Located<Scalar> | null;
  readonly queue: Located<Scalar> | null;
  readonly at: Place;
}

export interface TopologyService {
  readonly name: string;
  readonly zone: string;
  readonly role: Role;
  readonly command: readonly string[];
  readonly networks: readonly string[];
  readonly disks: readonly string[];
  readonly replicas: Located<number>;
  readonly links: readonly TopologyLink[];
  readonly published: readonly Located<number>[];
  /** The parameters of which one at least has to be above 0, or there is no such container. */
  readonly needs?: Located<string | readonly string[]>;
  /** The parameter that is the number of its containers. */
  readonly scaledBy?: Located<string>;
  readonly at: Place;
}

export interface TopologyLink {
  readonly to: string;
  readonly planes: readonly Plane[];
  readonly port: number;
  /** The same for the link. */
  readonly needs?: Located<string | readonly string[]>;
  readonly at: Place;
}

/** `use1-a` -> `a`: the part after the last hyphen, which begins the ids of the zone's containers and routers. */
export function shortZoneName(zone: string): string {
  return zone.slice(zone.lastIndexOf('-') + 1);
}
