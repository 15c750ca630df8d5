import { FOLDER_NAME, FOLDER_NAME_WORDS } from '../scenario/names.ts';
import { BadCampaignError } from './bad-campaign-error.ts';

/** One configuration in a comparison. */
export interface Arm {
  /** Also the name of its folder. */
  readonly name: string;
  /** `key=value` as `--set` takes them; they win over those of all arms. */
  readonly settings: Readonly<Record<string, string>>;
}

/** The arm that is there when no arm without settings was asked for: what happened in 2011, with nothing changed. */
export const UNCHANGED: Arm = { name: '2011', settings: {} };

/** Folders and files that a campaign has beside those of its arms. */
const TAKEN = /^(?:plans|set-aside|.*\.(?:json|lock|md|html))$/;

/** `buffer:capacityBuffer=true,thin.capacity=9mbit`. @throws BadCampaignError */
export function parseArm(text: string): Arm {
  const [, name = '', , list] = /^([^:]*)(:(.*))?$/s.exec(text) ?? [];
  if (TAKEN.test(name)) {
    throw new BadCampaignError(
      `--arm ${text}: found the name \`${name}\`, expected one that no file of a campaign has`,
    );
  }
  if (!FOLDER_NAME.test(name)) {
    throw new BadCampaignError(
      `--arm ${text}: found the name \`${name}\`, expected ${FOLDER_NAME_WORDS}, as it ` +
        'names a folder: `buffer:capacityBuffer=true`',
    );
  }
  const settings: Record<string, string> = {};
  for (const part of list?.split(',') ?? []) {
    const at = part.indexOf('=');
    const key = part.slice(0, at);
    if (at <= 0 || at === part.length - 1) {
      throw new BadCampaignError(`--arm ${text}: found \`${part}\`, expected key=value`);
    }
    if (Object.hasOwn(settings, key)) throw new BadCampaignError(`--arm ${text}: ${key} is set twice`);
    settings[key] = part.slice(at + 1);
  }
  return { name, settings };
}

/**
 * The arms to run, the control first: as they were given, or with the unchanged one before them where every one that
 * was given changes something. The unchanged one by itself is compared with nothing: its spread over the seeds is told.
 * @throws BadCampaignError when there is none, or two have one name
 */
export function armsOf(given: readonly Arm[]): readonly Arm[] {
  if (given.length === 0) throw new BadCampaignError('expected at least one --arm, such as buffer:capacityBuffer=true');
  const arms = given.some(({ settings }) => Object.keys(settings).length === 0) ? given : [UNCHANGED, ...given];
  const twice = arms.find(({ name }, index) => arms.findIndex((arm) => arm.name === name) !== index);
  if (twice !== undefined) throw new BadCampaignError(`two arms are named ${twice.name}`);
  return arms;
}
