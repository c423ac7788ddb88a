// Five hundred random histories, closed by the real job against a real PostgreSQL, twice, late, concurrently and killed
// between its steps: every invoice is what an independent biller says, to the minor unit.

import type pg from 'pg';
import { uuidv7 } from 'uuidv7';
import { expect, it } from 'vitest';
import { createBillingStore } from '../../src/billing/billing-store.ts';
import { closeMonths } from '../../src/billing/close-month.ts';
import { foldingOf } from '../../src/usage/folding.ts';
import type { UsageMessage } from '../../src/usage/usage-event.ts';
import { createUsageStore } from '../../src/usage/usage-store.ts';
import { monthAfter, type NaiveEvent, type NaiveTerms, naiveInvoices } from '../support/naive-biller.ts';
import { openDatabaseOfItsOwn } from '../support/own-database.ts';
import { messageOf } from '../support/usage-message.ts';

function seeded(seed: number) {
  let state = seed;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return {
    random,
    below: (n: number) => Math.floor(random() * n),
    pick: <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T,
  };
}

const CURRENCIES = ['EUR', 'USD', 'XOF'] as const;
const PLANS = {
  tiny: { included: 300, EUR: [999, 333], USD: [1099, 377], XOF: [6500, 2111] },
  small: { included: 1000, EUR: [4900, 170], USD: [5400, 190], XOF: [32_000, 1100] },
  big: { included: 4000, EUR: [19_900, 90], USD: [21_900, 99], XOF: [130_001, 650] },
  open: { included: -1, EUR: [50_000, 10], USD: [55_000, 11], XOF: [330_000, 65] },
} as const;
type PlanName = keyof typeof PLANS;
const planNames = Object.keys(PLANS) as PlanName[];

interface History {
  id: string;
  terms: NaiveTerms[];
  events: NaiveEvent[];
  messages: { message: UsageMessage; knownMs: number }[];
  apps: [string | null, string][];
  changes: { atMs: number; set: Record<string, unknown> }[];
}

const msOf = (month: string) => Date.parse(`${month}T00:00:00Z`);

function termsOf(set: Record<string, unknown>, atMs: number): NaiveTerms {
  const plan = PLANS[set.tier as PlanName];
  const [price, per1000] = plan[set.currency as 'EUR'];
  return {
    atMs,
    tier: set.tier as string,
    currency: set.currency as string,
    isBilled: set.status === 'active',
    price,
    included: (set.rate_limit_per_month as number | undefined) ?? plan.included,
    action: set.overage_action as string,
    per1000,
    cap: set.spending_cap_minor as number | null,
    taxBps: set.tax_bps as number,
  };
}

/** A partner's life from a moment in the first month on. */
function makeHistory(seed: number, months: string[]): History {
  const { random, below, pick } = seeded(seed);
  const id = uuidv7();
  const startMs = msOf(months[0] ?? '') + (random() < 0.3 ? 0 : below(30 * 86_400_000));
  const endMs = msOf(monthAfter(months.at(-1) ?? ''));
  const state: Record<string, unknown> = {
    tier: pick(planNames),
    currency: pick(CURRENCIES),
    status: 'active',
    overage_action: pick(['charge', 'charge', 'charge', 'block', 'warn']),
    spending_cap_minor: pick([null, null, 0, 37, 250, 4000]),
    tax_bps: pick([0, 1800, 2000, 550]),
  };
  const changes = [{ atMs: startMs, set: { ...state } }];
  for (let n = below(8); n > 0; n--) {
    // Some at the very end or beginning of a month.
    const edge = msOf(pick(months.slice(1))) + pick([-1, 0, 1]);
    const atMs = random() < 0.25 ? edge : startMs + below(endMs - startMs);
    if (atMs <= startMs || changes.some((change) => change.atMs === atMs)) continue;
    changes.push({ atMs, set: {} });
  }
  changes.sort((a, b) => a.atMs - b.atMs);
  for (const change of changes.slice(1)) {
    const kind = below(7);
    if (kind <= 1) {
      state.tier = pick(planNames);
      delete state.rate_limit_per_month;
    }
    if (kind === 2) state.overage_action = pick(['charge', 'charge', 'block', 'warn']);
    if (kind === 3) state.spending_cap_minor = pick([null, 0, 11, 90, 1000, 100_000]);
    if (kind === 4) state.rate_limit_per_month = pick([0, 50, 777, 1500, -1]);
    if (kind === 5) state.status = state.status === 'active' ? 'suspended' : 'active';
    if (kind === 6) state[pick(['tax_bps', 'currency'])] = undefined;
    state.tax_bps ??= pick([0, 1000, 1800]);
    state.currency ??= pick(CURRENCIES);
    change.set = { ...state };
  }
  const apps: [string | null, string][] = [
    [uuidv7(), 'Alpha'],
    [uuidv7(), 'Beta'],
    [null, '-'],
  ];
  const events: NaiveEvent[] = [];
  const messages: History['messages'] = [];
  const bursts = 1 + below(25);
  for (let n = 0; n < bursts; n++) {
    const near = pick(changes).atMs + pick([-1, 0, 1]);
    let atMs = random() < 0.2 ? near : startMs + below(endMs - startMs);
    atMs = Math.min(Math.max(atMs, startMs), endMs - 1);
    const lateMs = random() < 0.45 ? below(75) * 86_400_000 : 60_000;
    const app = pick(apps)[0];
    const units = 1 + below(pick([5, 80, 900]));
    const knownMs = atMs + lateMs;
    events.push({ atMs, units, app, knownMs });
    messages.push({ knownMs, message: messageOf(id, atMs, units, app) });
  }
  const terms = changes.map(({ atMs, set }) => termsOf(set, atMs));
  return { id, terms, events, messages, apps, changes };
}

