import { describe, expect, test } from 'vitest';
import { armsOf, parseArm, UNCHANGED } from '../../../harness/campaign/arms.ts';
import { type Asked, differences } from '../../../harness/campaign/asked.ts';
import { BadCampaignError } from '../../../harness/campaign/bad-campaign-error.ts';
import { axesOf, gridOf, parseAxis } from '../../../harness/campaign/grid.ts';
import { labsAtOnce } from '../../../harness/campaign/labs-at-once.ts';
import { interleave } from '../../../harness/campaign/order.ts';
import { parseSeeds } from '../../../harness/campaign/seeds.ts';

describe('arms', () => {
  test('a name, and settings as --set takes them', () => {
    expect(parseArm('2011')).toEqual({ name: '2011', settings: {} });
    expect(parseArm('buffer:capacityBuffer=true,thin.capacity=9mbit')).toEqual({
      name: 'buffer',
      settings: { capacityBuffer: 'true', 'thin.capacity': '9mbit' },
    });
  });

  test.each([
    ['../up:a=1', '`../up`'],
    [':a=1', '``'],
    ['x:', 'found ``, expected key=value'],
    ['x:a', 'found `a`, expected key=value'],
    ['x:a=', 'found `a=`'],
    ['x:a=1,a=2', 'a is set twice'],
  ])('%s is refused', (text, message) => {
    expect(() => parseArm(text)).toThrow(BadCampaignError);
    expect(() => parseArm(text)).toThrow(message);
  });

  test('the first is the control; without one that changes nothing, that one is added before them', () => {
    const [buffer, plain] = [parseArm('buffer:capacityBuffer=true'), parseArm('plain')];
    expect(armsOf([buffer])).toEqual([UNCHANGED, buffer]);
    expect(armsOf([plain, buffer])).toEqual([plain, buffer]);
    expect(armsOf([buffer, plain])).toEqual([buffer, plain]);
    expect(() => armsOf([])).toThrow('at least one --arm');
    expect(armsOf([plain])).toEqual([plain]);
    expect(() => armsOf([parseArm('2011:capacityBuffer=true')])).toThrow('two arms are named 2011');
  });
});

test('seeds: how many, or which ones', () => {
  expect(parseSeeds('3')).toEqual([1, 2, 3]);
  expect(parseSeeds('3,5,7')).toEqual([3, 5, 7]);
  expect(parseSeeds('0, 4')).toEqual([0, 4]);
  for (const text of ['0', '', 'x', '1,x', '-1', '1.5', '2,2', '1001', '1,']) {
    expect(() => parseSeeds(text), text).toThrow(BadCampaignError);
  }
});

test('arms of one seed after another, each seed beginning one arm later', () => {
  const order = interleave(['a', 'b', 'c'], [1, 2, 4, 9]);
  expect(order.map(({ arm, seed }) => `${arm}${seed}`).join(' ')).toBe('a1 b1 c1 b2 c2 a2 c4 a4 b4 a9 b9 c9');
});

describe('grid', () => {
  test('every combination once, the last axis fastest, named after its values', () => {
    const arms = gridOf([parseAxis('a.b=1,2'), parseAxis('c=x, y,z')]);
    expect(arms.map(({ name }) => name)).toEqual([
      ...['a.b=1+c=x', 'a.b=1+c=y', 'a.b=1+c=z'],
      ...['a.b=2+c=x', 'a.b=2+c=y', 'a.b=2+c=z'],
    ]);
    expect(arms[4]?.settings).toEqual({ 'a.b': '2', c: 'y' });
  });

  test.each(['a', '=1', 'a=', 'a=1,', 'a=1,1', 'a=../x', 'a=1/2'])('%s is refused', (text) => {
    expect(() => parseAxis(text)).toThrow(BadCampaignError);
  });

  test('one axis for a key, and at least one', () => {
    expect(() => axesOf([parseAxis('a=1'), parseAxis('a=2')])).toThrow('given twice');
    expect(() => axesOf([])).toThrow('at least one --over');
  });
});

test('labs at once: one for four cores and 4 GiB, and always one', () => {
  const gib = 1024 ** 3;
  expect([labsAtOnce(2, 23 * gib), labsAtOnce(8, 64 * gib), labsAtOnce(64, 8 * gib), labsAtOnce(1, gib)]).toEqual([
    1, 2, 2, 1,
  ]);
});

describe('going on with a campaign', () => {
  const asked: Asked = {
    schemaVersion: 1,
    command: 'compare',
    scenario: 's',
    preset: 'fast',
    seeds: [1, 2],
    set: { b: '2', a: '1' },
    arms: [
      { name: '2011', settings: {} },
      { name: 'x', settings: { k: 'v' } },
    ],
    tolerance: null,
    outlives: null,
    shaping: null,
    plans: 'abc',
  };

  test('nothing differs, in whatever order settings were given', () => {
    expect(differences(asked, { ...asked, set: { a: '1', b: '2' } })).toEqual([]);
  });

  test('says what differs, and blames the plans only when nothing else explains it', () => {
    expect(differences(asked, { ...asked, seeds: [1, 2, 3], plans: 'def' })).toEqual(['--seeds: 1 2 then, 1 2 3 now']);
    expect(differences(asked, { ...asked, arms: asked.arms.slice(0, 1) })).toEqual([
      'the arms: 2011:none x:k=v then, 2011:none now',
    ]);
    expect(differences(asked, { ...asked, set: {} })).toEqual(['--set: a=1,b=2 then, none now']);
    expect(differences(asked, { ...asked, plans: 'def' })[0]).toMatch(/has changed since: abc then, def now/);
  });
});
