// The demo's running month, played up to a few minutes ago at each start: calls are folded as the queue's are, the limiter is
// told of them as of calls that it was not asked about, and the Worker's own jobs close, compare and bill. So what is shown is
// what limits and what is billed. The next start goes on where this one ended; what was folded before counts nothing.

import type { Miniflare } from 'miniflare';
import pg from 'pg';
import { uuidv7 } from 'uuidv7';
import * as z from 'zod';
import type { PartnerLimiter } from '../../durable-objects/partner-limiter.ts';
import { DAY_MS, dayStart, isoDay, MINUTE_MS, monthStart } from '../core/time.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { newBearerKey } from '../keys/key-format.ts';
import { partnerObjectName } from '../keys/key-record.ts';
import { openDatabase } from '../platform/database.ts';
import { foldingOf } from '../usage/folding.ts';
import type { UsageEvent } from '../usage/usage-event.ts';
import { createUsageStore } from '../usage/usage-store.ts';
import { newSecret } from '../webhooks/signature.ts';
import { type Demo, insertKey } from './demo.ts';
import { type Caller, callsBetween } from './demo-calls.ts';
import { writeUse } from './import-target.ts';
import { RECEIVER_PATH } from './receiver.ts';

/** Stands for the message of all that is played, so that it is found again. */
const PLAYED = '00000000-0000-7000-8000-0000000d3d00';
/** What is newer would look like a backlog: usage arrives within seconds. */
const UNTIL_AGO_MS = 10 * MINUTE_MS;
const EVENTS_A_FOLD = 1000;
const TOLD_AT_ONCE = 10;
const KIOSKS = 'Guichets';
/** Of the second partner, who moved here: a day's use is one event, as `npm run import` writes it. */
const MOVED_CALLS_A_DAY = 1600;

const DAILY: Record<string, Pick<Caller, 'callsADay' | 'userAgent' | 'countries'>> = {
  'Demo live': { callsADay: 230, userAgent: 'teranga-app/4.2 (Android 15)', countries: ['SN', 'SN', 'FR'] },
  [KIOSKS]: { callsADay: 70, userAgent: 'guichets/1.8 python-requests/2.32', countries: ['SN'] },
  'Demo test': { callsADay: 14, userAgent: 'curl/8.14.1', countries: ['SN'] },
  'Demo free': { callsADay: 24, userAgent: 'axios/1.12.2', countries: ['SN', 'CI'] },
  'Demo enterprise': { callsADay: 12, userAgent: 'Go-http-client/2.0', countries: ['SN'] },
};

type Partners = DurableObjectNamespace<PartnerLimiter>;

export interface MonthPorts {
  databaseUrl: string;
  /** The SQL endpoint. */
  endpoint: string;
  demo: Pick<Demo, 'partner' | 'freePartner' | 'enterprisePartner'>;
  nowMs: number;
  portalOrigin: string;
}

const playedDays = z.array(
  z.object({
    partnerId: z.string(),
    environment: z.enum(['live', 'test']),
    day: z.string(),
    units: z.int(),
  }),
);

/** What the limiter was not asked about and has to be told: of each day all of it. */
export interface Played {
  days: z.infer<typeof playedDays>;
  /** Whether a day ended since the last time. */
  hasClosedDays: boolean;
}

const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));

/** A second app of the first partner, whose key may only read. */
async function ensureKiosks(client: pg.Client, partnerId: string): Promise<void> {
  const { rows } = await client.query(
    `INSERT INTO dev_apps (id, partner_id, name, description)
     SELECT $1, $2, $3::varchar, 'Ticket offices' WHERE NOT EXISTS (SELECT 1 FROM dev_apps WHERE partner_id = $2 AND name = $3::varchar) RETURNING id`,
    [uuidv7(), partnerId, KIOSKS],
  );
  const [app] = rows;
  if (!app) return;
  const scopes = ['read:routes', 'read:stops'];
  const secret = newBearerKey('live', random);
  await insertKey(client, { partnerId, environment: 'live', name: KIOSKS, secret, appId: app.id, scopes });
  await client.query(
    `INSERT INTO dev_portal_audit (partner_id, actor, action, target)
     SELECT $1::uuid, 'job:demo', 'app.created', jsonb_build_object('app_id', $2::uuid)
     UNION ALL SELECT $1::uuid, 'job:demo', 'key.created', jsonb_build_object('key_id', key_id) FROM api_key
       WHERE partner_id = $1::uuid AND is_active`,
    [partnerId, app.id],
  );
}

