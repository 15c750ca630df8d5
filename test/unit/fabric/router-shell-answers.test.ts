import { expect, test } from 'vitest';
import { type CommandChannel, RouterShell } from '../../../harness/fabric/router-shell.ts';

/** A channel whose answer comes in pieces, as one does that is longer than a pipe takes at once. */
function channelOf(pieces: readonly string[]): CommandChannel {
  return {
    async request(_lines, done) {
      let output = '';
      for (const piece of pieces) {
        output += piece;
        if (done(output)) return output;
      }
      throw new Error('the answer was never taken for whole');
    },
    async [Symbol.asyncDispose]() {},
  };
}

test('an answer that is cut behind an inner bracket is waited for', async () => {
  const whole = `[{"options":{"match":[1,2],"rate":125}},{"options":{}}]\n`;
  for (let cut = 1; cut < whole.length; cut += 1) {
    const tc = channelOf([whole.slice(0, cut), whole.slice(cut)]);
    await expect(new RouterShell(tc, tc, tc).rateBits(), `cut at ${cut}`).resolves.toBe(1000);
  }
});
