// What people stumbled over on the pages, and must not again: words and forms, in both languages. What needs a browser is in
// test/e2e/looks.test.ts.

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createFormat } from '../../src/web/format.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';
import {
  call,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { formsOf } from '../support/page-forms.ts';
import { memberOf, operatorSignedIn, PASSWORD, type Person, visitor } from '../support/portal.ts';

const BLOCKED = '198.18.28.0/24';
/** A euro for each call beyond five. */
const DEAR = {
  tier: `dear-${randomUUID().slice(-12)}`,
  prices: { EUR: { price: 4900, overage_per_1000: 100_000 } },
  overage_actions: ['charge'],
  rate_limit_per_second: 100,
  rate_limit_per_day: 1000,
  rate_limit_per_month: 5,
};

let partner: TestPartner;
let owner: Person;
let colleague: Person;
let operator: Person;
let demo: Person;
/** Who is billed for three calls beyond the quota. */
let payer: Person;
const invited = `invited-${randomUUID()}@example.com`;
/** `app`: has a key that was never called. `used`: has a live key, and the test key `called`, called twice. */
const ids = { app: '', key: '', invitation: '', used: '', called: '' };

async function makePayer(): Promise<Person> {
  const api = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
  expect((await sendJson('/api/admin/plans', 'POST', DEAR, api)).status).toBe(201);
  const { id } = await makePartner({ tier: DEAR.tier, month: DEAR.rate_limit_per_month, overage: 'charge' });
  const person = await memberOf(id);
  await person.post('/portal/billing/overage', { overage_action: 'charge', cap: '10' });
  const { secret } = await makeKey(id);
  for (let calls = 0; calls < 8; calls++) await call('/v2/routes/list', { key: secret });
  return person;
}

async function makeApp(name: string): Promise<string> {
  await owner.post('/portal/apps', { name });
  const [app] = await query('SELECT id FROM dev_apps WHERE partner_id = $1 AND name = $2', [
    partner.id,
    name,
  ]);
  return app?.id;
}

beforeAll(async () => {
  partner = await makePartner({ tier: 'business' });
  demo = visitor(stack.demo.developer.email);
  [owner, colleague, operator, payer] = await Promise.all([
    memberOf(partner.id),
    memberOf(partner.id, 'developer'),
    operatorSignedIn(),
    makePayer(),
    demo.post('/sign-in', { email: demo.email, password: stack.demo.developer.password }),
  ]);
  await owner.post('/portal/members/invite', { email: invited, role: 'viewer' });
  const [invitation] = await query('SELECT id FROM partner_invitation WHERE partner_id = $1', [partner.id]);
  const [app, used] = [await makeApp('Till'), await makeApp('Shop')];
  const { id: key } = await makeKey(partner.id, { environment: 'test', appId: app });
  await makeKey(partner.id, { appId: used });
  const called = await makeKey(partner.id, { environment: 'test', appId: used });
  for (let calls = 0; calls < 2; calls++) await call('/v2/routes/list', { key: called.secret });
  Object.assign(ids, { app, key, used, called: called.id, invitation: invitation?.id });
});

/** What is read of it, with every space alike. */
const wordsOf = (html: string): string =>
  html
    .replace(/<(?:style|script).*?<\/(?:style|script)>/gs, '')
    .replace(/<\/?(?:t[dhr]|p|dt|dd|h\d|section|div|label|option)[^>]*>/g, ' ')
    .replace(/<[^>]*>/g, '')
    .replace(/&#39;/g, "'")
    .replace(/\s+/g, ' ');

const DIALOGS = /<dialog .*?<\/dialog>/gs;

/** Of the forms that are sent to `action` with `along`: whether one is in no dialog, and what the dialogs of others say. */
function askedBefore(page: string, action: string, along: string) {
  const sends = (html: string) =>
    formsOf(html).some(
      (form) => form.action === action && (along === '' || form.along.some(([, value]) => value === along)),
    );
  return {
    isBare: sends(page.replace(DIALOGS, '')),
    questions: (page.match(DIALOGS) ?? []).filter(sends).map(wordsOf),
  };
}

/** The panel of this title. */
const panelOf = (page: string, title: string): string =>
  (page.match(/<section class="panel">.*?<\/section>/gs) ?? []).find((panel) =>
    wordsOf(/<h2>.*?<\/h2>/s.exec(panel)?.[0] ?? '').includes(wordsOf(title)),
  ) ?? '';

const titlesOf = (html: string): string[] =>
  [...html.matchAll(/<th [^>]*>(.*?)<\/th>/gs)].map(([, title = '']) => wordsOf(title));

const subjectOf = async ({ email }: Person): Promise<string> =>
  (
    await query('SELECT subject FROM partner_member WHERE partner_id = $1 AND email = $2', [
      partner.id,
      email,
    ])
  )[0]?.subject;

it('an invoice is voided only with a reason', async () => {
  const [invoice] = await query(
    `SELECT id FROM invoice WHERE partner_id = $1 AND kind = 'invoice' AND status = 'open' ORDER BY number LIMIT 1`,
    [stack.demo.partner.id],
  );
  const path = `/operator/invoices/${invoice?.id}`;
  const form = formsOf((await operator.get(path)).text).find(({ action }) => action === `${path}/void`);
  expect(form?.controls).toMatchObject([{ name: 'reason', isRequired: true }]);
  expect((await operator.post(`${path}/void`, { reason: ' ' })).status).toBe(400);
  expect(await query('SELECT status FROM invoice WHERE id = $1', [invoice?.id])).toEqual([
    { status: 'open' },
  ]);
});

it("no page of the console says “Portal” and leads back to the console; a partner's person finds it in the docs", async () => {
  const paths = ['/operator', '/operator/partners', `/operator/partners/${partner.id}`, '/operator/plans'];
  for (const path of [...paths, '/operator/invoices', '/portal/settings', '/docs', '/docs/limits', '/status'])
    expect([path, (await operator.get(path)).text.match(/href="\/portal"/)]).toEqual([path, null]);
  const links = async (person: Person) =>
    (await person.get('/docs')).text.match(/<a class="button" href.*?<\/a>/s);
  expect((await links(operator))?.[0]).toMatch(/href="\/operator">\s*Operator console/);
  expect((await links(owner))?.[0]).toMatch(/href="\/portal">\s*Portal/);
});

describe.each(['en', 'fr'] as const)('%s', (language) => {
  const m = messagesOf(language);
  const format = createFormat(language, Date.now());
  const get = async (person: Person, path: string) =>
    (await person.get(path, { 'accept-language': language })).text;

  it('nobody is removed, leaves or is uninvited, no sandbox is emptied and no day used up by a single click', async () => {
    const [members, sandbox] = [await get(owner, '/portal/members'), await get(owner, '/portal/sandbox')];
    const withdraw = `/portal/members/invitations/${ids.invitation}/withdraw`;
    const steps: [page: string, action: string, along: string, title: string, stakes: string][] = [
      [
        members,
        '/portal/members/remove',
        await subjectOf(colleague),
        m.members.removeTitle('Person'),
        m.members.removeText,
      ],
      [
        members,
        '/portal/members/remove',
        await subjectOf(owner),
        m.members.leaveTitle('Test'),
        m.members.leaveText,
      ],
      [members, withdraw, '', m.members.withdrawTitle(invited), m.members.withdrawText],
      [sandbox, `/portal/apps/${ids.app}/reset`, '', m.sandbox.resetTitle('Till'), m.sandbox.resetText],
      [sandbox, `/portal/keys/${ids.key}/day`, 'spent', m.sandbox.spendTitle('Test'), m.sandbox.spendText],
    ];
    for (const [page, action, along, title, stakes] of steps) {
      const { isBare, questions } = askedBefore(page, action, along);
      expect([action, isBare, questions.length]).toEqual([action, false, 1]);
      expect(questions[0]).toContain(wordsOf(title));
      expect(questions[0]).toContain(wordsOf(stakes));
    }
  });

  it('who revokes a key is told when it was used last, and its calls of today', async () => {
    const stakesOf = async (key: string) => {
      const page = await get(owner, `/portal/keys/${key}`);
      return askedBefore(page, `/portal/keys/${key}/revoke`, '').questions[0] ?? '';
    };
    const [used, today] = [m.keys.lastUsed, m.overview.today];
    expect(await stakesOf(ids.key)).toContain(`${used}: ${m.common.never}. ${today}: 0.`);
    const told = new RegExp(`${used}: (?!${m.common.never})[^.]+\\. ${today}: 2\\.`);
    expect(
      await eventually(
        () => stakesOf(ids.called),
        (words) => told.test(words),
      ),
    ).toMatch(told);
  });

  it('what ends says on which day, and in how long: never “until in 7 days”', async () => {
    const form = randomUUID();
    const token = { form, name: 'CI', permissions: 'develop', days: '30', proof: PASSWORD };
    await owner.post('/portal/settings/tokens', token);
    await owner.post(`/portal/apps/${await makeApp(`Gone ${language}`)}/archive`);
    await owner.post(`/portal/keys/${ids.key}/rotate`, { grace_days: '7' });
    await query(`UPDATE api_key SET expires_at = now() + interval '10 days' WHERE id = $1`, [ids.key]);
    await operator.post('/operator/blocks', { range: BLOCKED, hours: '168', reason: 'scanning' });
    const on = (days: number) => {
      const day = format.day(new Date(Date.now() + days * 86_400_000).toISOString());
      return wordsOf(`${day} (${language === 'en' ? `in ${days} days` : `dans ${days} jours`})`);
    };
    const pages: [Person, string, words: string[]][] = [
      [owner, '/portal/members', [on(7)]],
      [owner, `/portal/apps/${ids.app}`, [`${language === 'en' ? 'until' : 'jusqu’au'} ${on(7)}`]],
      [owner, `/portal/keys/${ids.key}`, [on(7), on(10)]],
      [owner, '/portal/apps', [on(30)]],
      [owner, '/portal/settings', [on(30)]],
      [operator, '/operator/blocks', [on(7)]],
    ];
    for (const [person, path, expected] of pages) {
      const page = await get(person, path);
      for (const words of expected) expect(wordsOf(page), path).toContain(words);
      expect([path, page.match(/<time [^>]*>\s*(?:in|dans) \d/)]).toEqual([path, null]);
    }
    const [block] = await query('SELECT id FROM address_block WHERE range = $1 ORDER BY id DESC', [BLOCKED]);
    await operator.post(`/operator/blocks/${block?.id}/lift`, { reason: 'over' });
  });

  it('a plan has a name and its features are words, on the page of those who are on it', async () => {
    const billing = await get(owner, '/portal/billing');
    const plan = wordsOf(panelOf(billing, m.billing.plan));
    for (const text of [
      m.billing.supportIs(language === 'en' ? 'email and chat' : 'e-mail et chat'),
      m.billing.availabilityIs(language === 'en' ? '99.5%' : '99,5 %'),
      // Also to who lets nothing through: what it would cost.
      m.billing.overageOffPrice(format.money(15, 'EUR')),
    ])
      expect(plan).toContain(wordsOf(text));
    const dialog = /<dialog id="plan".*?<\/dialog>/s.exec(billing)?.[0] ?? '';
    const names = [...dialog.matchAll(/<strong>(.*?)<\/strong>/g)].map(([, name]) => name);
    const offered =
      language === 'en'
        ? ['Free', 'Starter', 'Business', 'Enterprise']
        : ['Gratuit', 'Starter', 'Business', 'Entreprise'];
    expect(names).toEqual(expect.arrayContaining(offered));
    expect(wordsOf(billing)).not.toMatch(/\btier\b|email\+chat|\b(?:free|starter|business|enterprise)\b/);
  });

  it("operators find plans by price, numbers in full, and whose a plan is by the partner's name", async () => {
    const page = (await get(operator, '/operator/plans')).replace(DIALOGS, '');
    // Other tests make plans, too: for one partner, or without a price in euros.
    const offered = (page.match(/<tr>.*?<\/tr>/gs) ?? []).filter(
      (row) =>
        row.includes(m.money.selfServed) &&
        ![m.money.forPartner, m.money.closed].some((text) => row.includes(text)),
    );
    const prices = offered.flatMap((row) => {
      const [price] = /€[\d.,]+|\d[\d ]*,\d\d €/.exec(wordsOf(row)) ?? [];
      return price ? [Number(price.replace(/\D/g, ''))] : [];
    });
    expect(prices.length).toBeGreaterThanOrEqual(3);
    expect(prices).toEqual(prices.toSorted((a, b) => a - b));
    expect(wordsOf(page)).toContain(`${m.money.forPartner} Sunu Logistics`);
    expect(wordsOf(page)).toContain(wordsOf(`50 / ${format.number(50_000)} / ${format.number(1_500_000)}`));
    expect(wordsOf(page)).not.toMatch(/∞|\d(?:[.,]\d)?[km]\b|…/);
  });

  it('overage and its cap are apart from where invoices go; the cap says how far it is used, the forecast what overage comes to', async () => {
    const used = wordsOf(m.billing.capUsed(format.money(300, 'EUR'), format.money(1000, 'EUR')));
    const billing = await eventually(
      () => get(payer, '/portal/billing'),
      (page) => wordsOf(page).includes(used),
    );
    const beyond = panelOf(billing, m.billing.beyond);
    const details = panelOf(billing, m.billing.details);
    for (const field of ['overage_action', 'cap']) {
      expect(beyond).toContain(`name="${field}"`);
      expect(details).not.toContain(`name="${field}"`);
    }
    expect(details).toContain('name="billing_address"');
    expect(wordsOf(beyond)).toContain(used);
    expect(beyond).toContain('<rect width="30.0"');
    const amount = '§';
    const forecast = wordsOf(m.billing.forecastOverage(amount)).replace(/[()]/g, '\\$&');
    expect(wordsOf(panelOf(billing, m.billing.next))).toMatch(
      new RegExp(forecast.replace(amount, '€?[\\d.,]+(?: €)?')),
    );
  });

  it("the list of apps has titles of its own, not a form's labels, with keys, calls and last use", async () => {
    const row = (page: string) =>
      wordsOf((page.match(/<tr>.*?<\/tr>/gs) ?? []).find((each) => each.includes(ids.used)) ?? '');
    const page = await eventually(
      () => get(owner, '/portal/apps'),
      (text) => row(text).includes(` ${m.apps.keyCounts(1, 1)} 2 `) && !row(text).includes(m.common.never),
    );
    const titles = titlesOf(page.replace(DIALOGS, '')).slice(0, 5);
    expect(titles).toEqual([m.apps.name, m.apps.keys, m.overview.today, m.keys.lastUsed, m.common.created]);
    const facts = await get(operator, `/operator/partners/${partner.id}`);
    expect(facts).toContain(`<dt>${m.liveAccess.company}</dt>`);
    for (const text of [page, facts])
      expect(wordsOf(text.replace(DIALOGS, ''))).not.toMatch(/\(optional\)|\(facultatif\)/);
  });

  it('an open alert is not said to have ended, and a rule per minute says so once', async () => {
    await query(
      `INSERT INTO alert_episode (id, owner, rule, subject, fired_at, resolved_at, value, peak, threshold) VALUES
         (gen_random_uuid(), $1, 'error_rate', $2, now() - interval '1 hour', NULL, 12, 12, 10),
         (gen_random_uuid(), $1, 'latency_p95', $2, now() - interval '2 hours', now(), 2000, 2000, 1000)`,
      [partner.id, `findings-${language}`],
    );
    const page = await get(owner, '/portal/alerts');
    expect(titlesOf(panelOf(page, m.alerts.open))).not.toContain(m.alerts.lasted);
    expect(titlesOf(panelOf(page, m.alerts.history))).toContain(m.alerts.lasted);
    const rules = panelOf(page, m.alerts.rules);
    const refused =
      (rules.match(/<tr>.*?<\/tr>/gs) ?? []).find((row) => row.includes('refused_signatures')) ?? '';
    expect(wordsOf(refused)).toContain(m.alerts.names.refused_signatures);
    expect(wordsOf(refused)).not.toContain(m.alerts.window(1));
    expect(wordsOf(rules)).toContain(m.alerts.window(5));
    expect(refused).toMatch(
      new RegExp(`<button[^>]*>\\s*${language === 'en' ? 'Save' : 'Enregistrer'}\\s*</button>`),
    );
  });

  it('money that is given back has a minus sign, not a hyphen', async () => {
    const [note] = await query(`SELECT id FROM invoice WHERE partner_id = $1 AND kind = 'credit_note'`, [
      stack.demo.partner.id,
    ]);
    const total = language === 'en' ? '−€17.70' : '−17,70 €';
    for (const [person, path] of [
      [demo, '/portal/billing'],
      [demo, `/portal/invoices/${note?.id}`],
      [operator, `/operator/invoices/${note?.id}`],
    ] as const) {
      const words = wordsOf(await get(person, path));
      expect(words, path).toContain(total);
      expect(words, path).not.toMatch(/-€|-\d+,\d\d €/);
    }
  });

  it('a range that is none is named, with the one that is shown; and a file is not of other days', async () => {
    const { wrongRange, shown, shownDays, ranges } = m.usage;
    for (const [query, why, range, status] of [
      ['from=2026-02-30&to=2026-11-01', wrongRange.day('2026-02-30'), ranges['30d'], 400],
      ['from=2026-02-01&to=', wrongRange.half(), ranges['30d'], 400],
      ['range=year', wrongRange.name('year'), ranges['30d'], 400],
      [
        'from=2026-11-09&to=2026-11-03',
        wrongRange.order(),
        shownDays(format.date('2026-11-03'), format.date('2026-11-09')),
        200,
      ],
    ] as const) {
      const said = wordsOf(`${why} ${shown(range)}`);
      expect(wordsOf(await get(owner, `/portal/usage?${query}`)), query).toContain(said);
      expect((await owner.get(`/portal/usage.csv?${query}`)).status, query).toBe(status);
    }
    const page = await get(owner, '/portal/usage?from=2026-02-30&to=2026-11-01');
    const [, file = ''] = /href="(\/portal\/usage\.csv[^"]*)"/.exec(page) ?? [];
    expect((await owner.get(file.replaceAll('&amp;', '&'))).status).toBe(200);
    const found = await get(owner, '/portal/requests?from=2026-11-09&to=2026-11-03');
    expect(wordsOf(found)).toContain(wordsOf(wrongRange.order()));
    expect(wordsOf(await get(owner, '/portal/usage?range=7d'))).not.toContain(wordsOf(shown(ranges['7d'])));
  });

  it('an id that leads to no request is in its form again, with why', async () => {
    const find = (id: string) =>
      owner.get(`/portal/requests/find?id=${encodeURIComponent(id)}`, { 'accept-language': language });
    const missing = randomUUID();
    const [foreign] = await query('SELECT id FROM api_usage_events WHERE partner_id <> $1 LIMIT 1', [
      partner.id,
    ]);
    for (const [id, status, why] of [
      ['', 400, m.requests.notAnId],
      ['"><b>req', 400, m.requests.notAnId],
      [missing, 404, m.requests.notFound(13)],
      [String(foreign?.id), 404, m.requests.notFound(13)],
    ] as const) {
      const { status: answered, text } = await find(id);
      expect(answered).toBe(status);
      const field = /<input id="find"[^>]*>/.exec(text)?.[0] ?? '';
      expect(field).toContain('aria-invalid="true"');
      const shown = id.replace('"', '&quot;').replaceAll('>', '&gt;').replaceAll('<', '&lt;');
      expect(field).toContain(`value="${shown}"`);
      expect(wordsOf(text)).toContain(wordsOf(why));
    }
    const [own] = await query('SELECT id FROM api_usage_events WHERE partner_id = $1 LIMIT 1', [partner.id]);
    const found = await find(` ${own?.id} `);
    expect([found.status, found.headers.location]).toEqual([303, `/portal/requests/${own?.id}`]);
  });

  it('each line of a session has another name', async () => {
    const sessions = panelOf(await get(owner, '/portal/settings'), m.settings.sessions);
    const [row = ''] = sessions.match(/<tr>.*?<\/tr>/s) ?? [];
    expect([...row.matchAll(/data-label="([^"]*)"/g)].map(([, label]) => label)).toEqual([
      m.audit.from,
      m.settings.since,
    ]);
    expect(m.audit.from).not.toBe(m.settings.since);
  });
});