async function callersOf(client: pg.Client, partnerIds: readonly string[]): Promise<Caller[]> {
  const { rows } = await client.query(
    `SELECT DISTINCT ON (k.name) k.name, k.key_id, k.app_id, k.environment, k.partner_id, k.scopes, p.rate_limit_per_second AS second,
       p.rate_limit_per_day AS day, p.rate_limit_per_month AS month
     FROM api_key k JOIN partner p ON p.id = k.partner_id
     WHERE k.partner_id = ANY ($1) AND k.is_active AND k.name = ANY ($2) ORDER BY k.name, k.created_at DESC`,
    [partnerIds, Object.keys(DAILY)],
  );
  return rows.flatMap(({ name, second, day, month, ...key }) => {
    const daily = DAILY[name];
    if (!daily) return [];
    const limits = { second: Number(second), day: Number(day), month: Number(month) };
    const { partner_id: partnerId, key_id: keyId, app_id: appId, environment, scopes } = key;
    return [{ ...daily, partnerId, keyId, appId, environment, scopes, limits }];
  });
}

const objectOf = ({ partnerId, environment }: Pick<Caller, 'partnerId' | 'environment'>): string =>
  partnerObjectName(partnerId, environment);

/** Units by partner and environment, then by day and month. */
async function usedSince(client: pg.Client, day: string): Promise<Map<string, Map<string, number>>> {
  const { rows } = await client.query(
    `SELECT partner_id, environment, left(period_start::text, CASE period_type WHEN 'daily' THEN 10 ELSE 7 END) AS period, units
     FROM quota_usage WHERE period_start >= $1::date`,
    [day],
  );
  const used = new Map<string, Map<string, number>>();
  for (const { partner_id: partnerId, environment, period, units } of rows) {
    const name = partnerObjectName(partnerId, environment);
    used.set(name, (used.get(name) ?? new Map()).set(period, Number(units)));
  }
  return used;
}

/** When it ended the last time, or the beginning of the month. */
async function playedUntil(client: pg.Client, nowMs: number): Promise<number> {
  const { rows } = await client.query(
    'SELECT max(occurred_at) AS at FROM api_usage_events WHERE message_id = $1 AND occurred_at >= $2',
    [PLAYED, new Date(monthStart(nowMs, -1))],
  );
  return rows[0]?.at ? rows[0].at.getTime() + 1 : monthStart(nowMs);
}

/** Whole days that are over, of this month: each once. */
async function moveDays(client: pg.Client, partnerId: string, nowMs: number): Promise<void> {
  const { rows } = await client.query('SELECT day::text FROM imported_usage WHERE partner_id = $1', [
    partnerId,
  ]);
  const known = new Set(rows.map(({ day }) => day));
  const use = [];
  for (let dayMs = monthStart(nowMs); dayMs < dayStart(nowMs); dayMs += DAY_MS) {
    const day = isoDay(dayMs);
    if (known.has(day)) continue;
    const share = new Date(dayMs).getUTCDay() % 6 === 0 ? 0.5 : 1.05 + 0.05 * Math.sin(dayMs / DAY_MS);
    const units = Math.round(MOVED_CALLS_A_DAY * share);
    const failed = Math.floor(units / 40);
    use.push({ partnerId, day, units, failed, moreUnits: units, moreFailed: failed });
  }
  if (use.length > 0) await writeUse(client, use);
}

/** Again when the connection broke: an event that is there counts nothing. */
async function fold(events: readonly UsageEvent[], { databaseUrl, endpoint }: MonthPorts): Promise<void> {
  const store = createUsageStore(openDatabase(databaseUrl, endpoint));
  for (let i = 0; i < events.length; i += EVENTS_A_FOLD) {
    const folding = foldingOf([{ id: PLAYED, events: events.slice(i, i + EVENTS_A_FOLD), refusals: {} }]);
    await store.fold(folding).catch(() => store.fold(folding));
  }
}

