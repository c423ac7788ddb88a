// Calls that are in flight whenever one looks: an upstream that takes its time, callers that always wait for an answer,
// and what the database holds of those that were answered.

import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { keepConnections } from '../src/dev/keep-alive.ts';
import type { DemoFile } from './stack-process.ts';

const CALLERS = 24;
const PATH = '/v2/stops/x/departures';
const FASTEST_MS = 100;
const SLOWEST_MS = 900;
const STREAM_EVERY = 3;
const FULL = 200;

/** Answers after a while that differs from call to call, every third in two parts without a length. */
export async function startSlowUpstream(): Promise<{ origin: string; close(): void }> {
  let calls = 0;
  const server = createServer((_, response) => {
    const call = calls++;
    const ms = FASTEST_MS + ((call * 7919) % (SLOWEST_MS - FASTEST_MS));
    const isStreamed = call % STREAM_EVERY === 0;
    const headers = { 'content-type': 'application/json', ...(!isStreamed && { 'content-length': '2' }) };
    setTimeout(() => {
      response.writeHead(FULL, headers);
      if (!isStreamed) return response.end('{}');
      response.write('{');
      setTimeout(() => response.end('}'), ms);
    }, ms);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

export interface Answered {
  /** Ids of calls whose whole answer arrived. */
  ids: string[];
  /** Calls that broke off before their answer was whole. */
  cut: number;
}

interface Outcome {
  status: number;
  id: string;
}

/** Undefined when nothing listens any more; `cut` when it broke off. */
function call(url: string, key: string, agent: Agent): Promise<Outcome | 'cut' | undefined> {
  return new Promise((resolve) => {
    const sent = request(url, { agent, headers: { authorization: `Bearer ${key}` } }, (response) => {
      response.resume();
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, id: String(response.headers['x-request-id']) }),
      );
      response.once('error', () => resolve('cut'));
    });
    sent.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? undefined : 'cut'),
    );
    sent.end();
  });
}

/** Callers that go on until they are told to stop, or are refused because the stack stops. */
export function putLoad({ url, keys }: DemoFile) {
  const answered: Answered = { ids: [], cut: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  let goesOn = true;
  const caller = async (): Promise<void> => {
    while (goesOn) {
      const outcome = await call(url + PATH, keys.enterprise, agent);
      if (outcome === undefined) return;
      if (outcome === 'cut') answered.cut++;
      // Not a call that is counted: nobody knows whose it was.
      else if (outcome.status === 503) return;
      else answered.ids.push(outcome.id);
    }
  };
  const all = Promise.all(Array.from({ length: CALLERS }, caller));
  return {
    answered,
    async stop(): Promise<Answered> {
      goesOn = false;
      await all;
      agent.destroy();
      return answered;
    },
  };
}

export interface Held {
  events: number;
  eventUnits: number;
  rollupCalls: number;
  rollupUnits: number;
  quotaUnits: number;
}

/** What the database holds of that partner, and how many of those calls are among its events. */
export async function readHeld(
  { databaseUrl, enterprisePartner: { id } }: DemoFile,
  ids: readonly string[] = [],
): Promise<Held & { found: number }> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT (SELECT count(*) FROM api_usage_events WHERE partner_id = $1)::int AS events,
        (SELECT coalesce(sum(units), 0) FROM api_usage_events WHERE partner_id = $1)::int AS "eventUnits",
        (SELECT coalesce(sum(calls), 0) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS "rollupCalls",
        (SELECT coalesce(sum(units), 0) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS "rollupUnits",
        (SELECT coalesce(sum(units), 0) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily')::int
          AS "quotaUnits",
        (SELECT count(*) FROM api_usage_events WHERE id = ANY ($2))::int AS found`,
      [id, ids],
    );
    return rows[0];
  } finally {
    await client.end();
  }
}
