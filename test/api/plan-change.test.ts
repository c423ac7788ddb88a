// A change of plan: the amount that is shown before is the invoice's, and what is undone within the hour was never billed, to
// the minor unit, by the naive biller; who may, who is told, and when it is too late.

import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBillingStore } from '../../src/billing/billing-store.ts';
import { closeMonths, monthsUpTo, reckon } from '../../src/billing/close-month.ts';
import { createPlanService } from '../../src/billing/plan-service.ts';
import { HOUR_MS, isoDay, monthStart } from '../../src/core/time.ts';
import { foldingOf } from '../../src/usage/folding.ts';
import { createUsageStore } from '../../src/usage/usage-store.ts';
import {
  call,
  developerToken,
  eventually,
  makePartner,
  query,
  sendJson,
  type TestPartner,
} from '../support/api.ts';
import { type NaiveEvent, type NaiveTerms, naiveInvoices } from '../support/naive-biller.ts';
import { type OwnDatabase, openDatabaseOfItsOwn } from '../support/own-database.ts';
import { memberOf } from '../support/portal.ts';
import { seeded } from '../support/seeded.ts';
import { messageOf } from '../support/usage-message.ts';

const ACTOR = { name: 'job:test', ip: null, requestId: null };
const PLANS = {
  small: { price: 4900, included: 1000, per1000: 170, actions: ['block', 'charge'] },
  big: { price: 19_901, included: 4000, per1000: 90, actions: ['block'] },
} as const;

