import { describe, expect, test } from 'vitest';
import { checkRun } from '../../../harness/check/check-run.ts';
import type { HistoryRecord } from '../../../harness/history/records.ts';
import { measureRun } from '../../../harness/measure/measure-run.ts';
import { realisticRun } from '../measure/realistic-run.ts';
import { runEnd } from '../measure/record-builders.ts';

const EXPECTATIONS = [
  'D > F',
  'storm.stuckShare(at: trigger.end + 10s) = (D − F) / V ± 5 points',
  'storm.seconds >= 5 * trigger.seconds',
  'app.a.availability < 100%',
  'app.b.availability >= 99 %',
  'ledger.lost = 0',
];
const { plan, records } = realisticRun({ expectations: EXPECTATIONS });

type Change = (record: HistoryRecord) => HistoryRecord | null;
const changed = (change: Change): readonly HistoryRecord[] =>
  records.map(change).filter((record): record is HistoryRecord => record !== null);
const without = (isLeftOut: (record: HistoryRecord) => boolean) =>
  changed((record) => (isLeftOut(record) ? null : record));

const judge = (history: readonly HistoryRecord[], expectations: readonly string[] = EXPECTATIONS) => {
  const lines = expectations.map((text, index) => ({ text, file: 'x.yaml', line: index + 1 }));
  return checkRun(measureRun({ ...plan, expectations: lines }, history));
};

describe('an unbroken run', () => {
  test('passes', () => {
    expect(judge(records)).toMatchObject({ verdict: { outcome: 'pass', problems: [] } });
  });

  test('fails when an expectation does not hold, and says which, with its numbers', () => {
    const { verdict } = judge(records, ['D > F', 'app.a.availability = 100%']);
    expect(verdict.outcome).toBe('fail');
    expect(verdict.problems).toEqual([
      { check: 'expectation', what: expect.stringContaining('app.a.availability = 100%') },
    ]);
  });

  test('fails when a loss was found, though its scenario does not ask for it; one it asks for is its own affair', () => {
    let isFirst = true;
    const misread = changed((record) => {
      if (record.kind !== 'io' || !isFirst) return record;
      isFirst = false;
      return { ...record, ops: [...record.ops, ['va1', 'read', record.t - 10, record.t - 5, 'failed', 'corrupt']] };
    });
    const { verdict, expectations } = judge(misread, ['D > F']);
    expect(verdict.outcome).toBe('fail');
    expect(verdict.problems[0]?.what).toContain('ledger.lost is at least 1, and no expectation');
    expect(expectations).toHaveLength(1);
    expect(judge(misread, ['D > F', 'ledger.lost = 0']).verdict.outcome).toBe('fail');
    expect(judge(misread, ['D > F', 'ledger.lost = 1']).verdict.outcome).toBe('pass');
  });

  test('a failed expectation outweighs an open one; an open one keeps it from passing', () => {
    expect(judge(records, ['D < F', 'app.z.availability = 1']).verdict.outcome).toBe('fail');
    const open = judge(records, ['D > F', 'app.z.availability = 1']);
    expect(open.verdict.outcome).toBe('inconclusive');
    expect(open.verdict.problems[0]?.what).toContain('zone z has no application');
  });

  test('an expectation that cannot be read is open', () => {
    const { verdict, expectations } = judge(records, ['D >> F']);
    expect(verdict.outcome).toBe('inconclusive');
    expect(expectations[0]).toMatchObject({ held: null, explanation: expect.stringContaining('cannot be judged') });
  });

  test('a check that throws makes it inconclusive', () => {
    const checked = checkRun(measureRun(plan, records), [
      function checkWeather() {
        throw new Error('no window');
      },
    ]);
    expect(checked).toMatchObject({
      verdict: {
        outcome: 'inconclusive',
        problems: [{ check: 'error', what: 'checkWeather failed: no window' }],
      },
    });
  });
});

