/**
 * One of many processes that want the same locks at the same instants. Arguments: the folder of the rounds' folders,
 * their number, the first one's time (Unix, ms) and the milliseconds from one to the next. It prints for each lock that
 * it got `[round, from, to]`, by the machine's one clock.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CampaignLock } from '../../../harness/campaign/lock.ts';
import { monotonicMs } from '../../../harness/time/monotonic.ts';

const [folder = '', rounds, firstMs, everyMs] = process.argv.slice(2);
const got: [round: number, from: number, to: number][] = [];
for (let round = 0; round < Number(rounds); round += 1) {
  const at = Number(firstMs) + round * Number(everyMs);
  await delay(Math.max(0, at - Date.now() - 5));
  while (Date.now() < at);
  let from = 0;
  try {
    using _lock = new CampaignLock(join(folder, String(round)));
    from = monotonicMs();
    await delay(Number(everyMs) / 2);
    got.push([round, from, monotonicMs()]);
  } catch (error) {
    if (!(error as Error).message.includes('is going on')) throw error;
  }
}
process.stdout.write(JSON.stringify(got));
