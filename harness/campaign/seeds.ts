import { BadCampaignError } from './bad-campaign-error.ts';

const SEEDS_MAX = 1000;

/** `8` is the seeds 1 to 8, `3,5,7` is these. @throws BadCampaignError */
export function parseSeeds(text: string): readonly number[] {
  const parts = text.split(',').map((part) => part.trim());
  const numbers = parts.map(Number);
  const wrong = parts.find((part, index) => !/^\d+$/.test(part) || !Number.isSafeInteger(numbers[index]));
  const [only = 0] = numbers;
  if (wrong !== undefined || (numbers.length === 1 && (only < 1 || only > SEEDS_MAX))) {
    throw new BadCampaignError(
      `--seeds ${text}: found \`${wrong ?? text}\`, expected how many (1 to ${SEEDS_MAX}) or which ones, like 8 or 3,5,7`,
    );
  }
  if (numbers.length === 1) return Array.from({ length: only }, (_, index) => index + 1);
  if (new Set(numbers).size < numbers.length) throw new BadCampaignError(`--seeds ${text}: a seed is named twice`);
  return numbers;
}