describe('a run that proves nothing is inconclusive, whatever its expectations say', () => {
  const isIo = (record: HistoryRecord) => record.kind === 'io';
  const broken: readonly (readonly [string, string, RegExp, readonly HistoryRecord[]])[] = [
    ['was killed', 'run', /no end/, without((record) => record.kind === 'run.end')],
    [
      'ran into its deadline',
      'run',
      /deadline: 90 s/,
      changed((record) => (record.kind === 'run.end' ? runEnd(record.t, 'deadline', '90 s') : record)),
    ],
    [
      'was interrupted',
      'run',
      /interrupted/,
      changed((record) => (record.kind === 'run.end' ? runEnd(record.t, 'interrupted') : record)),
    ],
    [
      'was unwell before the fault',
      'baseline',
      /use1-b: no request was answered/,
      without((record) => record.kind === 'request' && record.zone === 'use1-b' && record.t < 108_000),
    ],
    [
      'lost a partner before the fault',
      'baseline',
      /1 partners were lost before/,
      changed((record) =>
        record.kind === 'volume' &&
        record.event === 'partner-lost' &&
        record.volume === 'va1' &&
        record.role === 'primary'
          ? { ...record, t: 105_000 }
          : record,
      ),
    ],
    [
      'never applied its fault',
      'dose',
      /never applied/,
      without((record) => record.kind === 'fault' && record.state === 'applied'),
    ],
    ['has no proof of the trigger’s end', 'dose', /not proved/, without((record) => record.kind === 'trigger.end')],
    [
      'misrouted nothing',
      'dose',
      /over a queue that sent/,
      changed((record) => (record.kind === 'queue' ? { ...record, frameBytes: record.frameBytes / 20 } : record)),
    ],
    [
      'has a capacity out of tolerance',
      'dose',
      /is 11 Mbit\/s, asked 9/,
      [
        ...records,
        {
          kind: 'dose',
          source: 'harness',
          t: 99_000,
          fault: 'capacity',
          what: 'a-replication',
          unit: 'Mbit/s',
          asked: 9,
          measured: 11,
          bound: 'equal',
        },
      ],
    ],
    [
      'has nodes that claim to be well while I/O hangs',
      'agreement',
      /stuck share/,
      changed((record) =>
        record.kind === 'volume' && record.event === 'elected' ? { ...record, t: 109_500 } : record,
      ),
    ],
    [
      'lost volumes of pairs that never lost one another',
      'agreement',
      /D, volumes losing their partner: 28/,
      without((record) => record.kind === 'detector' && record.source < 'a5'),
    ],
    [
      'had other room than planned',
      'agreement',
      /F, free slots/,
      changed((record) =>
        record.kind === 'node' && record.source === 'a3' && record.t < 108_000 ? { ...record, slotsFree: 9 } : record,
      ),
    ],
    [
      'saturated the machine',
      'validity',
      /median CPU 7\d\.\d %, limit 70\.0 %/,
      changed((record) => (record.kind === 'host' ? { ...record, busyShare: record.busyShare + 0.3 } : record)),
    ],
    [
      'had a load client that ran late',
      'validity',
      /load client and observer ran late/,
      changed((record) => (record.kind === 'host' ? { ...record, lagP99Ms: 51 } : record)),
    ],
    [
      'had a silent container',
      'validity',
      /a-instances told nothing for 3\.\d s/,
      without((record) => isIo(record) && record.source === 'a-instances' && record.t > 130_000 && record.t < 133_000),
    ],
    ['has no samples of the machine', 'validity', /only 0 samples/, without((record) => record.kind === 'host')],
  ];
  test.each(broken)('a run that %s', (_, check, what, history) => {
    const { verdict } = judge(history);
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.problems).toContainEqual({ check, what: expect.stringMatching(what) });
  });

  test('it stays inconclusive when an expectation fails as well', () => {
    expect(
      judge(
        without((record) => record.kind === 'run.end'),
        ['D < F'],
      ).verdict.outcome,
    ).toBe('inconclusive');
  });
});

describe('wrong data is a failure, not a matter of opinion', () => {
  test.each([
    ['an older write on one replica', (sequence: number) => [sequence - 1, sequence - 1, 0] as const],
    ['a bad checksum on one replica', (sequence: number) => [sequence, sequence, 1] as const],
  ])('%s', (_, found) => {
    let left = 1;
    const history = changed((record) => {
      if (record.kind !== 'replica' || left === 0) return record;
      left -= 1;
      const [first, ...rest] = record.extents;
      return first === undefined ? record : { ...record, extents: [[first[0], ...found(first[1])], ...rest] };
    });
    const { verdict } = judge(history);
    expect(verdict.outcome).toBe('fail');
    expect(verdict.problems[0]?.what).toContain('ledger.lost = 0');
  });

  test('a replica of one epoch less is unverified', () => {
    const history = changed((record) => (record.kind === 'replica' ? { ...record, epoch: record.epoch - 1 } : record));
    const { expectations } = judge(history, ['ledger.unverified = 0', 'ledger.verified = 0']);
    expect(expectations.map(({ held }) => held)).toEqual([false, true]);
  });
});

