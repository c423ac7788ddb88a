// A month of three partners, from the limiter's decisions to the invoices: one that is refused at its quota, one that pays
// for what is beyond, one that pays up to a cap. What was admitted, what is shown and what is billed must be one number.

import type pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { createBillingStore } from '../src/billing/billing-store.ts';
import { closeMonths } from '../src/billing/close-month.ts';
import { cappedUnits } from '../src/billing/month.ts';
import type { PartnerLimits } from '../src/limits/limit.ts';
import { draw } from '../src/limits/partner-draw.ts';
import { newHolder, newPartnerLedger } from '../src/limits/partner-ledger.ts';
import { report } from '../src/limits/partner-report.ts';
import { addUnits, type DayCounts, NO_UNITS, quotasOn } from '../src/limits/quota.ts';
import type { Database } from '../src/platform/database.ts';
import { foldingOf } from '../src/usage/folding.ts';
import type { UsageEvent } from '../src/usage/usage-event.ts';
import { createUsageStore } from '../src/usage/usage-store.ts';

const START = Date.UTC(2025, 10, 1);
const MONTH_MS = 30 * 86_400_000;
/** Calls that one isolate sends at once, and messages that the consumer folds at once. */
const MESSAGE_CALLS = 500;
const BATCH_MESSAGES = 10;
/** Every so manyth call is failed by the upstream: given back, and not billed. */
const FAILS_EVERY = 97;

export interface MonthOfPartner {
  name: string;
  demanded: number;
  /** By the limiter. */
  admitted: number;
  /** By quotas, rollups and raw events. */
  shown: number[];
  /** By the invoice: calls of the plan, and of the overage. */
  billed: number;
  overage: { units: number; minor: number };
}

interface Setting {
  name: string;
  share: number;
  included: number;
  action: 'block' | 'charge';
  cap: number | null;
}
const PER_1000 = 30;
const settingsFor = (calls: number): Setting[] => [
  {
    name: 'refused at its quota',
    share: 0.3,
    included: Math.floor(calls * 0.25),
    action: 'block',
    cap: null,
  },
  {
    name: 'pays for what is beyond',
    share: 0.4,
    included: Math.floor(calls * 0.2),
    action: 'charge',
    cap: null,
  },
  {
    name: 'pays up to a cap',
    share: 0.3,
    included: Math.floor(calls * 0.1),
    action: 'charge',
    cap: Math.floor((calls * 0.15 * PER_1000) / 1000),
  },
];

