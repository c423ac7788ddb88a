// `npm run webhooks`: one partner's events by the hundred, to a receiver that is down at first, through the real sender and a
// real PostgreSQL. How long first attempts wait, and when all have arrived. `-- --json` for one object; EVENTS=10000 for
// more, RATE for events a second, LATENCY for what the receiver takes,
// UP=1 for one that is never down.

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { sealEnvelope } from '../src/crypto/envelope.ts';
import { freePort } from '../src/dev/files.ts';
import { keepConnections } from '../src/dev/keep-alive.ts';
import { migrate } from '../src/dev/migrate.ts';
import { startNeonEndpoint } from '../src/dev/neon-endpoint.ts';
import { startPostgres } from '../src/dev/postgres.ts';
import { openDatabase } from '../src/platform/database.ts';
import { type DeliverPorts, deliverDue } from '../src/webhooks/deliver.ts';
import { createDeliveryStore } from '../src/webhooks/delivery-store.ts';
import { RETRY_SECONDS } from '../src/webhooks/schedule.ts';
import { newSecret } from '../src/webhooks/signature.ts';
import { openGuard } from '../src/webhooks/target-guard.ts';

const EVENTS = Number(process.env.EVENTS ?? 4000);
/** Events a second, a chunk at a time. */
const RATE = Number(process.env.RATE ?? 200);
/** ms. */
const LATENCY = Number(process.env.LATENCY ?? 20);
const CHUNK = 50;
/** How much faster than in production retries come. */
const SPEED = 60;
const PARTNER = '0198aaaa-0000-7000-8000-000000000001';
const ENDPOINT = '0198aaaa-0000-7000-8000-000000000002';
const isJson = process.argv.includes('--json');
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Closes connections while it is down; keeps the ids that it answered. */
async function startReceiver() {
  const received = new Set<string>();
  const state = { isDown: process.env.UP !== '1' };
  const server = createServer((request, response) => {
    request.resume().on('end', async () => {
      await sleep(LATENCY);
      if (state.isDown) return void request.socket.destroy();
      received.add(String(request.headers['webhook-id']));
      response.writeHead(200).end();
    });
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server's address is never text.
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, received, state, close: () => void server.close().closeAllConnections() };
}

const folder = mkdtempSync(join(tmpdir(), 'passerelle-webhooks-'));
const postgres = await startPostgres({
  folder: join(folder, 'postgres'),
  port: await freePort(),
  database: 'passerelle',
  isThrowaway: true,
});
try {
  await migrate(postgres.url);
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  const endpoint = await startNeonEndpoint(postgres.url, {});
  const receiver = await startReceiver();
  const keyEncryptionKeys = { current: 'a', keys: { a: Buffer.alloc(32, 1).toString('base64') } };
  const secret = newSecret((length) => crypto.getRandomValues(new Uint8Array(length)));
  await client.query(
    `INSERT INTO partner (id, name, email, tier) VALUES ($1, 'Lone', 'lone@example.com', 'enterprise')`,
    [PARTNER],
  );
  await client.query(
    'INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope) VALUES ($1, $2, $3, $4, $5)',
    [ENDPOINT, PARTNER, `${receiver.origin}/`, [], await sealEnvelope(keyEncryptionKeys, secret, ENDPOINT)],
  );
  let wakes = 0;
  /** When the sender is to run again, as its queue would have it. */
  let runAtMs = Number.POSITIVE_INFINITY;
  const wake = async (delaySeconds: number) => {
    runAtMs = Math.min(runAtMs, Date.now() + delaySeconds * 1000);
  };
  const ports: DeliverPorts = {
    store: createDeliveryStore(openDatabase(postgres.url, endpoint.url)),
    guard: openGuard,
    keyEncryptionKeys,
    schedule: RETRY_SECONDS.map((seconds) => seconds / SPEED),
    now: Date.now,
    chance: Math.random,
    sleep,
    wake,
    wakes: () => wakes,
    tellDisabled: async () => undefined,
    log: ({ message, error }) => {
      if (error !== undefined) console.error(message, error);
    },
  };
  const startedMs = Date.now();
  const produce = async () => {
    for (let made = 0; made < EVENTS; made += CHUNK) {
      await client.query(
        `INSERT INTO webhook_event (partner_id, type, data)
         SELECT $1, 'quota.warning', jsonb_build_object('n', n) FROM generate_series(1, ${CHUNK}) n`,
        [PARTNER],
      );
      wakes++;
      await wake(0);
      await sleep(Math.max(0, startedMs + ((made + CHUNK) * 1000) / RATE - Date.now()));
    }
    receiver.state.isDown = false;
  };
  const sender = async () => {
    while (receiver.received.size < EVENTS) {
      while (Date.now() < runAtMs) await sleep(5);
      runAtMs = Number.POSITIVE_INFINITY;
      await deliverDue(ports);
    }
  };
  await Promise.all([produce(), sender()]);
  const { rows } = await client.query(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY wait)::float8 AS p50,
       percentile_cont(0.99) WITHIN GROUP (ORDER BY wait)::float8 AS p99, max(wait)::float8 AS most FROM (
       SELECT extract(epoch FROM min(t.started_at) - min(v.occurred_at)) AS wait FROM webhook_event v
       JOIN webhook_delivery d ON d.event_id = v.id JOIN webhook_attempt t ON t.delivery_id = d.id GROUP BY v.id) firsts`,
  );
  const result = { events: EVENTS, ...rows[0], seconds: (Date.now() - startedMs) / 1000 };
  console.log(isJson ? JSON.stringify(result) : result);
  receiver.close();
  await endpoint.close();
  await client.end();
} finally {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
}