describe('what was not verified is not ok', () => {
  const SAFETY = ['ledger.lost = 0'];
  const reader = (exitCode: number): HistoryRecord => ({
    ...{ kind: 'reader', source: 'harness', t: 170_000, disks: ['/disks/0/a1', '/disks/0/a2'], exitCode },
    ...{ reason: null, tornLines: 0, example: null },
  });
  const read = ['/disks/0/a1', '/disks/0/a2'].map((path): HistoryRecord => {
    return { kind: 'disk', source: 'reader', t: 169_000, path, files: 1 };
  });
  const [first] = records.filter((record) => record.kind === 'replica');
  const unread = (history = records) => history.filter((one) => one.kind !== 'replica' || one.node !== 'a3');

  test.each([
    ['a disk was not read', unread(), /extents are not verified, such as of .*no replica read/],
    ['the reader was killed', [...records, ...read, reader(137)], /the reader of disks: it was killed/],
    ['the reader read fewer disks', [...records, ...read.slice(1), reader(0)], /1 of 2 disks were read/],
    ['the store was not read', without(({ kind }) => kind === 'membership'), /store was not read/],
    ['a volume has no ledger', without((one) => one.kind === 'ledger' && one.volume === first?.volume), /ledger of/],
    ['no writer left a ledger', without(({ kind }) => kind === 'ledger'), /no writer/],
    [
      'a writer has forgotten',
      changed((one) => (one.kind === 'ledger' ? { ...one, acknowledged: one.acknowledged - 1 } : one)),
      /forgotten/,
    ],
  ])('%s: a safety claim alone makes the run inconclusive, and so does none at all', (_, history, why) => {
    const { verdict, expectations } = judge(history, SAFETY);
    expect(expectations[0]).toMatchObject({ held: null, left: null, explanation: expect.stringMatching(why) });
    expect(verdict.outcome).toBe('inconclusive');
    expect(verdict.problems.map(({ check }) => check)).toContain('verification');
    expect(judge(history, ['D > F']).verdict.outcome).toBe('inconclusive');
  });

  test('a reader that ended well, with every disk, is no problem', () => {
    expect(judge([...records, ...read, reader(0)], SAFETY).verdict.outcome).toBe('pass');
  });

  test('a loss that was found stays a failure, and is a lower bound', () => {
    const spoilt = unread().map((one) => (one === first ? { ...first, extents: [] } : one));
    expect(spoilt).not.toContain(first);
    const { verdict, expectations } = judge(spoilt, SAFETY);
    expect(verdict.outcome).toBe('fail');
    expect(expectations[0]).toMatchObject({
      held: false,
      explanation: expect.stringMatching(/ledger.lost ≥ 4 \(\d+ of \d+ extents are not verified/),
    });
  });
});

describe('a misroute shorter than the nodes’ stats interval', () => {
  const short = (isThrough: boolean) =>
    changed((record) => {
      if (record.kind === 'trigger.end') return { ...record, routesRestoredAt: 108_400, drainedAt: 109_000 };
      // Nothing but the baseline's bytes crosses the thin network.
      if (record.kind === 'queue' && record.source === 'a-replication' && !isThrough) {
        return { ...record, frameBytes: (record.t - 99_000) * 30 };
      }
      return record;
    });
  const doseOf = (history: readonly HistoryRecord[]) =>
    judge(history).verdict.problems.filter((problem) => problem.check === 'dose');

  test('is proved by bytes beyond the baseline, and inconclusive without them', () => {
    expect(doseOf(short(true))).toEqual([]);
    expect(doseOf(short(false))).toEqual([
      {
        check: 'dose',
        what: expect.stringMatching(/^the misroute sent -?\d+ bytes through the thin network, \d{5,} were expected$/),
      },
    ]);
  });
});

describe('a run without a fault', () => {
  test('is judged without a trigger', () => {
    const calm = { ...plan, phases: plan.phases.map((phase) => ({ ...phase, faults: [] })) };
    const quiet = without(
      (record) =>
        record.kind === 'fault' ||
        record.kind === 'trigger.end' ||
        record.kind === 'volume' ||
        record.kind === 'detector',
    );
    const expectations = ['volumes.degraded = 0', 'nodes.lost = 0', 'D = 0', 'app.b.availability = 100%'];
    const checked = checkRun(
      measureRun({ ...calm, expectations: expectations.map((text) => ({ text, file: 'x.yaml', line: 1 })) }, quiet),
    );
    expect(checked).toMatchObject({ verdict: { outcome: 'pass', problems: [] } });
  });
});
