/** What a campaign was asked for cannot be, or is not what its folder was begun with: exit code 64. */
export class BadCampaignError extends Error {
  override readonly name = 'BadCampaignError';
}
