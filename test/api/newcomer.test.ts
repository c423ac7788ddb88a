// What a newcomer asked of a page, and what the page says now, in both languages.

import { beforeAll, describe, expect, it } from 'vitest';
import { createFormat } from '../../src/web/format.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { makeKey, makePartner, query, stack } from '../support/api.ts';
import { pdfText } from '../support/pdf-text.ts';
import { memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

/** September 2026, for an account that was active from its first day. */
async function invoiceOf(partnerId: string): Promise<string> {
  const [made] = await query(
    `SELECT (issue_invoice(jsonb_build_object('id', gen_random_uuid(), 'kind', 'invoice', 'partner_id', $1::uuid, 'period_start', '2026-09-01',
       'period_end', '2026-09-30', 'currency', 'EUR', 'subtotal_minor', 5, 'tax_bps', 0, 'tax_minor', 0, 'total_minor', 5, 'status', 'open',
       'issued_at', now(), 'due_at', now(), 'seller', '{"name": "S"}'::jsonb, 'buyer', '{"name": "B"}'::jsonb, 'lines',
       jsonb_build_array(jsonb_build_object('kind', 'plan', 'tier', 'business', 'from_at', '2026-09-01T00:00:00Z',
         'to_at', '2026-09-14T10:00:00Z', 'quantity', 0, 'amount_minor', 5))))).id`,
    [partnerId],
  );
  return made?.id;
}

/** As suspending and reinstating would have noted it then. */
async function setBilled(partnerId: string, history: [at: string, isBilled: boolean][]): Promise<void> {
  await query(
    `WITH known AS (DELETE FROM partner_terms WHERE partner_id = $1 RETURNING *),
       last AS (SELECT * FROM known ORDER BY effective_at DESC LIMIT 1)
     INSERT INTO partner_terms SELECT l.partner_id, t.at::timestamptz, l.tier, l.currency, t.billed, l.price_minor, l.included_units,
       l.overage_action, l.overage_per_1000_minor, l.spending_cap_minor, l.tax_bps
     FROM last l, jsonb_to_recordset($2::jsonb) AS t(at text, billed boolean)`,
    [partnerId, JSON.stringify(history.map(([at, billed]) => ({ at, billed })))],
  );
}

async function pdfOf(person: Person, path: string, language: string): Promise<string> {
  const file = await fetch(stack.url + path, {
    headers: {
      cookie: [...person.cookies].map((pair) => pair.join('=')).join('; '),
      'accept-language': language,
    },
  });
  return pdfText(Buffer.from(await file.arrayBuffer())).replaceAll('\n', ' ');
}

describe.each(['en', 'fr'] as const)('%s', (language) => {
  const m = messagesOf(language);
  const format = createFormat(language, Date.now());
  const get = async (who: Person, path: string): Promise<string> =>
    (await who.get(path, { 'accept-language': language })).text;

  it('an invoice says why its plan ended early', async () => {
    const { id } = await makePartner({ tier: 'business' });
    const owner = await memberOf(id);
    const path = `/portal/invoices/${await invoiceOf(id)}`;
    const said = m.invoice.notBilled(format.day('2026-09-14'), format.day('2026-09-20'));
    await setBilled(id, [['2026-08-01T00:00:00Z', true]]);
    expect(await get(owner, path)).not.toContain(said.slice(0, 25));
    await setBilled(id, [
      ['2026-08-01T00:00:00Z', true],
      ['2026-09-14T10:00:00Z', false],
      // Something else was changed meanwhile.
      ['2026-09-15T10:00:00Z', false],
      ['2026-09-21T00:00:00Z', true],
    ]);
    expect((await get(owner, path)).split(said)).toHaveLength(2);
    expect(await pdfOf(owner, `${path}/pdf`, language)).toContain(said.replaceAll('\u202f', ' '));
    // To the end of the month, and not beyond it.
    await setBilled(id, [
      ['2026-08-01T00:00:00Z', true],
      ['2026-09-25T10:00:00Z', false],
    ]);
    expect(await get(owner, path)).toContain(
      m.invoice.notBilled(format.day('2026-09-25'), format.day('2026-09-30')),
    );
  });

  it('who gets no invoice is promised none', async () => {
    const CASES = [
      [{ tier: 'free', status: 'sandbox_only' }, 'notLive'],
      [{ tier: 'free' }, 'free'],
      [{ tier: 'enterprise' }, 'agreed'],
      [{ tier: 'business' }, 'coming'],
    ] as const;
    for (const [wish, word] of CASES) {
      const owner = await memberOf((await makePartner(wish)).id);
      expect(await get(owner, '/portal/billing'), word).toContain(`<p>${m.billing.noneText[word]}</p>`);
    }
  });

  it('a plan before it is chosen: on a phone the day is not called an amount', async () => {
    const owner = await memberOf((await makePartner({ tier: 'starter' })).id);
    const page = await get(owner, '/portal/billing/plan?tier=business');
    const labels = [...page.matchAll(/<td class="num" data-label="([^"]*)"/g)].map(([, label]) => label);
    const { when } = m.billing;
    const { amount } = m.invoice;
    expect(labels).toEqual([when, amount, amount, amount]);
  });

  it('a path that is no endpoint is called so, wherever calls are listed', async () => {
    const { id } = await makePartner();
    const owner = await memberOf(id);
    const key = await makeKey(id);
    await query(
      `INSERT INTO api_usage_rollups_day (day, key_id, route, partner_id, environment, calls, errors, error_codes, statuses)
       VALUES ((now() AT TIME ZONE 'UTC')::date, $1, 'unmatched', $2, 'live', 7, 7, '{"not_found": 7}', '{"404": 7}')`,
      [key.id, id],
    );
    for (const path of [
      '/portal?environment=live',
      '/portal/usage?environment=live',
      '/portal/requests?route=unmatched',
    ]) {
      const page = await get(owner, path);
      expect(page, path).toContain(m.requests.unmatched);
      expect(page.replace(/<[^>]*>/g, ' '), path).not.toContain('unmatched');
    }
  });

  it('the first steps go forward only: an app that was archived was made', async () => {
    const { id } = await makePartner({ tier: 'free' });
    const owner = await memberOf(id);
    await owner.post('/portal/apps', { name: 'Only one' });
    const progress = m.overview.progress(2, 4);
    expect(await get(owner, '/portal')).toContain(progress);
    await query('UPDATE dev_apps SET archived_at = now() WHERE partner_id = $1', [id]);
    expect(await get(owner, '/portal')).toContain(progress);
  });
});

describe.each(['en', 'fr'] as const)('operators, in %s', (language) => {
  const m = messagesOf(language);
  let operator: Person;
  beforeAll(async () => {
    operator = await operatorSignedIn();
  });
  const send = (range: string) =>
    operator.post(
      '/operator/blocks',
      { range, hours: '1', reason: `newcomer ${language}` },
      { 'accept-language': language },
    );

  it('a plan that is agreed with its partner is not said to cost nothing', async () => {
    const { text } = await operator.get('/operator/plans', { 'accept-language': language });
    const rowOf = (name: string) =>
      text.match(/<tr>.*?<\/tr>/gs)?.find((row) => row.includes(`<strong>${name}</strong>`)) ?? '';
    const [agreed, free] =
      language === 'en' ? [rowOf('Enterprise'), rowOf('Free')] : [rowOf('Entreprise'), rowOf('Gratuit')];
    expect(agreed).toContain(m.console.byAgreement);
    expect(agreed).not.toMatch(/€0\.00|0,00\s€/);
    expect(free).toMatch(/€0\.00|0,00\s€/);
  });

  it('a block says what is wrong with its address, and what to enter', async () => {
    const { range } = m.fields;
    for (const [typed, said] of [
      ['10.0.0.7/24', range.host('10.0.0.7/24', '10.0.0.0/24')],
      ['198.51.100.0/33', range.width('198.51.100.0/33', '32')],
      ['gate', range.address('gate')],
      ['10.0.0.0/8', language === 'en' ? 'must not be wider than /16' : 'plus large que /16'],
      ['2001::/16', language === 'en' ? 'must not be wider than /32 in IPv6' : 'plus large que /32 en IPv6'],
    ] as const) {
      const { status, text } = await send(typed);
      expect([status, text.includes(said)], said).toEqual([400, true]);
    }
    const [row] = await query('SELECT count(*)::int AS blocks FROM address_block WHERE reason = $1', [
      `newcomer ${language}`,
    ]);
    expect(row?.blocks).toBe(0);
  });
});