/** Whoever is played was there before its first call. */
async function makeOlder(client: pg.Client, callers: readonly Caller[]): Promise<void> {
  for (const [table, own, calls] of [
    ['partner', 'id', 'partner_id'],
    ['dev_apps', 'id', 'app_id'],
    ['api_key', 'key_id', 'key_id'],
  ])
    await client.query(
      `UPDATE ${table} o SET created_at = f.day - interval '1 day'
       FROM (SELECT ${calls} AS id, min(day) AS day FROM api_usage_rollups_day WHERE key_id = ANY ($1) GROUP BY 1) f
       WHERE o.${own} = f.id AND o.created_at >= f.day`,
      [callers.map(({ keyId }) => keyId)],
    );
}

/** Writes what is new. Of all partners in the order of time, so that a start that was ended goes on where it was. */
export async function playMonth(ports: MonthPorts): Promise<Played> {
  const { demo, nowMs, portalOrigin } = ports;
  const { partner, freePartner, enterprisePartner } = demo;
  const client = new pg.Client({ connectionString: ports.databaseUrl });
  await client.connect();
  try {
    await ensureKiosks(client, partner.id);
    const partnerIds = [partner.id, freePartner.id, enterprisePartner.id];
    const callers = await callersOf(client, partnerIds);
    const fromMs = await playedUntil(client, nowMs);
    const untilMs = nowMs - UNTIL_AGO_MS;
    const used = await usedSince(client, isoDay(monthStart(fromMs)));
    const events = [...Map.groupBy(callers, objectOf)].flatMap(([object, some]) =>
      callsBetween(some, { fromMs, untilMs, used: used.get(object) ?? new Map(), portalOrigin }),
    );
    await moveDays(client, enterprisePartner.id, nowMs);
    await fold(
      events.sort((a, b) => a.occurredMs - b.occurredMs),
      ports,
    );
    await makeOlder(client, callers);
    const { rows } = await client.query(
      `SELECT partner_id AS "partnerId", environment, day::text, sum(units)::int AS units FROM api_usage_events
       WHERE (message_id = $1 OR degraded) AND partner_id = ANY ($3) AND day >= $2 AND occurred_at >= $2::date GROUP BY 1, 2, 3`,
      [PLAYED, isoDay(fromMs), partnerIds],
    );
    return { days: playedDays.parse(rows), hasClosedDays: dayStart(fromMs) < dayStart(nowMs) };
  } finally {
    await client.end();
  }
}

/** Tells the limiter: each day's total, as often as it is told. Without a time bound: a busy machine only takes longer. */
export async function tellLimiter(miniflare: Miniflare, { days }: Played): Promise<void> {
  // Miniflare's type is of any object.
  const partners = (await miniflare.getDurableObjectNamespace('PARTNER_LIMITER')) as unknown as Partners;
  for (let i = 0; i < days.length; i += TOLD_AT_ONCE)
    await Promise.all(
      days
        .slice(i, i + TOLD_AT_ONCE)
        .map((each) =>
          partners.get(partners.idFromName(objectOf(each))).noteDegraded(Date.parse(each.day), each.units),
        ),
    );
}

/** An endpoint that takes what it is sent, at the address of this start. */
export async function ensureReceiver(
  { databaseUrl, demo }: Pick<MonthPorts, 'databaseUrl' | 'demo'>,
  origin: string,
  keks: KeyEncryptionKeys,
): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const [id, url] = [uuidv7(), origin + RECEIVER_PATH];
    const { rowCount } = await client.query(
      `UPDATE webhook_endpoint SET url = $2 WHERE partner_id = $1 AND url LIKE 'http://127.0.0.1:%${RECEIVER_PATH}'`,
      [demo.partner.id, url],
    );
    if (rowCount) return;
    await client.query(
      `INSERT INTO webhook_endpoint (id, partner_id, url, description, environment, events, secret_envelope)
       VALUES ($1, $2, $3, 'Production', 'live', '{}', $4)`,
      [id, demo.partner.id, url, await sealEnvelope(keks, newSecret(random), id)],
    );
  } finally {
    await client.end();
  }
}
