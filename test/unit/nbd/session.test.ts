import { expect, test } from 'vitest';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { parseSessionName, type Session, sessionName } from '../../../fixtures/storage/nbd/session.ts';
import { memoryDevice } from './memory-device.ts';

const [ONCE, LATER]: Session[] = [1, 2].map((number) => ({ holder: 'a-app', number })) as [Session, Session];

async function serveDisk() {
  const bytes = Buffer.alloc(4096);
  const device = memoryDevice(bytes);
  const open = (name: string) => (name === 'disk' ? device : undefined);
  const server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => ['disk'], open });
  return {
    bytes,
    server,
    connect: (exportName: string) =>
      connectNbd({ host: '127.0.0.1', port: server.port, exportName, connectTimeoutMs: 1000 }),
    [Symbol.asyncDispose]: () => server.close(),
  };
}

test('a name says volume, holder and number, or is a volume as it stands', () => {
  expect(parseSessionName(sessionName('disk', LATER))).toEqual({ volume: 'disk', session: LATER });
  for (const bare of ['disk', '', 'disk#', 'disk#a-app', 'disk#a-app#', 'disk#a-app#two', 'disk#a-app#1#2']) {
    expect(parseSessionName(bare)).toEqual({ volume: bare, session: null });
  }
});

test('a newer connection of a holder ends its older one, and only that', async () => {
  await using disk = await serveDisk();
  const bare = await disk.connect('disk');
  const other = await disk.connect(sessionName('disk', { holder: 'a-instances', number: 1 }));
  const first = await disk.connect(sessionName('disk', ONCE));
  await first.write(0, Buffer.from('one'), { fua: false });
  const second = await disk.connect(sessionName('disk', LATER));
  await second.write(0, Buffer.from('two'), { fua: false });
  await expect(first.write(0, Buffer.from('one'), { fua: false })).rejects.toThrow(/ended/);
  expect(disk.bytes.toString('latin1', 0, 3)).toBe('two');
  await bare.write(8, Buffer.from('bare'), { fua: false });
  await other.write(16, Buffer.from('other'), { fua: false });
  await second.write(0, Buffer.from('end'), { fua: false });
  for (const client of [bare, other, second]) await client.close();
});

test('a connection that arrives after a newer one is not let in', async () => {
  await using disk = await serveDisk();
  const second = await disk.connect(sessionName('disk', LATER));
  await expect(disk.connect(sessionName('disk', ONCE))).rejects.toMatchObject({ code: 'ECLOSED' });
  await second.write(0, Buffer.from('two'), { fua: false });
  await second.close();
});
