import type { Plane } from './plan.ts';
import { shortZoneName, type TopologyService } from './topology.ts';

/** `a-app` for `use1-a-app`; a name without the zone's prefix stays: `control-plane`. Several are numbered after it. */
export function singleId({ name, zone }: Pick<TopologyService, 'name' | 'zone'>): string {
  const prefix = `${zone}-`;
  return name.startsWith(prefix) ? `${shortZoneName(zone)}-${name.slice(prefix.length)}` : name;
}

export const routerId = (zone: string, plane: Plane): string => `${shortZoneName(zone)}-${plane}`;
export const gaugeId = (zone: string): string => `${shortZoneName(zone)}-gauge`;
