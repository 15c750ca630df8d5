import { describe, expect, test } from 'vitest';
import { confirm, elect, promote, yieldToMirror } from '../../../fixtures/storage/control-plane/membership.ts';
import type { VolumeConfig } from '../../../fixtures/storage/disk/volume-config.ts';

const mirrored: VolumeConfig = { volume: 'v', epoch: 1, primary: 'a', mirror: 'b', joining: null, retained: null };
const joining: VolumeConfig = { volume: 'v', epoch: 2, primary: 'a', mirror: null, joining: 'c', retained: 'b' };

describe('elect', () => {
  test('raises the epoch, lets the new node join, and retains the mirror', () => {
    const decision = elect(mirrored, { node: 'a', epoch: 1, joining: 'c' });
    expect(decision).toEqual({ answer: 'elected', config: joining, changed: true });
  });

  test('is answered again when the first answer was lost', () => {
    expect(elect(joining, { node: 'a', epoch: 1, joining: 'c' })).toMatchObject({ answer: 'elected', changed: false });
  });

  test.each([
    ['an old epoch', { node: 'a', epoch: 1, joining: 'd' }],
    ['a node that is not primary', { node: 'b', epoch: 2, joining: 'd' }],
    ['a primary that would join itself', { node: 'a', epoch: 2, joining: 'a' }],
  ])('refuses %s', (_, call) => {
    expect(elect(joining, call)).toEqual({ answer: 'refused', config: joining, changed: false });
  });

  test('keeps the last whole copy when the joining node is replaced', () => {
    const { config } = elect(joining, { node: 'a', epoch: 2, joining: 'd' });
    expect(config).toEqual({ ...joining, epoch: 3, joining: 'd' });
  });
});

describe('promote', () => {
  test('makes the confirmed mirror primary once the lease has run out', () => {
    expect(promote(mirrored, { node: 'b', epoch: 1 }, true)).toEqual({
      answer: 'elected',
      config: { volume: 'v', epoch: 2, primary: 'b', mirror: null, joining: null, retained: 'a' },
      changed: true,
    });
  });

  test.each([
    ['the mirror while the lease lasts', mirrored, { node: 'b', epoch: 1 }, false],
    ['a mirror of another epoch', mirrored, { node: 'b', epoch: 0 }, true],
    ['a joining node, which lacks bytes', joining, { node: 'c', epoch: 2 }, true],
    ['a retained copy, which lacks writes', joining, { node: 'b', epoch: 1 }, true],
  ])('lets %s wait', (_, config, call, expired) => {
    expect(promote(config, call, expired)).toEqual({ answer: 'wait', config, changed: false });
  });

  test('tells a node that is not named that it is superseded', () => {
    expect(promote(mirrored, { node: 'z', epoch: 1 }, true).answer).toBe('superseded');
  });

  test('never leaves two primaries: after a promotion the old one is refused whatever it asks', () => {
    const { config } = promote(mirrored, { node: 'b', epoch: 1 }, true);
    expect(elect(config, { node: 'a', epoch: 1, joining: 'c' }).answer).toBe('refused');
    expect(elect(config, { node: 'a', epoch: 2, joining: 'c' }).answer).toBe('refused');
    expect(confirm(config, { node: 'a', epoch: 1, joining: 'b' }).answer).toBe('refused');
    expect(promote(config, { node: 'a', epoch: 1 }, true).answer).toBe('wait');
  });
});

describe('confirm', () => {
  const confirmed = { ...joining, mirror: 'c', joining: null, retained: null };

  test('makes the joining node the mirror and lets the retained copy go', () => {
    const call = { node: 'a', epoch: 2, joining: 'c' };
    expect(confirm(joining, call)).toEqual({ answer: 'confirmed', config: confirmed, changed: true });
    expect(confirm(confirmed, call)).toEqual({ answer: 'confirmed', config: confirmed, changed: false });
  });

  test.each([
    ['another epoch', { node: 'a', epoch: 1, joining: 'c' }],
    ['another caller', { node: 'b', epoch: 2, joining: 'c' }],
    ['a node that does not join', { node: 'a', epoch: 2, joining: 'd' }],
  ])('refuses %s', (_, call) => {
    expect(confirm(joining, call)).toEqual({ answer: 'refused', config: joining, changed: false });
  });
});

test('whose the volume is stays through every change of its members', () => {
  const attached = { ...mirrored, attachedTo: 'i-1' };
  const elected = elect(attached, { node: 'a', epoch: 1, joining: 'c' }).config;
  const confirmed = confirm(elected, { node: 'a', epoch: 2, joining: 'c' }).config;
  const promoted = promote(confirmed, { node: 'c', epoch: 2 }, true).config;
  expect([elected, confirmed, promoted].map(({ attachedTo }) => attachedTo)).toEqual(['i-1', 'i-1', 'i-1']);
  expect(promoted).toMatchObject({ epoch: 3, primary: 'c' });
});

describe('yieldToMirror', () => {
  test('makes the confirmed mirror primary at once, and keeps the failed copy until there is another', () => {
    expect(yieldToMirror(mirrored, { node: 'a', epoch: 1 })).toEqual({
      answer: 'yielded',
      config: { volume: 'v', epoch: 2, primary: 'b', mirror: null, joining: null, retained: 'a' },
      changed: true,
    });
  });

  test.each([
    ['an old epoch', mirrored, { node: 'a', epoch: 0 }],
    ['a node that is not primary', mirrored, { node: 'b', epoch: 1 }],
    ['a volume without a confirmed mirror', joining, { node: 'a', epoch: 2 }],
  ])('refuses %s', (_, config, call) => {
    expect(yieldToMirror(config, call)).toEqual({ answer: 'refused', config, changed: false });
  });
});
