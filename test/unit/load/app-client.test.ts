import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import type { RequestRecord } from '../../../harness/history/records.ts';
import { AppClient } from '../../../harness/load/app-client.ts';
import type { LoadSettings } from '../../../harness/scenario/plan.ts';

const load = { appRequestsPerSecond: 100, appWriteShare: 0.5, appTimeoutMs: 600 } as LoadSettings;
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A real HTTP server that keeps records, and may do something else first. Its port. */
async function serverOf(before: (respond: () => void) => void, change = (body: string) => body): Promise<number> {
  const stored = new Map<string, string>();
  const listener: RequestListener = (request, response) => {
    let body = '';
    request.on('data', (data: Buffer) => {
      body += data.toString();
    });
    request.on('end', () =>
      before(() => {
        const key = request.url ?? '';
        if (request.method === 'PUT') stored.set(key, body);
        const found = stored.get(key);
        if (request.method === 'PUT') response.writeHead(204).end();
        else if (found === undefined) response.writeHead(404).end();
        else response.writeHead(200).end(change(found));
      }),
    );
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return (server.address() as AddressInfo).port;
}

/** What the clients of so many applications record, which all are behind one port and have one store. */
async function recordsOf(port: number, apps: readonly string[]): Promise<RequestRecord[]> {
  const records: RequestRecord[] = [];
  const onRecord = (record: RequestRecord): void => void records.push(record);
  const clients = apps.map((app, index) => new AppClient({ zone: 'z', app, index, port, load, seed: 1, onRecord }));
  for (const client of clients) client.start();
  await delay(1_500);
  await Promise.all(clients.map((client) => client.stop({ atOnce: false })));
  return records;
}

const clientOf = async (...server: Parameters<typeof serverOf>): Promise<RequestRecord[]> =>
  recordsOf(await serverOf(...server), ['app']);

test('two applications that share a store do not take one another’s records for wrong answers', async () => {
  const records = await recordsOf(await serverOf((respond) => respond()), ['app', 'shop']);
  expect(records.filter(({ op }) => op === 'write').length).toBeGreaterThan(100);
  expect(records.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
});

test('a correct server is 100 % available', async () => {
  const records = await clientOf((respond) => respond());
  expect(records.length).toBeGreaterThan(140);
  expect(records.filter((record) => record.outcome !== 'ok')).toEqual([]);
});

test('a stall shows in every request that was due in it, from its intended start', async () => {
  const start = performance.now();
  let waiting: (() => void)[] = [];
  // Stalls from 400 ms to 800 ms, then answers everything at once.
  const records = await clientOf((respond) => {
    const at = performance.now() - start;
    if (at < 400 || at >= 800) respond();
    else {
      if (waiting.length === 0) {
        setTimeout(() => {
          for (const go of waiting) go();
          waiting = [];
        }, 800 - at);
      }
      waiting.push(respond);
    }
  });
  const late = records.filter((record) => (record.ended ?? 0) - record.intended > 100);
  expect(late.length).toBeGreaterThan(22);
  expect(records.filter((record) => record.outcome !== 'ok')).toEqual([]);
});

test('no answer in time: a write is unknown, a read has failed', async () => {
  const records = await clientOf(() => undefined);
  expect(new Set(records.map((record) => `${record.op} ${record.outcome} ${record.reason}`))).toEqual(
    new Set(['write unknown timeout', 'read failed timeout']),
  );
});

test('a wrong answer is not available', async () => {
  const records = await clientOf(
    (respond) => respond(),
    (body) => `${body}!`,
  );
  const wrong = records.filter((record) => record.reason === 'wrong answer');
  expect(wrong.length).toBeGreaterThan(5);
  expect(new Set(wrong.map((record) => record.outcome))).toEqual(new Set(['failed']));
});
