import { Command } from 'commander';
import { describePlan } from '../scenario/describe-plan.ts';
import { planOf, type ScenarioOptions, withScenarioOptions } from './scenario-options.ts';

/** A dry run: everything that a run would do, and nothing started. */
export function planCommand(): Command {
  return withScenarioOptions(new Command('plan'))
    .description('show zones, routers, links, timeline and parameters of a run; start nothing')
    .option('--json', 'the whole plan as JSON')
    .action(async (scenario: string, options: ScenarioOptions & { json?: boolean }) => {
      const plan = await planOf(scenario, options);
      process.stdout.write(options.json === true ? `${JSON.stringify(plan, null, 2)}\n` : describePlan(plan));
    });
}
