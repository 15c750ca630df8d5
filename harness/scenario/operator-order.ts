import type { Dial } from './container-config.ts';
import type { Plane } from './plan.ts';

/**
 * What an operator tells a program of the fixtures, over its container's stdin: one JSON object a line. It does not
 * cross a link, so no fault keeps an operator from a program, as those of 2011 had other ways to their machines than
 * the network that was broken.
 */
export interface OperatorLine {
  /** The action's, which the answer repeats. */
  readonly id: string;
  readonly order: OperatorOrder;
}

export type OperatorOrder =
  /** To the control plane: whether it makes volumes in the zone. */
  | { readonly do: 'creation'; readonly zone: string; readonly allowed: boolean }
  /** To the control plane: workers and a lane of the store for this zone alone. */
  | { readonly do: 'dedicate'; readonly zone: string; readonly workers: number }
  /** To a node: whether it looks for space at its peers. */
  | { readonly do: 'search'; readonly allowed: boolean }
  /** To a node: volumes that wait go on so many a second; `null`: all at once. */
  | { readonly do: 'readmit'; readonly perSecond: number | null }
  /** To the control plane: volumes that are on these nodes alone, which have ended, come back from their snapshots. */
  | {
      readonly do: 'restore';
      readonly zone: string;
      readonly failedNodes: readonly string[];
      readonly batchSize: number;
    }
  /** To nodes and the control plane: a node that is new in the zone, and where to dial it. */
  | {
      readonly do: 'join';
      readonly zone: string;
      readonly node: string;
      readonly dials: Readonly<Partial<Record<Plane, Dial>>>;
    };

/** What a program says of itself once it has done what it was told: the state that is in force in it. */
export type OperatorState = Readonly<Record<string, string | number>>;

/**
 * What an order sets, if it sets something: of orders with one subject the last is in force, and a program that was
 * started again has to be told it again. `null`: it is an act, which is done once and never again, as what it was meant
 * for has been done or has changed since.
 */
export function subjectOf(order: OperatorOrder): string | null {
  switch (order.do) {
    case 'creation':
    case 'dedicate':
      return `${order.do} ${order.zone}`;
    case 'search':
    case 'readmit':
      return order.do;
    case 'join':
      return `${order.do} ${order.node}`;
    case 'restore':
      return null;
  }
}
