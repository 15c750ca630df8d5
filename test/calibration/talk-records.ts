import type { TalkRecord } from '../../fixtures/probe/talk-protocol.ts';
import type { ProbeLab } from '../container/probe-lab.ts';

/** What destinations have printed of conversations, of all or of one. */
export function talkRecords(probe: ProbeLab, name?: string): TalkRecord[] {
  const records = probe.records as readonly (TalkRecord | ProbeLab['records'][number])[];
  return records.filter((one): one is TalkRecord => one.kind === 'talk' && (name === undefined || one.name === name));
}