async function live(
  { client, database, calls }: { client: pg.Client; database: Database; calls: number },
  setting: Setting,
): Promise<MonthOfPartner> {
  const id = uuidv7();
  const { included, action, cap, name } = setting;
  await client.query(
    `INSERT INTO partner (id, name, email, tier, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, overage_action, spending_cap_minor)
     VALUES ($1::uuid, $2, $1::uuid::text, 'simulated', -1, -1, $3, $4, $5)`,
    [id, name, included, action, cap],
  );
  await client.query('UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1', [
    id,
    new Date(START),
  ]);
  const monthCap = cappedUnits({
    includedUnits: included,
    overageAction: action,
    overagePer1000Minor: PER_1000,
    spendingCapMinor: cap,
  });
  const limits: PartnerLimits = { second: -1, day: -1, month: included, overage: action, monthCap };
  const usage = createUsageStore(database);
  const demanded = Math.floor(calls * setting.share);
  let ledger = newPartnerLedger();
  let holder = newHolder();
  /** What the key's object counts: admitted, and not given back. */
  let own: DayCounts = NO_UNITS;
  let events: UsageEvent[] = [];
  let messages: { id: string; events: UsageEvent[]; refusals: Record<string, number> }[] = [];
  const flush = async (isLast: boolean) => {
    if (events.length > 0) messages.push({ id: uuidv7(), events, refusals: {} });
    events = [];
    if (messages.length < BATCH_MESSAGES && !isLast) return;
    await usage.fold(foldingOf(messages));
    messages = [];
  };
  for (let n = 0; n < demanded; n++) {
    const atMs = START + Math.floor((n * MONTH_MS) / demanded);
    const request = {
      seq: n + 1,
      holder: 'k',
      used: own,
      version: 1,
      catalog: 0,
      limits,
      costs: [1],
      wanted: 0,
    };
    const [after, changed, reply] = draw(ledger, holder, request, 0, atMs);
    [ledger, holder] = [after, changed];
    if (reply.outcome !== 'decided') throw new Error(reply.outcome);
    let units = reply.admitted[0] ? 1 : 0;
    if (units === 1 && n % FAILS_EVERY === 0) {
      units = 0;
    }
    own = addUnits(own, reply.dayStartMs, units);
    events.push(toEvent(id, atMs, units, reply.admitted[0] === true));
    if (events.length === MESSAGE_CALLS) await flush(false);
  }
  await flush(true);
  const last = { seq: demanded + 1, holder: 'k', used: own };
  const [{ used }] = report(ledger, holder, last, START + MONTH_MS - 1);
  await closeMonths(
    {
      store: createBillingStore(database),
      newId: uuidv7,
      seller: { name: 'Passerelle' },
      dueDays: 30,
      tell: async () => undefined,
      log: (line) => console.error(line),
    },
    START + MONTH_MS,
  );
  const { rows } = await client.query(
    `SELECT (SELECT units FROM quota_usage WHERE partner_id = $1 AND period_type = 'monthly')::int AS quota,
       (SELECT sum(units) FROM quota_usage WHERE partner_id = $1 AND period_type = 'daily')::int AS days,
       (SELECT sum(units) FROM api_usage_rollups_day WHERE partner_id = $1)::int AS rollups,
       (SELECT sum(units) FROM api_usage_events WHERE partner_id = $1)::int AS events,
       l.plan::int, coalesce(l.overage, 0)::int AS overage, coalesce(l.minor, 0)::int AS minor
     FROM (SELECT sum(n.quantity) FILTER (WHERE n.kind = 'plan') AS plan, sum(n.quantity) FILTER (WHERE n.kind = 'overage') AS overage,
       sum(n.amount_minor) FILTER (WHERE n.kind = 'overage') AS minor
       FROM invoice_line n JOIN invoice i ON i.id = n.invoice_id WHERE i.partner_id = $1) l`,
    [id],
  );
  const { quota, days, rollups, events: raw, plan, overage, minor } = rows[0];
  return {
    name,
    demanded,
    admitted: quotasOn(used, ledger.dayStartMs).monthUsed,
    shown: [quota, days, rollups, raw],
    billed: plan,
    overage: { units: overage, minor },
  };
}

const toEvent = (partnerId: string, atMs: number, units: number, isAdmitted: boolean): UsageEvent => ({
  id: uuidv7(),
  occurredMs: atMs,
  day: new Date(atMs).toISOString().slice(0, 10),
  partnerId,
  keyId: `key-of-${partnerId}`,
  appId: null,
  environment: 'live',
  route: '/v2/routes/list',
  method: 'GET',
  endpoint: '/v2/routes/list',
  status: units === 1 ? 200 : isAdmitted ? 503 : 429,
  error: units === 1 ? null : isAdmitted ? 'upstream_error' : 'monthly_quota_exceeded',
  latencyMs: 7,
  upstreamMs: null,
  bytesIn: 0,
  bytesOut: 100,
  units,
  cacheHit: false,
  degraded: false,
  country: 'SN',
  ip: null,
  userAgent: null,
});

/** `calls`: of all three together. */
export async function simulateMonth(
  ports: { client: pg.Client; database: Database },
  calls: number,
): Promise<MonthOfPartner[]> {
  await ports.client.query(
    `INSERT INTO tier_config (tier, price_cents, overage_price_per_1000_cents, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features)
     VALUES ('simulated', 9900, $1, -1, -1, -1, '{}')`,
    [PER_1000],
  );
  const partners: MonthOfPartner[] = [];
  for (const setting of settingsFor(calls)) partners.push(await live({ ...ports, calls }, setting));
  return partners;
}

/** What is wrong with it; nothing when all is one number. */
export function disagreements({ name, admitted, shown, billed }: MonthOfPartner): string[] {
  return [...shown, billed].every((count) => count === admitted)
    ? []
    : [`${name}: admitted ${admitted}, shown ${shown.join(', ')}, billed ${billed}`];
}
