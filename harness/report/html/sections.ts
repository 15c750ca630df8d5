import { ALL_CALLS } from '../../measure/api.ts';
import { applicationLabel } from '../application-label.ts';
import type { Result } from '../result-schema.ts';
import type { Section, SectionTitle } from '../section.ts';
import { sectionsOf } from '../sections.ts';
import { besideEventTable } from './beside-event.ts';
import { escapeHtml } from './escape.ts';
import { loopFigure } from './loop-figure.ts';
import * as tables from './tables.ts';

/** What the page has of a section beyond its labelled values. */
interface Extra {
  /** What the reader must know to read the numbers right. */
  readonly note?: string | ((result: Result) => string);
  /** Instead of the labelled values, which it holds too. */
  readonly instead?: (result: Result) => string;
  /** Below the labelled values. */
  readonly below?: (result: Result) => string;
}

const EXTRAS: Readonly<Partial<Record<SectionTitle, Extra>>> = {
  Expectations: { instead: tables.expectationsTable },
  'The loop': {
    note: 'What sustained the storm of 2011, with the numbers of this run. Grey and dashed: this run did not have it. An arrow says that both were measured, and in this order the model has them; that one caused the other is told by runs without one of them.',
    instead: loopFigure,
  },
  'Beside the event': {
    note: ({ besideTheEvent: beside }) =>
      `${beside?.name}, by ${beside?.source}. What it states stands here in words of ours. No size, no timeout and no rate of the model is from there unless its origin below is “stated”.`,
    instead: ({ besideTheEvent: beside }) => (beside === undefined ? '' : besideEventTable(beside)),
  },
  Dose: {
    note: 'A capacity is 10⁶ bit/s of TCP payload at the receiver. A router has one queue for everything that passes it. Rates here are bytes of frames that left the queue × 1,448/1,514, the payload of a full frame: an upper bound where messages are small.',
    below: tables.queuesTable,
  },
  Fabric: {
    note: 'Gauges measured every router’s path before the run and during it; witnesses saw what the connections of a link saw while a fault was in force.',
  },
  Agreement: {
    note: 'Each of these was measured in two ways. Where they disagree, one of them is wrong, and the run is inconclusive.',
    instead: tables.agreementTable,
  },
  Applications: {
    note: 'Open-loop requests from outside the zones. Failed, unknown and unfinished ones count against availability and rank slower than every success; ≥ marks a lower bound. Availability has an interval of 95 % over blocks of time, which counts outages and not requests. No percentile from too few samples.',
    instead: ({ applications }) =>
      tables.operationsTable(
        applications.map((entry) => ({ name: applicationLabel(entry, applications), periods: entry.periods })),
      ),
  },
  'Block I/O of the instances': {
    note: 'There is no time limit here: an operation that hung until the election is ok, and slow.',
    instead: ({ blockIo }) =>
      tables.operationsTable(
        blockIo.map(({ zone, volumes, periods }) => ({
          name: volumes === 'all' ? zone : `${zone}, ${volumes}`,
          periods,
        })),
      ),
  },
  'Control plane': {
    note: 'Users’ calls come by an open loop; one is given up after a time that the control plane does not know of. A worker that goes on with it works in vain.',
    below: ({ controlPlane }) =>
      tables.operationsTable(
        controlPlane.api.map(({ zone, call, periods }) => ({
          name: call === ALL_CALLS ? zone : `${zone}, ${call}`,
          periods,
        })),
      ),
  },
  Operator: {
    note: 'What operators did, each read back once it was done, and the means of what it should move over the 10 s before it was asked for and the 10 s after it was done.',
    instead: tables.operatorTable,
  },
  Ledger: {
    note: 'Every write to the first half of a volume was numbered and checksummed, and compared after the measurement with the replicas of the highest confirmed epoch on disk. A flushed write is an fdatasync inside the engine’s volume: it survives the end of a process or a container. That it would survive a loss of power is not proven here.',
  },
  History: {
    note: 'Programs write the kinds of records of their role. A line that claims to be another record, or is none of its kind, is left out and counted, and the run proves nothing: what it would have said is unknown.',
  },
  Validity: { below: tables.lagTable },
  Parameters: {
    note: 'A chosen value is this model’s own and no historic fact. A stated one is given by the source named; a derived one follows from others.',
    below: tables.parametersTable,
  },
};

/** Every section of the one list, in its order. */
export const renderSections = (result: Result): string =>
  sectionsOf(result)
    .map((section) => renderSection(result, section))
    .join('\n');

function renderSection(result: Result, { title, rows }: Section): string {
  const { note, instead, below } = EXTRAS[title] ?? {};
  const noteText = typeof note === 'function' ? note(result) : note;
  const aside = noteText === undefined ? '' : `<p class="aside">${tables.linked(noteText)}</p>`;
  const body = instead?.(result) ?? `${tables.labelledValues(rows)}${below?.(result) ?? ''}`;
  return `<section><h2>${escapeHtml(title)}</h2>${aside}${body}</section>`;
}
