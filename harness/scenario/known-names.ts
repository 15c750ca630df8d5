import type { Plan } from './plan.ts';

/** An application as a measurement may name it. */
export interface NamedApplication {
  /** Of its container: `a-app`. */
  readonly id: string;
  /** The zone's id: `use1-a`. */
  readonly zone: string;
}

/**
 * Names of measurements, given the zones' ids and the applications; without these any zone may have one. `check` knows
 * them, which this folder does not.
 */
export type KnownNames = (zones: readonly string[], applications?: readonly NamedApplication[]) => readonly string[];

/** Zones that have routers of their own. Of one for the whole region nothing is measured, so that no name has it. */
export const measuredZones = ({ zones }: Pick<Plan, 'zones'>): readonly string[] =>
  zones.filter((zone) => zone.planes.some((plane) => plane.router !== null)).map(({ id }) => id);

export const namedApplications = ({ containers }: Pick<Plan, 'containers'>): readonly NamedApplication[] =>
  containers.filter(({ role }) => role === 'app');

/** Of a scenario or a plan. */
export const namesOfPlan = (plan: Pick<Plan, 'zones' | 'containers'>, known: KnownNames): readonly string[] =>
  known(measuredZones(plan), namedApplications(plan));

/**
 * The same, and what could be measured of zones with other applications: an event is written once, for any topology,
 * and says of a run that lacks something that it has nothing to set beside it.
 */
export const namesOfEvents = (plan: Pick<Plan, 'zones' | 'containers'>, known: KnownNames): readonly string[] => [
  ...namesOfPlan(plan, known),
  ...known(measuredZones(plan)),
];
