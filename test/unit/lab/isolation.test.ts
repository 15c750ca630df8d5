import { expect, test } from 'vitest';
import type { CommandChannel } from '../../../harness/fabric/router-shell.ts';
import { Isolation } from '../../../harness/lab/networks/isolation.ts';

/** What `AttachedCommand` says when the kernel's list changed while it was read; iproute2 prints the sentence. */
const interrupted = (lines: readonly string[]): Error =>
  new Error(
    `bridge -j -d -force -batch -: Dump was interrupted and may be inconsistent. (after "${lines.join('; ')}")`,
  );

/** A host with two ports on one bridge; `failures` by the number of the request, from 0. */
function hostWith(
  failures: ReadonlyMap<number, (lines: readonly string[]) => Error>,
  master = 'br-a',
  names: readonly string[] = ['veth1', 'veth2'],
) {
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
      const ports = names.map((ifname) => ({
        ifindex: Number(ifname.slice('veth'.length)),
        ifname,
        master,
        isolated: isolated.has(ifname),
      }));
      return `${JSON.stringify(ports)}\n`;
    },
    async [Symbol.asyncDispose]() {},
  };
  return { isolation: new Isolation(bridge, [{ network: 'a', name: 'br-a' }]), isolated, requests };
}

test('a listing that other runs’ interfaces interrupted is made again, and nothing is set twice', async () => {
  const { isolation, isolated, requests } = hostWith(new Map([0, 2, 3].map((at) => [at, interrupted])));
  isolation.spare([2]);
  expect(await isolation.enforce(new Map([['a', 2]]))).toBe(1);
  expect([...isolated]).toEqual(['veth1']);
  expect(requests.flat().filter((line) => line.startsWith('link set'))).toHaveLength(1);
});

test('any other complaint is an error, also beside that one', async () => {
  const gone = (lines: readonly string[]) =>
    new Error(interrupted(lines).message.replace(': Dump', ': Cannot find device "veth1"\nDump'));
  const { isolation } = hostWith(new Map([[1, gone]]));
  await expect(isolation.enforce(new Map([['a', 2]]))).rejects.toThrow('Cannot find device');
});

test('fewer ports than containers were attached is an error, not nothing to do', async () => {
  const { isolation, isolated } = hostWith(new Map());
  await expect(isolation.enforce(new Map([['a', 3]]))).rejects.toThrow(/2 of 3 on br-a \(a\)/);
  expect([...isolated]).toEqual([]);
});

test('a bridge that is called otherwise has no ports, which is an error too', async () => {
  const { isolation } = hostWith(new Map(), 'podman1');
  await expect(isolation.enforce(new Map([['a', 2]]))).rejects.toThrow(/0 of 2 on br-a \(a\)/);
});

test('a container that is started again has new ports; those of one that has gone do not stand in for them', async () => {
  const ports = ['veth1', 'veth2'];
  const { isolation, isolated } = hostWith(new Map(), 'br-a', ports);
  await isolation.enforce(new Map([['a', 2]]));
  ports.splice(0, 1);
  await expect(isolation.enforce(new Map([['a', 1]]))).rejects.toThrow(/2 of 3 on br-a/);
  ports.push('veth3');
  // Of two that were started together, the first call finds both.
  ports.push('veth4');
  await isolation.enforce(new Map([['a', 1]]));
  expect(isolated).toContain('veth3');
  await expect(isolation.enforce(new Map([['a', 1]]))).rejects.toThrow(/4 of 5 on br-a/);
});
