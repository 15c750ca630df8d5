import type { Role } from '../scenario/plan.ts';
import type { HistoryRecord } from './records.ts';

/**
 * Who writes records: the harness itself, programs of the instrument that it starts beside a run's own (`witness`,
 * `reader`), and the programs of containers, by their role.
 */
export type Writer = 'harness' | 'witness' | 'reader' | Role;
type Kind = HistoryRecord['kind'];

const HARNESS = ['harness'] as const;
const NODES = ['node', 'spare'] as const;
const PAIRS = ['database-primary', 'database-standbys', 'failover-agent'] as const;
const PROGRAMS = [
  ...NODES,
  ...PAIRS,
  ...(['control-plane', 'instances', 'app', 'users', 'databases', 'gauge', 'database-clients'] as const),
] satisfies readonly Role[];

/** Who may write a kind of record. What anybody else prints in its form is none. */
const WRITERS: Readonly<Record<Kind, readonly Writer[]>> = {
  'run.start': HARNESS,
  'run.end': HARNESS,
  bypass: HARNESS,
  phase: HARNESS,
  fault: HARNESS,
  action: HARNESS,
  'router.replaced': HARNESS,
  'final-state': HARNESS,
  exit: HARNESS,
  queue: HARNESS,
  'trigger.end': HARNESS,
  host: HARNESS,
  request: HARNESS,
  dose: HARNESS,
  links: HARNESS,
  misfit: HARNESS,
  reader: HARNESS,
  witness: ['witness'],
  'witness.echo': ['witness'],
  'gauge.path': ['gauge'],
  gauge: ['gauge'],
  ready: PROGRAMS,
  operated: [...NODES, 'control-plane'],
  detector: NODES,
  volume: NODES,
  node: NODES,
  'node.calls': NODES,
  crash: NODES,
  io: ['instances'],
  'io.unfinished': ['instances'],
  ledger: ['instances'],
  election: ['control-plane'],
  snapshot: ['control-plane'],
  control: ['control-plane'],
  api: ['users'],
  'api.unfinished': ['users'],
  databases: ['databases'],
  'databases.unfinished': ['databases'],
  'database.ledger': ['databases'],
  multiZone: [...PAIRS, 'database-clients'],
  'multiZone.event': PAIRS,
  'multiZone.unfinished': ['database-clients'],
  'multiZone.ledger': ['database-clients'],
  app: ['app'],
  'database.content': ['reader'],
  replica: ['reader'],
  membership: ['reader'],
  disk: ['reader'],
  unread: ['reader'],
};

export const isKind = (kind: string): kind is Kind => Object.hasOwn(WRITERS, kind);

export const mayWrite = (writer: Writer, kind: Kind): boolean => WRITERS[kind].includes(writer);

/** Kinds that have nobody but the harness as their source, not a container or router that they would be about. */
const OF_THE_HARNESS: ReadonlySet<Kind> = new Set<Kind>([
  'run.start',
  'run.end',
  'phase',
  'fault',
  'action',
  'final-state',
  'host',
]);

/** Whether a record of `kind` can be of `source`, as far as that is known without the plan. */
export const fitsSource = (kind: Kind, source: string): boolean => !OF_THE_HARNESS.has(kind) || source === 'harness';
