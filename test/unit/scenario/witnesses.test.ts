import { expect, test } from 'vitest';
import type { Laid } from '../../../harness/scenario/fault-language.ts';
import type { PlanFault, PlanPhase } from '../../../harness/scenario/plan.ts';
import { WITNESSES_MAX, witnessesOf } from '../../../harness/scenario/witnesses.ts';
import { planFault } from '../measure/small-plan.ts';

const LINKS = Array.from({ length: 60 }, (_, i) => `a${i}->b${i}@primary`);

const laid = {
  containers: [{ id: 'a-gauge', role: 'gauge' }],
  links: [...LINKS, 'host->a-app@primary', 'a-gauge->a-gauge@primary'].map((id) => {
    const [source = '', rest = ''] = id.split('->');
    return { id, source, destination: rest.split('@')[0], router: 'a-primary' };
  }),
} as unknown as Laid;

const cut = (id: string, ...links: string[]): PlanFault =>
  planFault(id, {
    experience: { open: 'silent', fresh: 'silent', addedRttMs: 0, capacityMbit: null },
    targets: { zone: 'use1-a', routers: [], links, containers: [] },
  });
const chosen = (...faults: PlanFault[]) => witnessesOf(laid, [{ name: 'one', faults } as unknown as PlanPhase]);

test('a fault has its first and its last link witnessed', () => {
  expect(chosen(cut('cut-1', ...LINKS.slice(0, 9)))).toEqual([
    { link: LINKS[0], listenPort: 30_000, port: 7300 },
    { link: LINKS[8], listenPort: 30_001, port: 7300 },
  ]);
});

test('of several occurrences on the same links the first one’s witnesses do', () => {
  expect(chosen(cut('cut-1.1', 'a1->b1@primary'), cut('cut-1.2', 'a1->b1@primary'))).toHaveLength(1);
});

test('each fault gets one before any gets a second, and there is a limit', () => {
  const many = (count: number) =>
    chosen(...Array.from({ length: count }, (_, i) => cut(`cut-${i}`, LINKS[2 * i] ?? '', LINKS[2 * i + 1] ?? ''))).map(
      ({ link }) => link,
    );
  const firsts = (count: number) => LINKS.filter((_, i) => i % 2 === 0).slice(0, count);
  expect(many(12)).toEqual(expect.arrayContaining(firsts(12)));
  expect(many(12)).toHaveLength(WITNESSES_MAX);
  expect(many(20)).toEqual(firsts(WITNESSES_MAX));
});

test('a link from the host has an echo of its own, as what is done to its packets goes by the echo’s port', () => {
  const [own, other] = chosen(cut('cut-1', 'host->a-app@primary'), cut('cut-2', 'a1->b1@primary'));
  expect(own?.link).toBe('host->a-app@primary');
  expect(own?.port).not.toBe(other?.port);
});

test('a gauge needs none for its own links', () => {
  expect(chosen(cut('cut-1', 'a-gauge->a-gauge@primary'))).toEqual([]);
});
