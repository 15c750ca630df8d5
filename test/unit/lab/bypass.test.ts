import { expect, test } from 'vitest';
import { FAULTS } from '../../../harness/fault/catalogue.ts';
import { bypassTrials, tryBypass } from '../../../harness/lab/networks/bypass.ts';
import { loadScenario } from '../../../harness/scenario/load-scenario.ts';

const load = (scenario: string, preset: string) =>
  loadScenario(scenario, { preset, seed: 1, overrides: {}, block: '198.18.0.0/22', faults: FAULTS });

test.each([
  ['ebs-2011', 'fast'],
  ['ebs-2011', 'full'],
  ['ebs-2011-multi-zone', 'fast'],
])('in %s, %s, few containers try every address of others, on every network with two of them', async (name, preset) => {
  const plan = await load(name, preset);
  const trials = bypassTrials(plan);
  expect(trials.length).toBeLessThan(5);
  for (const { network } of plan.zones.flatMap((zone) => zone.planes)) {
    const on = plan.containers.filter((one) => one.attachments.some((attachment) => attachment.network === network));
    const from = on.find(({ id }) => trials.some((trial) => trial.from === id));
    if (on.length < 2) continue;
    expect(from, network).toBeDefined();
    const { direct = [] } = trials.find((trial) => trial.from === from?.id) ?? {};
    const others = on.filter((one) => one !== from).flatMap((one) => one.attachments);
    for (const { ip } of others) expect(direct).toContain(`${ip}:9`);
  }
  for (const { from, direct, routers } of trials) {
    const own = plan.containers.find(({ id }) => id === from)?.attachments ?? [];
    for (const { ip } of own) expect(direct).not.toContain(`${ip}:9`);
    expect(routers.length).toBeGreaterThan(0);
  }
});

const trial = { from: 'a1', direct: ['10.0.0.2:9', '10.0.0.3:9'], routers: ['10.0.0.1:9'] };
const silent = { '10.0.0.2:9': 'silent', '10.0.0.3:9': 'EHOSTUNREACH', '10.0.0.1:9': 'refused' };

/** Each try has the next of these outcomes, the last one for ever. */
async function trying(...outcomes: Record<string, string>[]): Promise<number> {
  let tries = 0;
  await tryBypass(trial, async (targets) => {
    expect(targets).toEqual(['10.0.0.2:9', '10.0.0.3:9', '10.0.0.1:9']);
    tries += 1;
    return outcomes[Math.min(tries, outcomes.length) - 1] ?? {};
  });
  return tries;
}

test('silence of others is as it should be while a router is reached', async () => {
  expect(await trying(silent)).toBe(1);
});

test.each(['open', 'refused'])('an address of another that is %s is a bypass', async (outcome) => {
  await expect(trying({ ...silent, '10.0.0.3:9': outcome })).rejects.toThrow(/a1 reached 10\.0\.0\.3:9/);
});

const allSilent = { ...silent, '10.0.0.1:9': 'silent' };

test('silence proves nothing where a router is silent too: on a busy machine it answers later', async () => {
  expect(await trying(allSilent, allSilent, silent)).toBe(3);
  await expect(trying(allSilent, { ...silent, '10.0.0.2:9': 'refused' })).rejects.toThrow(/a1 reached/);
  await expect(trying(allSilent)).rejects.toThrow(/does not reach its routers/);
});