/** Test and refused calls in between, which never cost. */
const unbilled = ({ message }: History['messages'][number]): UsageMessage => ({
  id: uuidv7(),
  refusals: {},
  events: message.events.flatMap((event) => [
    { ...event, id: uuidv7(), environment: 'test', keyId: `${event.keyId}-test` },
    { ...event, id: uuidv7(), units: 0, status: 503, error: 'upstream_error' },
  ]),
});

async function openTimeline(name: string) {
  // Far from UTC: a month begins at its own midnight, wherever the session is.
  const timeline = await openDatabaseOfItsOwn(name, 'Pacific/Auckland');
  const { client } = timeline;
  for (const [tier, { included, EUR, USD, XOF }] of Object.entries(PLANS)) {
    const [usd, xof] = [USD, XOF].map(([price, per1000]) => ({ price, overage_per_1000: per1000 }));
    await client.query(
      `INSERT INTO tier_config (tier, price_cents, overage_price_per_1000_cents, prices, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month, features)
       VALUES ($1, $2, $3, $4, 10, -1, $5, '{}')`,
      [tier, EUR[0], EUR[1], JSON.stringify({ USD: usd, XOF: xof }), included],
    );
  }
  return timeline;
}

type Timeline = Awaited<ReturnType<typeof openTimeline>>;

/** Lives through the changes, each at its moment, by the statement that an operator would type. */
async function live({ client }: Timeline, { id, changes, apps }: History): Promise<void> {
  const [first, ...later] = changes;
  await client.query(
    `INSERT INTO partner (id, name, email, tier, currency, status, overage_action, spending_cap_minor, tax_bps,
       granted_overage_actions, rate_limit_per_second, rate_limit_per_day, rate_limit_per_month)
     SELECT $1::uuid, 'History', $1::uuid::text, tier, $3, $4, $5, $6, $7, ARRAY['warn'], rate_limit_per_second, rate_limit_per_day, rate_limit_per_month
     FROM tier_config WHERE tier = $2`,
    [
      id,
      first?.set.tier,
      first?.set.currency,
      first?.set.status,
      first?.set.overage_action,
      first?.set.spending_cap_minor,
      first?.set.tax_bps,
    ],
  );
  for (const [appId, name] of apps)
    if (appId)
      await client.query('INSERT INTO dev_apps (id, partner_id, name) VALUES ($1, $2, $3)', [
        appId,
        id,
        name,
      ]);
  const place = (atMs: number) =>
    client.query(
      `UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1 AND effective_at > '2026-01-01'`,
      [id, new Date(atMs)],
    );
  await place(first?.atMs ?? 0);
  for (const { atMs, set } of later) {
    await client.query(
      `UPDATE partner SET tier = $2::text, currency = $3, status = $4, overage_action = $5, spending_cap_minor = $6, tax_bps = $7,
         rate_limit_per_month = coalesce($8, (SELECT rate_limit_per_month FROM tier_config WHERE tier = $2::text)) WHERE id = $1`,
      [
        id,
        set.tier,
        set.currency,
        set.status,
        set.overage_action,
        set.spending_cap_minor,
        set.tax_bps,
        set.rate_limit_per_month,
      ],
    );
    await place(atMs);
  }
}

