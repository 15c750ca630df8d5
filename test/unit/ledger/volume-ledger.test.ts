import { describe, expect, it } from 'vitest';
import { VolumeLedger } from '../../../fixtures/storage/ledger/volume-ledger.ts';

describe('VolumeLedger', () => {
  it('numbers writes across extents and lists what was acknowledged and what may be found', () => {
    const ledger = new VolumeLedger();
    expect([ledger.begin(7), ledger.begin(2), ledger.begin(9)]).toEqual([1, 2, 3]);
    ledger.acknowledge(7, 1, 10);
    expect(ledger.entries()).toEqual([
      [2, 0, 2],
      [7, 1],
      [9, 0, 3],
    ]);
    expect(ledger.acknowledged).toBe(1);
  });

  it('ends the doubt about an older write when a younger one of the extent is acknowledged', () => {
    const ledger = new VolumeLedger();
    const doubtful = ledger.begin(0);
    expect(ledger.mayHold(0, [doubtful, 0])).toBe(true);
    ledger.acknowledge(0, ledger.begin(0), 10);
    expect(ledger.entries()).toEqual([[0, 2]]);
    expect(ledger.mayHold(0, [doubtful])).toBe(false);
  });

  it('forgets a write that was never sent', () => {
    const ledger = new VolumeLedger();
    ledger.refuse(0, ledger.begin(0));
    expect(ledger.entries()).toEqual([]);
    expect(ledger.mayHold(0, [1])).toBe(false);
  });

  it('tells a correct disk from one that lost, tore, damaged or resurrected a write', () => {
    const ledger = new VolumeLedger();
    ledger.acknowledge(0, ledger.begin(0), 10);
    ledger.acknowledge(0, ledger.begin(0), 10);
    expect(ledger.mayHold(0, [2, 2])).toBe(true);
    expect(ledger.mayHold(0, [0, 0])).toBe(false); // lost
    expect(ledger.mayHold(0, [1, 1])).toBe(false); // resurrected
    expect(ledger.mayHold(0, [2, 1])).toBe(false); // torn
    expect(ledger.mayHold(0, [2, undefined])).toBe(false); // damaged
    expect(ledger.mayHold(0, [3, 3])).toBe(false); // never written
    expect(ledger.mayHold(1, [0, 0])).toBe(true);
    expect(ledger.mayHold(1, [1, 1])).toBe(false);
  });
});