describe('billed as if it had never been', () => {
  let own: OwnDatabase;
  beforeAll(async () => {
    own = await openDatabaseOfItsOwn('plan_change', 'Pacific/Auckland');
    for (const [tier, { price, included, per1000, actions }] of Object.entries(PLANS))
      await own.client.query(
        `INSERT INTO tier_config (tier, price_cents, overage_price_per_1000_cents, rate_limit_per_second, rate_limit_per_day,
           rate_limit_per_month, features, overage_actions) VALUES ($1, $2, $3, 10, -1, $4, '{}', $5)`,
        [tier, price, per1000, included, actions],
      );
  });
  afterAll(() => own.close());

  const services = () => {
    const store = createBillingStore(own.database);
    const quiet = async () => undefined;
    const notices = {
      planChanged: quiet,
      planAssigned: quiet,
      planUndone: quiet,
      priceChanged: async () => true,
    };
    const ports = { database: own.database, store, notices, announce: async () => undefined };
    return { store, plans: createPlanService({ ...ports, now: () => Date.now() }) };
  };

  /** On `small` since the month began. */
  async function partnerWith(action: string, cap: number | null, taxBps: number): Promise<string> {
    const id = uuidv7();
    await own.client.query(
      `INSERT INTO partner (id, name, email, tier, overage_action, spending_cap_minor, tax_bps, rate_limit_per_second,
         rate_limit_per_day, rate_limit_per_month) VALUES ($1::uuid, 'P', $1::uuid::text, 'small', $2, $3, $4, 10, -1, 1000)`,
      [id, action, cap, taxBps],
    );
    await own.client.query('UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1', [
      id,
      new Date(monthStart(Date.now())),
    ]);
    return id;
  }

  async function use(id: string, atMs: number, units: number): Promise<NaiveEvent> {
    await createUsageStore(own.database).fold(foldingOf([messageOf(id, atMs, units, null)]));
    return { atMs, units, app: null, knownMs: atMs };
  }

  it('30 partners choose, go on, and undo: each invoice is that of the naive biller without the change', async () => {
    const { plans, store } = services();
    const start = isoDay(monthStart(Date.now()));
    const closedMs = monthStart(Date.now(), 1) + 2 * HOUR_MS;
    const expected: [id: string, invoices: ReturnType<typeof naiveInvoices>['invoices']][] = [];
    for (let seed = 1; seed <= 30; seed++) {
      const random = seeded(seed);
      const action = random() < 0.5 ? 'charge' : 'block';
      const cap = random() < 0.5 ? null : Math.floor(random() * 60);
      const taxBps = random() < 0.5 ? 0 : 1800;
      const id = await partnerWith(action, cap, taxBps);
      const first: NaiveTerms = {
        atMs: monthStart(Date.now()),
        tier: 'small',
        currency: 'EUR',
        isBilled: true,
        price: PLANS.small.price,
        included: PLANS.small.included,
        action,
        per1000: PLANS.small.per1000,
        cap,
        taxBps,
      };
      const terms = [first];
      const most = action === 'charge' ? 3000 : 400;
      const events = [await use(id, monthStart(Date.now()) + 5, Math.floor(random() * most))];
      expect((await plans.choose(id, 'big', ACTOR)).tier).toBe('big');
      events.push(await use(id, Date.now(), Math.floor(random() * most)));
      if (random() < 0.5) {
        const changed = { ...first, cap: 7, taxBps: 550 };
        await own.client.query('UPDATE partner SET spending_cap_minor = 7, tax_bps = 550 WHERE id = $1', [
          id,
        ]);
        const { rows } = await own.client.query<{ at: Date }>(
          'SELECT max(effective_at) AS at FROM partner_terms WHERE partner_id = $1',
          [id],
        );
        // What the big plan does not allow is blocked until the change is undone.
        terms.push({ ...changed, action: 'block', atMs: rows[0]?.at.getTime() ?? 0 });
      }
      expect((await plans.undo(id, ACTOR)).tier).toBe('small');
      const { rows } = await own.client.query<{ at: Date }>(
        `SELECT effective_at AS at FROM partner_terms WHERE partner_id = $1 ORDER BY effective_at`,
        [id],
      );
      const last = terms.at(-1);
      if (last && last.action !== action && rows.length > terms.length)
        terms.push({ ...last, action, atMs: rows.at(-1)?.at.getTime() ?? 0 });
      expect(rows).toHaveLength(terms.length);
      events.push(await use(id, Date.now(), 11));
      const naive = naiveInvoices(terms, events, [[null, '-']], [{ month: start, atMs: closedMs }]);
      expected.push([id, naive.invoices]);
    }
    const closing = {
      store,
      newId: uuidv7,
      seller: { name: 'S' },
      dueDays: 30,
      tell: async () => undefined,
      log: () => undefined,
    };
    await closeMonths(closing, closedMs);
    for (const [id, invoices] of expected) {
      const { rows } = await own.client.query(
        `SELECT i.period_start::text AS month, i.currency, i.subtotal_minor::int AS subtotal, i.tax_minor::int AS tax,
           i.total_minor::int AS total, (SELECT array_agg(concat_ws(' ', l.kind, coalesce(l.tier, '-'), i.currency,
             coalesce(l.app_name, '-'), l.quantity, l.amount_minor)) FROM invoice_line l WHERE l.invoice_id = i.id) AS lines
         FROM invoice i WHERE i.partner_id = $1`,
        [id],
      );
      expect(
        rows.map((row) => ({ ...row, lines: row.lines.sort() })),
        id,
      ).toEqual(invoices);
    }
    expect(expected.flatMap(([, invoices]) => invoices).length).toBe(30);
  });

  it('what is shown before it is chosen is what the invoice says after', async () => {
    const { plans, store } = services();
    for (let seed = 1; seed <= 10; seed++) {
      const random = seeded(seed);
      const id = await partnerWith('charge', null, 1800);
      await use(id, monthStart(Date.now()) + 5, Math.floor(random() * 6000));
      const before = await store.facts(id, monthsUpTo(isoDay(monthStart(Date.now()))));
      const review = await plans.review(id, 'big');
      await plans.choose(id, 'big', ACTOR);
      await own.client.query(
        `UPDATE partner_terms SET effective_at = $2 WHERE partner_id = $1 AND tier = 'big'`,
        [id, review.startsAt],
      );
      const after = await store.facts(id, monthsUpTo(isoDay(monthStart(Date.now()))));
      const [draft] = after ? reckon(after).drafts : [];
      expect(review.nextInvoice).toEqual(draft);
      const [draftBefore] = before ? reckon(before).drafts : [];
      expect(review.dueNowMinor).toBe((draft?.subtotalMinor ?? 0) - (draftBefore?.subtotalMinor ?? 0));
      expect(review).toMatchObject({ isNow: true, monthlyMinor: PLANS.big.price, overageAction: 'block' });
    }
  });

  it('a month is not closed while its plan can be undone', async () => {
    const { plans, store } = services();
    const id = await partnerWith('block', null, 0);
    await plans.choose(id, 'big', ACTOR);
    const changedMs = monthStart(Date.now(), 1) - 1000;
    await own.client.query('UPDATE partner SET plan_changed_at = $2 WHERE id = $1', [
      id,
      new Date(changedMs),
    ]);
    const isOpen = async (atMs: number) =>
      (await store.openMonths(atMs, 300)).some(({ partnerId }) => partnerId === id);
    expect(await isOpen(changedMs + HOUR_MS - 1)).toBe(false);
    expect(await isOpen(changedMs + HOUR_MS)).toBe(true);
  });

  it('is too late after the hour, once the month is closed, and once more was used than the plan before included', async () => {
    const { plans } = services();
    const tooLate = { code: 'conflict' };
    const late = await partnerWith('block', null, 0);
    await plans.choose(late, 'big', ACTOR);
    await own.client.query(
      `UPDATE partner SET plan_changed_at = now() - interval '61 minutes' WHERE id = $1`,
      [late],
    );
    await expect(plans.undo(late, ACTOR)).rejects.toMatchObject(tooLate);
    const closed = await partnerWith('block', null, 0);
    await plans.choose(closed, 'big', ACTOR);
    await own.client.query(
      `INSERT INTO billing_period (partner_id, period_start, billed, units, closed_at) VALUES ($1, $2, '{}', 0, now())`,
      [closed, isoDay(monthStart(Date.now()))],
    );
    await expect(plans.undo(closed, ACTOR)).rejects.toMatchObject(tooLate);
    const used = await partnerWith('block', null, 0);
    await plans.choose(used, 'big', ACTOR);
    await use(used, Date.now(), 1001);
    await expect(plans.undo(used, ACTOR)).rejects.toMatchObject(tooLate);
    const busy = await partnerWith('block', null, 0);
    await own.client.query(`UPDATE tier_config SET rate_limit_per_day = 100 WHERE tier = 'small'`);
    await plans.choose(busy, 'big', ACTOR);
    await use(busy, Date.now(), 101);
    await expect(plans.undo(busy, ACTOR)).rejects.toMatchObject(tooLate);
    await own.client.query(`UPDATE tier_config SET rate_limit_per_day = -1 WHERE tier = 'small'`);
    const assigned = await partnerWith('block', null, 0);
    await plans.choose(assigned, 'big', ACTOR);
    await plans.assign(assigned, { tier: 'enterprise', reason: 'deal' }, ACTOR);
    await expect(plans.undo(assigned, ACTOR)).rejects.toMatchObject(tooLate);
  });

  it('is had once a month', async () => {
    const { plans } = services();
    const partner = await partnerWith('block', null, 0);
    await plans.choose(partner, 'big', ACTOR);
    expect(await plans.billing(partner)).toMatchObject({ isUndoSpent: false, undoTier: 'small' });
    expect(await plans.undo(partner, ACTOR)).toMatchObject({ tier: 'small', isUndoSpent: true });
    expect((await plans.choose(partner, 'big', ACTOR)).undoUntil).toBeNull();
    await expect(plans.undo(partner, ACTOR)).rejects.toMatchObject({ code: 'conflict' });
    await own.client.query(
      `UPDATE partner SET plan_undone_at = plan_undone_at - interval '1 month' WHERE id = $1`,
      [partner],
    );
    expect(await plans.billing(partner)).toMatchObject({ isUndoSpent: false, undoTier: 'small' });
    expect((await plans.undo(partner, ACTOR)).tier).toBe('small');
  });

  it('brings back what waited for the next month, and what was chosen beyond the quota', async () => {
    const { plans } = services();
    const id = await partnerWith('charge', null, 0);
    await plans.choose(id, 'free', ACTOR);
    expect(await plans.choose(id, 'big', ACTOR)).toMatchObject({
      tier: 'big',
      nextTier: null,
      overageAction: 'block',
      undoTier: 'small',
    });
    expect(await plans.undo(id, ACTOR)).toMatchObject({
      tier: 'small',
      nextTier: 'free',
      overageAction: 'charge',
      undoTier: null,
      undoUntil: null,
    });
    await expect(plans.undo(id, ACTOR)).rejects.toMatchObject({ code: 'conflict' });
  });
});