async function runTimeline(name: string, months: string[], seeds: number[]): Promise<number> {
  const timeline = await openTimeline(name);
  const { client, database } = timeline;
  const { random, pick } = seeded(seeds[0] ?? 0);
  try {
    const histories = seeds.map((seed) => makeHistory(seed, months));
    for (const history of histories) await live(timeline, history);
    const usage = createUsageStore(database);
    const store = createBillingStore(database);
    const ports = {
      store,
      newId: uuidv7,
      seller: { name: 'Passerelle' },
      dueDays: 30,
      tell: async () => undefined,
      log: () => undefined,
    };
    /** Dies before or after a step, as a Worker would. */
    const mortal = () => {
      const die = (chance: number) => {
        if (random() < chance) throw new Error('killed');
      };
      return {
        ...ports,
        store: {
          ...store,
          facts: async (...args: Parameters<typeof store.facts>) => {
            die(0.01);
            return store.facts(...args);
          },
          close: async (...args: Parameters<typeof store.close>) => {
            die(0.02);
            const numbers = await store.close(...args);
            die(0.02);
            return numbers;
          },
        },
      };
    };
    const folded = new Set<string>();
    const closings: { month: string; atMs: number }[] = [];
    const extra = [monthAfter(months.at(-1) ?? ''), monthAfter(months.at(-1) ?? '', 2)];
    let open: string[] = [];
    for (const month of [...months, ...extra]) {
      open.push(month);
      // Sometimes the job does not run for a month, and closes two when it does.
      if (random() < 0.25 && month !== extra[1]) continue;
      const atMs = msOf(monthAfter(month)) + 5 * 60_000;
      const known = histories.flatMap(({ messages }) =>
        messages.filter(({ message, knownMs }) => knownMs <= atMs && !folded.has(message.id)),
      );
      for (let i = 0; i < known.length; i += 200) {
        const batch = known.slice(i, i + 200);
        const messages = [...batch.map(({ message }) => message), ...batch.map(unbilled)];
        await usage.fold(foldingOf(messages));
        // Delivered twice, in part.
        await usage.fold(foldingOf(messages.filter(() => random() < 0.3)));
      }
      for (const { message } of known) folded.add(message.id);
      await Promise.allSettled([closeMonths(mortal(), atMs), closeMonths(mortal(), atMs)]);
      // As many runs as it takes.
      for (let runs = 0; runs < 5 && (await closeMonths(ports, atMs)).months > 0; runs++);
      if (pick([true, false])) await closeMonths(ports, atMs);
      for (const closed of open) closings.push({ month: closed, atMs });
      open = [];
    }

    let invoices = 0;
    for (const { id, terms, events, apps } of histories) {
      const firstMonth = new Date(terms[0]?.atMs ?? 0).toISOString().slice(0, 7);
      const own = closings.filter(({ month }) => month.slice(0, 7) >= firstMonth);
      const expected = naiveInvoices(terms, events, apps, own);
      const { rows } = await client.query(
        `SELECT i.period_start::text AS month, i.currency, i.subtotal_minor::int AS subtotal, i.tax_minor::int AS tax,
           i.total_minor::int AS total, (SELECT array_agg(concat_ws(' ', l.kind, coalesce(l.tier, '-'), i.currency,
             coalesce(l.app_name, '-'), l.quantity, l.amount_minor)) FROM invoice_line l WHERE l.invoice_id = i.id) AS lines
         FROM invoice i WHERE i.partner_id = $1 ORDER BY i.period_start, i.currency`,
        [id],
      );
      const found = rows.map((row) => ({ ...row, lines: row.lines.sort() }));
      expect(found, `partner ${id}`).toEqual(expected.invoices);
      for (const { amount } of expected.overages) {
        const caps = terms.map(({ cap }) => cap);
        if (!caps.includes(null)) expect(Number(amount)).toBeLessThanOrEqual(Math.max(...caps.map(Number)));
      }
      invoices += found.length;
    }
    await checkBooks(client, invoices);
    return invoices;
  } finally {
    await timeline.close();
  }
}

/** Numbers without gaps, sums of lines that are totals, and as many events as documents. */
async function checkBooks(client: pg.Client, invoices: number): Promise<void> {
  const { rows: series } = await client.query(
    `SELECT left(number, 8) AS series, count(*)::int AS count, max(right(number, 6)::int) AS last, min(right(number, 6)::int) AS first
     FROM invoice GROUP BY 1`,
  );
  for (const { count, first, last } of series) expect([first, last]).toEqual([1, count]);
  const { rows: wrong } = await client.query(
    `SELECT i.id FROM invoice i WHERE i.total_minor <> i.subtotal_minor + i.tax_minor
       OR i.subtotal_minor <> (SELECT sum(amount_minor) FROM invoice_line l WHERE l.invoice_id = i.id)`,
  );
  expect(wrong).toEqual([]);
  const { rows: told } = await client.query(
    `SELECT count(*)::int AS count, count(DISTINCT data->>'id')::int AS ids FROM webhook_event WHERE type = 'invoice.finalised'`,
  );
  expect(told).toEqual([{ count: invoices, ids: invoices }]);
  // The histories had something of everything.
  const { rows: kinds } = await client.query(
    'SELECT kind, count(*)::int AS count FROM invoice_line GROUP BY 1',
  );
  for (const kind of ['plan', 'overage', 'adjustment'])
    expect(kinds.find((row) => row.kind === kind)?.count, kind).toBeGreaterThan(15);
}

const range = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

it('500 random histories: each invoice is what the naive biller says, to the minor unit', {
  timeout: 300_000,
}, async () => {
  // Two leap years, a turn of the year, and common Februaries.
  const invoices = [
    await runTimeline(
      'billing_2020',
      ['2019-12-01', '2020-01-01', '2020-02-01', '2020-03-01'],
      range(1, 170),
    ),
    await runTimeline('billing_2024', ['2024-01-01', '2024-02-01', '2024-03-01'], range(1000, 170)),
    await runTimeline(
      'billing_2025',
      ['2024-12-01', '2025-01-01', '2025-02-01', '2025-03-01'],
      range(2000, 160),
    ),
  ];
  expect(Math.min(...invoices)).toBeGreaterThan(200);
  console.log(`${invoices.join(' + ')} invoices compared`);
});
