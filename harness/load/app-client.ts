import { Agent, request } from 'node:http';
import type { RequestRecord } from '../history/records.ts';
import { type LoadSettings, RECORDS_OF_APP } from '../scenario/plan.ts';
import { type Random, randomFor } from '../scenario/random.ts';
import { monotonicMs } from '../time/monotonic.ts';
import { openLoop } from './open-loop.ts';
import { RecordExpectations } from './record-expectations.ts';

export interface AppClientOptions {
  readonly zone: string;
  readonly app: string;
  /** How many applications of the zone come before it: they share volumes, and each has records of its own. */
  readonly index?: number;
  /** Port on 127.0.0.1 of the link from the host to the application. */
  readonly port: number;
  readonly load: LoadSettings;
  readonly seed: number;
  readonly onRecord: (record: RequestRecord) => void;
}

/** Records that the clients of one application ask for: of the first in its zone from 0 on, of the next after those. */
const KEYS = RECORDS_OF_APP;

/**
 * Users of one zone's sample application, outside the zones: an open loop of reads and writes of records. A request
 * is ok when the correct answer came within the time limit of its *intended* start. A write that got no answer is
 * unknown; a read that got none has failed.
 */
export class AppClient {
  readonly #options: AppClientOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  readonly #expectations = new RecordExpectations();
  readonly #arrivals = new AbortController();
  readonly #giveUp = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  readonly #unfinished = new Map<number, Omit<RequestRecord, 'ended' | 'outcome' | 'reason' | 't'>>();
  readonly #random: Random;
  #sequence = 0;

  constructor(options: AppClientOptions) {
    this.#options = options;
    this.#random = randomFor(options.seed, `load ${options.app}`);
  }

  start(): void {
    const arrive = (intended: number): void => {
      const request = this.#arrive(intended).finally(() => this.#underWay.delete(request));
      this.#underWay.add(request);
    };
    openLoop(this.#options.load.appRequestsPerSecond, arrive, this.#arrivals.signal);
  }

  /**
   * No more arrivals; requests under way get the time that is theirs, so this takes as long as the time limit at
   * most. With `atOnce` they are given up and recorded as unfinished.
   */
  async stop({ atOnce }: { readonly atOnce: boolean }): Promise<void> {
    this.#arrivals.abort();
    if (atOnce) this.#giveUp.abort();
    else await Promise.all(this.#underWay);
    for (const open of this.#unfinished.values()) {
      const outcome = open.op === 'write' ? 'unknown' : 'failed';
      this.#options.onRecord({ ...open, t: monotonicMs(), ended: null, outcome, reason: 'unfinished' });
    }
    this.#unfinished.clear();
    this.#agent.destroy();
  }

  async #arrive(intended: number): Promise<void> {
    const sequence = this.#sequence++;
    let drawn = this.#random.below(KEYS);
    let op: 'read' | 'write' = this.#random.next() < this.#options.load.appWriteShare ? 'write' : 'read';
    const { zone, app, index = 0 } = this.#options;
    const keyOf = (record: number): string => String(index * KEYS + record);
    for (let tries = 0; op === 'write' && !this.#expectations.canWrite(keyOf(drawn)); tries += 1) {
      if (tries === KEYS) op = 'read';
      else drawn = (drawn + 1) % KEYS;
    }
    const key = keyOf(drawn);
    this.#unfinished.set(sequence, { kind: 'request', source: 'harness', zone, app, op, intended });
    const value = `${app} ${key} ${sequence}`;
    const result = op === 'write' ? await this.#write(key, value, intended) : await this.#read(key, intended);
    const open = this.#unfinished.get(sequence);
    if (open === undefined) return;
    this.#unfinished.delete(sequence);
    const ended = monotonicMs();
    this.#options.onRecord({ ...open, t: ended, ended, ...result });
  }

  async #write(key: string, value: string, intended: number): Promise<Pick<RequestRecord, 'outcome' | 'reason'>> {
    this.#expectations.begin(key, value);
    const answer = await this.#call('PUT', key, value, intended);
    // Only a 204 says that it happened. Anything else may have happened: the server's error can come after the write.
    const outcome = answer.status === 204 ? 'ok' : 'unknown';
    this.#expectations.end(key, value, outcome);
    return { outcome, reason: outcome === 'ok' ? null : answer.reason };
  }

  async #read(key: string, intended: number): Promise<Pick<RequestRecord, 'outcome' | 'reason'>> {
    const before = this.#expectations.allowed(key);
    const answer = await this.#call('GET', key, null, intended);
    if (answer.status !== 200 && answer.status !== 404) return { outcome: 'failed', reason: answer.reason };
    const found = answer.status === 404 ? null : answer.body;
    // A write that began and ended while the read was under way may have been read as well.
    const correct = before.has(found) || this.#expectations.allowed(key).has(found);
    return correct ? { outcome: 'ok', reason: null } : { outcome: 'failed', reason: 'wrong answer' };
  }

  #call(
    method: string,
    key: string,
    body: string | null,
    intended: number,
  ): Promise<{ status: number | null; body: string; reason: string }> {
    return new Promise((resolve) => {
      const remaining = Math.max(1, Math.ceil(intended + this.#options.load.appTimeoutMs - monotonicMs()));
      const abort = AbortSignal.any([AbortSignal.timeout(remaining), this.#giveUp.signal]);
      const call = request(
        {
          host: '127.0.0.1',
          port: this.#options.port,
          path: `/records/${key}`,
          method,
          agent: this.#agent,
          signal: abort,
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (part: string) => {
            text += part;
          });
          response.on('end', () => {
            const status = response.statusCode ?? null;
            resolve({ status, body: text, reason: `status ${status}` });
          });
          response.on('error', (error) => resolve({ status: null, body: '', reason: error.message }));
        },
      );
      call.on('error', (error) => {
        const reason = error.name === 'AbortError' || error.name === 'TimeoutError' ? 'timeout' : error.message;
        resolve({ status: null, body: '', reason });
      });
      call.end(body ?? undefined);
    });
  }
}
