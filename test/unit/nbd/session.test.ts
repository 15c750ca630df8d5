import { expect, test } from 'vitest';
import { connectNbd } from '../../../fixtures/storage/nbd/client.ts';
import { startNbdServer } from '../../../fixtures/storage/nbd/server.ts';
import { parseSessionName, type Session, Sessions, sessionName } from '../../../fixtures/storage/nbd/session.ts';
import { memoryDevice } from './memory-device.ts';
import { RawClient, request } from './raw-client.ts';

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
  const largest = { holder: 'a-app', number: Number.MAX_SAFE_INTEGER };
  expect(parseSessionName(sessionName('disk', largest))).toEqual({ volume: 'disk', session: largest });
  for (const bare of [
    ...['disk', '', 'disk#', 'disk#a-app', 'disk#a-app#', 'disk#a-app#two', 'disk#a-app#1#2'],
    // More than a number holds exactly; and a holder that is no container's name.
    ...[`disk#a-app#${Number.MAX_SAFE_INTEGER + 1}`, `disk#a-app#${'9'.repeat(400)}`, `disk#${'a'.repeat(257)}#1`],
  ]) {
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

test('zeroes of an older connection that the device has not yet are not written after a newer one has begun', async () => {
  const writes: { readonly offset: number; resolve(): void }[] = [];
  const device = {
    ...memoryDevice(Buffer.alloc(2 ** 20)),
    write: (offset: number) => new Promise<void>((resolve) => void writes.push({ offset, resolve })),
  };
  const open = () => device;
  const server = await startNbdServer({ host: '127.0.0.1', port: 0, exports: () => ['disk'], open });
  const older = await RawClient.enter(server.port, sessionName('disk', ONCE));
  older.send(request({ command: 'writeZeroes', length: 2 ** 20 }));
  await expect.poll(() => writes.length).toBe(1);
  const newer = await RawClient.enter(server.port, sessionName('disk', LATER));
  await older.closed;
  writes[0]?.resolve();
  newer.send(request({ command: 'write', offset: 2 ** 19, length: 4 }), Buffer.from('data'));
  await expect.poll(() => writes.length).toBe(2);
  expect(writes[1]?.offset).toBe(2 ** 19);
  newer.socket.destroy();
  await server.close();
});

test('a number of 400 digits locks nobody out', async () => {
  await using disk = await serveDisk();
  const forever = disk.connect(`disk#a-app#${'9'.repeat(400)}`);
  await expect(forever).rejects.toMatchObject({ code: 'EUNKNOWNEXPORT' });
  const client = await disk.connect(sessionName('disk', ONCE));
  await client.write(0, Buffer.from('one'), { fua: false });
  await client.close();
});

test('holders are bounded: of those that have left, the first is forgotten first', () => {
  const sessions = new Sessions();
  const connection = () => ({ destroy: () => undefined });
  const [stays, left] = [connection(), connection()];
  expect(sessions.begin('disk', { holder: 'stays', number: 5 }, stays)).toBe(true);
  expect(sessions.begin('disk', { holder: 'left', number: 5 }, left)).toBe(true);
  sessions.end('disk', { holder: 'left', number: 5 }, left);
  const early = { holder: 'left', number: 4 };
  expect(sessions.begin('disk', early, connection())).toBe(false);
  for (let index = 0; index < 5000; index += 1) {
    const session = { holder: `other ${index}`, number: 1 };
    const other = connection();
    expect(sessions.begin('disk', session, other)).toBe(true);
    sessions.end('disk', session, other);
  }
  // Who is connected is known whatever comes; who left 5,000 holders ago is not.
  expect(sessions.begin('disk', { holder: 'stays', number: 4 }, connection())).toBe(false);
  expect(sessions.begin('disk', early, connection())).toBe(true);
});

test('of too many holders that are all connected, one more is not let in', () => {
  const sessions = new Sessions();
  const letIn = Array.from({ length: 5000 }, (_, index) =>
    sessions.begin('disk', { holder: `holder ${index}`, number: 1 }, { destroy: () => undefined }),
  );
  expect(letIn.filter(Boolean)).toHaveLength(4096);
});
