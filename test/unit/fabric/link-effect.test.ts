import { describe, expect, test } from 'vitest';
import {
  combine,
  differences,
  type LinkEffect,
  type ProxyState,
  type Toxic,
} from '../../../harness/fabric/link-effect.ts';

const base = { name: 'a1-a2', listen: '10.0.0.2:20000', upstream: '10.0.0.3:7000' };
const toxic = (type: Toxic['type'], attributes: Toxic['attributes'], stream: Toxic['stream'] = 'upstream'): Toxic => ({
  type,
  stream,
  attributes,
});
const stall: LinkEffect = { toxics: [toxic('bandwidth', { rate: 0 }), toxic('bandwidth', { rate: 0 }, 'downstream')] };
const slow: LinkEffect = { toxics: [toxic('latency', { latency: 50, jitter: 0 })] };
const detour: LinkEffect = { upstream: '10.0.0.9:40000' };
const with_ = (...effects: readonly (readonly [string, LinkEffect])[]): ProxyState => combine(base, new Map(effects));

describe('a link with the effects of faults', () => {
  test('none: as it is laid out', () => {
    expect(with_()).toEqual({ ...base, enabled: true, toxics: new Map() });
  });

  test('several at once are added up, and what one of them was is left when the other ends', () => {
    const both = with_(['cut-1', { refuse: true }], ['delay-1', slow]);
    expect(both).toMatchObject({ enabled: false, upstream: base.upstream });
    expect([...both.toxics.keys()]).toEqual(['delay-1.latency.upstream.50.0']);
    expect(with_(['delay-1', slow])).toMatchObject({ enabled: true });
    expect(with_(['cut-1', { refuse: true }]).toxics.size).toBe(0);
  });

  test('two faults of one kind have toxics of their own', () => {
    const { toxics } = with_(['cut-1', stall], ['cut-2', stall]);
    expect([...toxics.keys()]).toEqual([
      'cut-1.bandwidth.upstream.0',
      'cut-1.bandwidth.downstream.0',
      'cut-2.bandwidth.upstream.0',
      'cut-2.bandwidth.downstream.0',
    ]);
  });

  test('of two that re-point it the later wins, and the earlier is there when that ends', () => {
    const later: LinkEffect = { upstream: '10.0.0.9:41000' };
    expect(with_(['misroute-1', detour], ['misroute-2', later]).upstream).toBe('10.0.0.9:41000');
    expect(with_(['misroute-2', later], ['misroute-1', detour]).upstream).toBe('10.0.0.9:40000');
    expect(with_(['misroute-1', detour], ['cut-1', { refuse: true }]).upstream).toBe('10.0.0.9:40000');
  });
});

describe('differences from what should be', () => {
  const wanted = with_(['cut-1', stall]);

  test('none, whatever else the server says of a toxic', () => {
    expect(differences(wanted, with_(['cut-1', stall]))).toEqual([]);
    const more = new Map(
      [...wanted.toxics].map(([id, one]) => [id, { ...one, attributes: { ...one.attributes, x: 1 } }]),
    );
    expect(differences(wanted, { ...wanted, toxics: more })).toEqual([]);
  });

  test('each is told', () => {
    expect(differences(wanted, undefined)).toEqual(['a1-a2 is missing']);
    expect(differences(wanted, { ...wanted, enabled: false })).toEqual(['a1-a2 is disabled']);
    expect(differences(with_(['cut-1', { refuse: true }]), with_())).toEqual(['a1-a2 is enabled']);
    expect(differences(with_(), with_(['misroute-1', detour]))).toEqual(['a1-a2 leads to 10.0.0.9:40000']);
    expect(differences(with_(), wanted)).toEqual([
      'a1-a2 has the toxic cut-1.bandwidth.upstream.0',
      'a1-a2 has the toxic cut-1.bandwidth.downstream.0',
    ]);
    expect(differences(with_(['delay-1', slow]), with_())).toEqual([
      'a1-a2 lacks the toxic delay-1.latency.upstream.50.0',
    ]);
    const other: LinkEffect = { toxics: [toxic('latency', { latency: 60, jitter: 0 })] };
    expect(differences(with_(['delay-1', slow]), with_(['delay-1', other]))).toEqual([
      'a1-a2 has the toxic delay-1.latency.upstream.60.0',
      'a1-a2 lacks the toxic delay-1.latency.upstream.50.0',
    ]);
    const lied = new Map([...wanted.toxics].map(([id, one]) => [id, { ...one, attributes: { rate: 7 } }]));
    expect(differences(wanted, { ...wanted, toxics: lied })).toEqual([
      'a1-a2 has other attributes of cut-1.bandwidth.upstream.0',
      'a1-a2 has other attributes of cut-1.bandwidth.downstream.0',
    ]);
  });
});
