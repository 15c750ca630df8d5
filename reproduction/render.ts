import { countsOf, type RunRow } from '../harness/campaign/arm-summary.ts';
import { boundsText, differenceText, intervalText, shareText } from '../harness/report/campaign/values.ts';
import { type Campaign, commandOf, runsOf } from './campaigns.ts';
import { CLAIMS, type Claim, type Evidence, type PooledEvidence, plannedAt, type Statement } from './claims.ts';
import { type Judged, judge, judgePooled } from './judge.ts';
import { joinParts, wholeOf } from './parts.ts';
import type { Size } from './sizes.ts';

const head = ({ about, docs }: Size): string => `# The reproduction, claim by claim

What the model of April 2011 is to show, as it was said before the runs, and what runs have shown. This page is made of
the campaigns beside it by \`npm run reproduction\`, and a test keeps it so; nobody writes a number here.

${about}

- **holds**: so many seeds as the claim was made for, and it is so in all of them, or in as many as the claim says.
- **does not hold**: more seeds lack it than may. What has been found out of why is in [the model](${docs}/the-model.md#controls).
- **k of n seeds so far**: too few seeds that can tell. That is never taken for more.
- **not measured yet**: no committed campaign has the runs.
- **parameters have changed since**: the same command would make other runs now, of what is the scenario today.

Only conclusive runs count ([comparing](${docs}/comparing.md#reading-the-tables)); a share of seeds stands with Wilson's
interval of 95 %, and a difference from the control with its own. Where a claim says no number, as in “about no stuck
volumes”, the number is ours: AWS gives no rates, timeouts or sizes ([the model](${docs}/the-model.md)).`;

const TAKING = `## Adding a campaign

\`\`\`
harness/bin/zonestorm compare … --out runs/NAME
npm run reproduction -- take runs/NAME
\`\`\`

\`take\` copies \`campaign.json\`, tables and maps of the folder, not its runs: their histories are many times larger. It
may be done again at any time while the campaign goes on. The same command and the same version make the same runs
again, on a machine that carries them. What was begun on one machine is gone on with on another as a part of its own,
with the other seeds (\`--seeds 4,5,6\`) and as \`NAME-2\`; claims are judged by the runs of all parts.`;

/** The page of a size. Pure: of the claims and what was committed. */
export function render(size: Size, campaigns: readonly Campaign[], claims: readonly Claim[] = CLAIMS): string {
  const whole = joinParts(campaigns);
  const told = claims.map((claim) => renderClaim(claim, whole));
  const parts = [head(size), ...told, renderCampaigns(size, campaigns), TAKING];
  return `${parts.join('\n\n')}\n`;
}

function renderClaim({ number, title, statements }: Claim, campaigns: readonly Campaign[]): string {
  const rows = statements.map((statement) => {
    const { outcome, measured } = judged(statement, campaigns);
    return [statement.expected, runsText(statement), measured, outcome];
  });
  return [`## ${number}. ${title}`, table(['expected', 'runs', 'measured', ''], rows)].join('\n\n');
}

const runsText = ({ evidence }: Statement): string => {
  return evidence.campaign === 'all' ? 'all' : `[${evidence.campaign}](#campaigns), arm ${evidence.arm}`;
};

interface Words {
  readonly outcome: string;
  readonly measured: string;
}

/** What a statement comes to; of campaigns whose parts are joined. */
export function judged({ evidence }: Statement, campaigns: readonly Campaign[]): Words {
  const runs = evidenceRuns(evidence, campaigns);
  const { asked, missing } = countsOf(runs);
  if (asked === missing) return { outcome: 'not measured yet', measured: '–' };
  const words = 'other' in evidence ? judgedPooled(evidence, runs) : judgedEach(evidence, runs, campaigns);
  const isOutdated = campaignsOf(evidence, campaigns).some(({ isCurrent }) => !isCurrent);
  return isOutdated ? { ...words, outcome: `${words.outcome} (${OUTDATED})` } : words;
}

const OUTDATED = 'parameters have changed since';

function judgedPooled(evidence: PooledEvidence, runs: readonly RunRow[]): Words {
  const { asked, conclusive, missing } = countsOf(runs);
  const { outcome, of, mean, otherMean } = judgePooled(runs, evidence);
  const counted = `${conclusive} of ${asked - missing} runs conclusive`;
  const [measured, predicted] = [mean, otherMean].map((value) =>
    value === null ? '–' : `${(100 * value).toFixed(1)} %`,
  );
  return {
    outcome: outcomeText(outcome, `${of} of ${evidence.needs} seeds so far`),
    measured: `mean \`${evidence.metric}\` ${measured}, of \`${evidence.other}\` ${predicted} (n = ${of}); ${counted}`,
  };
}

const outcomeText = (outcome: Judged['outcome'], soFar: string): string =>
  outcome === 'holds' ? '**holds**' : outcome === 'does not hold' ? '**does not hold**' : soFar;

