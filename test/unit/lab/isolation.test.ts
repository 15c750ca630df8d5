import { expect, test } from 'vitest';
import type { CommandChannel } from '../../../harness/fabric/router-shell.ts';
import { Isolation } from '../../../harness/lab/networks/isolation.ts';

/** What `AttachedCommand` says when the kernel's list changed while it was read; iproute2 prints the sentence. */
const interrupted = (lines: readonly string[]): Error =>
  new Error(
    `bridge -j -d -force -batch -: Dump was interrupted and may be inconsistent. (after "${lines.join('; ')}")`,
  );

/** A host with two ports on one bridge; `failures` by the number of the request, from 0. */
function hostWith(failures: ReadonlyMap<number, (lines: readonly string[]) => Error>) {
  const isolated = new Set<string>();
  const requests: string[][] = [];
  const bridge: CommandChannel = {
    async request(lines) {
      const failure = failures.get(requests.length);
      requests.push([...lines]);
      for (const line of lines) {
        const name = /^link set dev (\S+) isolated on$/.exec(line)?.[1];
        if (name !== undefined) isolated.add(name);
      }
      if (failure !== undefined) throw failure(lines);
      const ports = ['veth1', 'veth2'].map((ifname, i) => ({
        ifindex: i + 1,
        ifname,
        master: 'br-a',
        isolated: isolated.has(ifname),
      }));
      return `${JSON.stringify(ports)}\n`;
    },
    async [Symbol.asyncDispose]() {},
  };
  return { isolation: new Isolation(bridge, ['br-a']), isolated, requests };
}

test('a listing that other runs’ interfaces interrupted is made again, and nothing is set twice', async () => {
  const { isolation, isolated, requests } = hostWith(new Map([0, 2, 3].map((at) => [at, interrupted])));
  isolation.spare([2]);
  expect(await isolation.enforce()).toBe(1);
  expect([...isolated]).toEqual(['veth1']);
  expect(requests.flat().filter((line) => line.startsWith('link set'))).toHaveLength(1);
});

test('any other complaint is an error, also beside that one', async () => {
  const gone = (lines: readonly string[]) =>
    new Error(interrupted(lines).message.replace(': Dump', ': Cannot find device "veth1"\nDump'));
  const { isolation } = hostWith(new Map([[1, gone]]));
  await expect(isolation.enforce()).rejects.toThrow('Cannot find device');
});