describe('through the doors', () => {
  const devOf = async (partner: TestPartner) => ({
    headers: { authorization: `Bearer ${await developerToken(partner)}` },
  });
  const mailsTo = (email: string) =>
    query<{ subject: string; body: string }>(
      'SELECT subject, body FROM outbox_mail WHERE recipient = $1 ORDER BY id DESC',
      [email],
    );

  it('a page shows amount and differences, asks once, says what was done, and undoes it; owners and billing members are told', async () => {
    const partner = await makePartner({ tier: 'starter', second: 10, day: 10_000, month: 300_000 });
    const owner = await memberOf(partner.id);
    const billing = await memberOf(partner.id, 'billing');
    const developer = await memberOf(partner.id, 'developer');
    const page = await owner.get('/portal/billing/plan?tier=business', { 'accept-language': 'fr' });
    expect(page.text).toMatch(/Dû maintenant/);
    expect(page.text).toContain('annuler sans frais pendant une heure');
    expect(page.text).toMatch(/199,00\s€/);
    expect(page.text).toMatch(/1\s500\s000/);
    expect((await developer.get('/portal/billing/plan?tier=business')).status).toBe(403);
    expect((await owner.get('/portal/billing/plan?tier=starter')).status).toBe(303);
    expect((await owner.get('/portal/billing/plan?tier=nonsense')).status).toBe(403);
    expect(await query('SELECT tier FROM partner WHERE id = $1', [partner.id])).toEqual([
      { tier: 'starter' },
    ]);
    const stale = await owner.post('/portal/billing/plan', { tier: 'business', monthly: '9900' });
    expect([stale.status, /The price of this plan has changed/.test(stale.text)]).toEqual([409, true]);
    expect(page.text).toContain('name="monthly" value="19900"');
    await owner.post('/portal/billing/plan', { tier: 'business', monthly: '19900' });
    const after = await owner.get('/portal/billing');
    expect(after.text).toMatch(/You are on Business\. It adds €\d/);
    expect(after.text).toMatch(/go back to Starter at no charge until \d\d:\d\d UTC/);
    for (const { email } of [owner, billing]) {
      const [mail] = await eventually(
        () => mailsTo(email).then((mails) => mails.filter(({ subject }) => subject.includes('Business'))),
        (mails) => mails.length > 0,
      );
      expect(mail?.body).toMatch(/€199\.00.*at no charge until/s);
    }
    expect((await mailsTo(developer.email)).filter(({ subject }) => /Business/.test(subject))).toEqual([]);
    await owner.post('/portal/billing/undo');
    expect(
      await query('SELECT tier, rate_limit_per_month::int AS month FROM partner WHERE id = $1', [partner.id]),
    ).toEqual([{ tier: 'starter', month: 300_000 }]);
    expect((await owner.post('/portal/billing/undo')).status).toBe(409);
    const again = await owner.get('/portal/billing/plan?tier=business');
    expect(again.text).toContain('this one cannot be undone');
    expect(again.text).not.toContain('You can undo it');
  });

  it('the API reviews and undoes the same; another tenant sees and undoes nothing of it', async () => {
    const partner = await makePartner({ tier: 'starter', second: 10, day: 10_000, month: 300_000 });
    const other = await makePartner({ tier: 'starter' });
    const [dev, foreign] = [await devOf(partner), await devOf(other)];
    const review = (await call('/api/dev/plans/business/review', dev)).json;
    expect(review).toMatchObject({ tier: 'business', is_now: true, monthly_minor: 19_900, currency: 'EUR' });
    expect(review.due_now_minor).toBeGreaterThanOrEqual(0);
    const later = (await call('/api/dev/plans/free/review', dev)).json;
    expect(later).toMatchObject({ is_now: false, due_now_minor: 0, monthly_minor: 0 });
    await sendJson('/api/dev/billing', 'PATCH', { tier: 'business' }, dev);
    expect((await sendJson('/api/dev/billing/undo', 'POST', {}, foreign)).status).toBe(409);
    expect((await call('/api/dev/billing', dev)).json).toMatchObject({
      tier: 'business',
      undo_tier: 'starter',
    });
    expect((await sendJson('/api/dev/billing/undo', 'POST', {}, dev)).json).toMatchObject({
      tier: 'starter',
      undo_until: null,
    });
  });
});