function judgedEach(evidence: Evidence, runs: readonly RunRow[], campaigns: readonly Campaign[]): Words {
  const { asked, conclusive, missing } = countsOf(runs);
  const numbers = [`${conclusive} of ${asked - missing} runs conclusive`, ...shown(evidence, campaigns)];
  if (evidence.holds === null) {
    const outcome = conclusive < evidence.needs ? `${conclusive} of ${evidence.needs} seeds so far` : 'reported';
    return { outcome, measured: numbers.join('; ') };
  }
  const question = {
    holds: evidence.holds,
    meant: evidence.meant,
    needs: evidence.needs,
    atLeast: evidence.atLeast ?? 1,
  };
  const { outcome, share, needs, setAside } = judge(runs, question, controlRuns(evidence, campaigns));
  // No load on the machine excuses what is claimed of every run.
  const always = evidence.campaign === 'all' || evidence.always === true;
  const unfit = always ? runs.filter(({ state }) => state === 'inconclusive') : [];
  const broken = unfit.filter((run) => evidence.holds?.(run, undefined) === false).length;
  const also = [
    ...(broken === 0 ? [] : [`and ${broken} inconclusive runs lack it`]),
    ...(setAside === 0 ? [] : [`${setAside} ${setAside === 1 ? 'seed' : 'seeds'} that it is not about set aside`]),
  ];
  const soFar = `${share.of} of ${needs} ${evidence.campaign === 'all' ? 'runs' : 'seeds'} so far`;
  return {
    outcome: outcomeText(broken > 0 ? 'does not hold' : outcome, soFar),
    measured: [share.of === 0 ? 'no run can tell' : `so in ${shareText(share)}`, ...also, ...numbers].join('; '),
  };
}

function campaignsOf({ campaign }: Evidence | PooledEvidence, campaigns: readonly Campaign[]): readonly Campaign[] {
  return campaign === 'all' ? campaigns : campaigns.filter(({ name }) => name === campaign);
}

function evidenceRuns(evidence: Evidence | PooledEvidence, campaigns: readonly Campaign[]): readonly RunRow[] {
  const runs = campaignsOf(evidence, campaigns).flatMap(runsOf);
  return evidence.campaign === 'all' ? runs : runs.filter(({ arm }) => arm === evidence.arm);
}

function controlRuns({ campaign }: Evidence, campaigns: readonly Campaign[]): readonly RunRow[] {
  const comparison = campaigns.find(({ name }) => name === campaign)?.comparison ?? null;
  return comparison === null ? [] : comparison.runs.filter(({ arm }) => arm === comparison.control);
}

/** Medians with their range, and the difference from the control. */
function shown({ campaign, arm, shows }: Evidence, campaigns: readonly Campaign[]): readonly string[] {
  const comparison = campaigns.find(({ name }) => name === campaign)?.comparison ?? null;
  if (comparison === null) return [];
  return shows.flatMap((name) => {
    const metric = comparison.metrics.find((one) => one.metric === name);
    const of = metric?.arms.find((one) => one.arm === arm);
    if (metric === undefined || of === undefined) return [`\`${name}\` was not asked for`];
    const { unit } = metric;
    const { spread, difference } = of;
    const range = `${boundsText(spread.least, unit)} … ${boundsText(spread.most, unit)}`;
    const values = `\`${name}\` median ${boundsText(spread.median, unit)} (${range}, n = ${spread.n})`;
    if (difference === null || difference.median === null) return [values];
    const interval = difference.interval === null ? difference.reason : intervalText(difference.interval, unit);
    const median = boundsText(difference.median, unit, differenceText);
    return [`${values}, to ${comparison.control} ${median} (${interval})`];
  });
}

function renderCampaigns({ preset }: Size, campaigns: readonly Campaign[]): string {
  const planned = plannedAt(preset).filter(({ name }) =>
    campaigns.every((campaign) => wholeOf(campaign.name) !== name),
  );
  const rows = [
    ...campaigns.map((campaign) => {
      const { asked, conclusive, inconclusive, broken, missing } = countsOf(runsOf(campaign));
      const left = [`${inconclusive} inconclusive`, `${broken} broken`, `${missing} to do`].join(', ');
      const file = campaign.sweep === null ? `${campaign.asked.command}.md` : 'sweep.md';
      return [
        `[${campaign.name}](${campaign.name}/${file})`,
        `\`${commandOf(campaign.asked, campaign.sweep, metricsOf(campaign))}\``,
        `${conclusive} of ${asked} conclusive, ${left}${campaign.isCurrent ? '' : `; ${OUTDATED}`}`,
      ];
    }),
    ...planned.map((one) => [
      one.name,
      `\`${commandOf({ command: 'compare', ...one }, null, one.metrics)}\``,
      'not made yet',
    ]),
  ];
  return ['## Campaigns', table(['', 'command', 'runs'], rows)].join('\n\n');
}

/** They are asked for anew whenever a campaign is reported, and are no part of what it was begun with. */
const metricsOf = ({ name, asked }: Campaign): readonly string[] =>
  plannedAt(asked.preset).find((one) => one.name === wholeOf(name))?.metrics ?? [];

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`)
    .join('\n');
