// axe-core on every page, light and dark, in both languages; and what a keyboard, a phone and a slow line need.

import { gzipSync } from 'node:zlib';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, eventually, query, sendJson, stack } from '../support/api.ts';
import { findings } from '../support/axe.ts';
import { goTo, launch, newPerson, operatorInBrowser, signInInBrowser } from '../support/browser.ts';
import { operatorSignedIn, visitor } from '../support/portal.ts';
import { agree, askedAt, asking, newVerifier, type ProgramServer, startProgram } from '../support/program.ts';

let browser: Browser;
let program: ProgramServer;
const ids: Record<string, string> = {};

const PUBLIC = [
  '/',
  '/sign-up',
  '/sign-in',
  '/verify?sent=a%40example.com',
  '/two-factor',
  '/reset',
  '/reset/token',
  '/invite/nonsense',
  '/mails/nonsense',
  '/outbox',
  '/docs',
  '/docs/first-call',
  '/docs/signing',
  '/docs/oauth',
  '/docs/mcp',
  '/docs/budget-keys',
  '/docs/limits',
  '/docs/handling-errors',
  '/docs/plans',
  '/docs/scopes',
  '/docs/test-cards',
  '/docs/search?q=quota',
  '/docs/webhooks',
  '/docs/going-live',
  '/docs/endpoints',
  '/docs/changelog',
  '/docs/errors',
  '/docs/errors/daily_quota_exceeded',
  '/docs/errors/budget_exceeded',
  '/docs/api',
  '/docs/nothing',
];
const portalPages = () => [
  '/portal',
  '/portal/search?q=ter',
  '/portal/apps',
  '/portal/apps?dialog=new-app',
  `/portal/apps/${ids.app}`,
  `/portal/apps/${ids.app}?dialog=new-key`,
  `/portal/keys/${ids.key}`,
  `/portal/keys/${ids.key}?dialog=revoke`,
  `/portal/keys/${ids.key}?dialog=edit`,
  `/portal/keys/${ids.key}?dialog=new-budget-key`,
  `/portal/keys/${ids.child}`,
  `/portal/keys/${ids.child}?dialog=edit`,
  askedAt(asking(program, newVerifier())),
  '/portal/authorize?client_id=nobody',
  '/portal/grants',
  `/portal/keys/${ids.client}`,
  `/portal/keys/${ids.client}?dialog=edit`,
  '/portal/usage',
  '/portal/usage?range=24h',
  '/portal/usage/checks',
  '/portal/requests',
  `/portal/requests/${ids.request}`,
  '/portal/sandbox',
  '/portal/mcp',
  '/portal/webhooks',
  '/portal/webhooks?dialog=add',
  '/portal/webhooks/events',
  `/portal/webhooks/${ids.endpoint}`,
  `/portal/webhooks/${ids.endpoint}?dialog=recover`,
  `/portal/deliveries/${ids.delivery}`,
  '/portal/alerts',
  '/portal/versions',
  '/portal/billing',
  '/portal/billing?dialog=plan',
  '/portal/billing/plan?tier=starter',
  '/portal/billing/simulation?tier=starter&second=2',
  '/portal/billing/simulation?second=x',
  `/portal/invoices/${ids.invoice}`,
  '/portal/audit',
  '/portal/members',
  '/portal/members?dialog=invite',
  '/portal/settings',
  '/portal/settings?dialog=password',
  '/prove?back=%2Fportal',
  '/second-factor',
  '/welcome',
  '/portal/live-access',
];
const operatorPages = () => [
  '/operator',
  '/operator/partners',
  '/operator/partners?dialog=new-partner',
  '/operator/search?q=demo',
  '/operator/live-access',
  `/operator/requests/${ids.request}`,
  '/operator/usage',
  '/operator/keys',
  `/operator/keys/${ids.key}`,
  `/operator/partners/${stack.demo.partner.id}`,
  `/operator/partners/${stack.demo.partner.id}?dialog=suspend`,
  '/operator/apis',
  '/operator/apis?dialog=offer',
  '/operator/apis/transit',
  '/operator/apis/transit?dialog=upstreams',
  '/operator/apis/transit?dialog=retire',
  '/operator/apis/calendar',
  ids.draft ?? '',
  '/operator/blocks',
  '/operator/blocks?dialog=block',
  '/operator/alerts',
  '/operator/plans',
  '/operator/plans?dialog=new',
  '/operator/plans/business/simulation',
  `/operator/partners/${stack.demo.partner.id}/simulation?second=2`,
  '/operator/invoices',
  `/operator/invoices/${ids.invoice}`,
  `/operator/invoices/${ids.invoice}?dialog=credit`,
  `/operator/partners/${stack.demo.partner.id}?dialog=plan`,
  '/operator/audit',
  '/operator/dead-letters',
  '/operator/checks',
];

/** One that leaves out something, brings a route, and ends others. */
async function draftOfTransit(): Promise<string> {
  const get = {
    parameters: [{ name: 'session', in: 'cookie' }],
    responses: { 200: { description: 'A stop' } },
  };
  const document = {
    openapi: '3.1.0',
    info: { title: 'Transit', version: '3' },
    paths: { '/stops': { get } },
  };
  const operator = await operatorSignedIn();
  const form = { document: JSON.stringify(document), url: '', id: 'transit' };
  return String((await operator.post('/operator/apis/check', form)).headers.location);
}

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const inDays = (days: number): string => new Date(Date.now() + days * 86_400_000).toISOString();

/** An API of three dates, of which the demo calls one that ends and one that has ended. */
async function datedApi(keyId: string): Promise<void> {
  const versions = [
    { date: '2025-01-01', sunset_at: inDays(-3) },
    {
      date: '2025-06-01',
      deprecated_at: inDays(-9),
      sunset_at: inDays(20),
      brownouts: [{ from: inDays(10), to: inDays(10.1) }],
    },
    { date: '2026-01-01' },
  ];
  const document = {
    openapi: '3.1.0',
    info: { title: 'Calendar', version: '1' },
    'x-passerelle': { versions },
    paths: { '/days': { get: { responses: { 200: { description: 'Days' } } } } },
  };
  expect((await sendJson('/api/admin/apis/calendar', 'PUT', { document }, operator)).status).toBe(200);
  for (const { date } of versions)
    await query(
      `INSERT INTO api_version_use (route, api_version, partner_id, key_id, day, calls)
         VALUES ('/calendar/days', $1, $2, $3, current_date, 1200) ON CONFLICT DO NOTHING`,
      [date, stack.demo.partner.id, keyId],
    );
}

beforeAll(async () => {
  browser = await launch();
  // A demo account with something to show: succeeded, refused and wrong calls.
  const key = stack.demo.keys.test;
  const answers = [];
  for (const path of ['/v2/stops/search?q=colobane', '/v2/routes/list', '/v2/stops/nearby?lat=x&lon=y'])
    answers.push(await call(path, { key }));
  ids.request = String(answers[0]?.headers['x-request-id']);
  await eventually(
    () => query('SELECT 1 FROM api_usage_events WHERE id = $1', [ids.request]),
    (rows) => rows.length > 0,
  );
  const [row] = await query(
    'SELECT key_id, app_id FROM api_key WHERE partner_id = $1 AND name = $2 AND is_active',
    [stack.demo.partner.id, 'Demo test'],
  );
  // Money and messages of the demo.
  const [shown] = await query(
    `SELECT (SELECT id FROM webhook_endpoint WHERE partner_id = $1 AND deleted_at IS NULL ORDER BY failing_since NULLS LAST LIMIT 1) AS endpoint,
       (SELECT d.id FROM webhook_delivery d JOIN webhook_endpoint e ON e.id = d.endpoint_id WHERE e.partner_id = $1 AND d.tries > 0 LIMIT 1) AS delivery,
       (SELECT id FROM invoice WHERE partner_id = $1 ORDER BY issued_at LIMIT 1) AS invoice`,
    [stack.demo.partner.id],
  );
  Object.assign(ids, { key: row?.key_id, app: row?.app_id, ...shown, draft: await draftOfTransit() });
  await datedApi(ids.key ?? '');
  const client = { key_type: 'oauth_client', environment: 'test', name: 'Demo client' };
  const developer = { headers: { authorization: `Bearer ${stack.demo.developer.token}` } };
  const made = await sendJson(`/api/dev/apps/${ids.app}/keys`, 'POST', client, developer);
  expect(made.status).toBe(201);
  ids.client = made.json.key_id;
  const budget = { name: 'Nightly job', budget: { units: 500 } };
  ids.child = (await sendJson(`/api/dev/keys/${ids.key}/budget-keys`, 'POST', budget, developer)).json.key_id;
  program = await startProgram();
  const person = visitor(stack.demo.developer.email);
  await person.post('/sign-in', { email: person.email, password: stack.demo.developer.password });
  await agree(person, asking(program, newVerifier()), { budget: '50', environment: 'test' });
});
afterAll(async () => {
  await browser?.close();
  program?.close();
  await sendJson('/api/admin/apis/calendar', 'DELETE', { reason: 'over' }, operator);
  await query(`DELETE FROM api_version_use WHERE route = '/calendar/days'`);
});

const PHONE = { width: 390, height: 800 };

/** What a page is, and what it loads of ours, in bytes, as gzip packs it. */
function weigh(page: Page): { sinceLast(): Promise<{ own: number; all: number }> } {
  let bodies: Promise<{ isPage: boolean; bytes: number }>[] = [];
  page.on('response', (response) => {
    if (!response.url().startsWith(stack.url)) return;
    const isPage = response.request().isNavigationRequest();
    const body = response.body().catch(() => Buffer.alloc(0));
    bodies.push(body.then((bytes) => ({ isPage, bytes: gzipSync(bytes).length })));
  });
  return {
    async sinceLast() {
      const loaded = await Promise.all(bodies);
      bodies = [];
      const sum = (some: typeof loaded) => some.reduce((all, { bytes }) => all + bytes, 0);
      return { own: sum(loaded.filter(({ isPage }) => isPage)), all: sum(loaded) };
    },
  };
}

// Each page in both themes, both languages and both widths: contrast is the same in either language, and French is longer.
describe.each([
  { look: { locale: 'en-GB', viewport: { width: 1280, height: 900 } }, theme: 'light' },
  { look: { locale: 'fr-FR', viewport: PHONE }, theme: 'dark' },
] as const)(
  'axe, $theme, $look.locale; no page is wider than its window, over 12 kB, or 100 kB with what it loads',
  ({ look, theme }) => {
    const walk = async (page: Page, paths: readonly string[]) => {
      const found: string[] = [];
      const weight = weigh(page);
      for (const path of paths) {
        await goTo(page, path);
        for (const width of new Set([PHONE.width, look.viewport.width])) {
          await page.setViewportSize({ ...look.viewport, width });
          const taken = await page.evaluate('document.documentElement.scrollWidth');
          if (taken !== width) found.push(`${path}: ${taken} px wide on ${width}`);
        }
        // What says how long ago something was keeps saying so.
        const noMoments = await page.$$eval(
          '[data-ago]',
          (times) => times.filter((time) => Number.isNaN(Date.parse(time.dataset.ago ?? ''))).length,
        );
        if (noMoments > 0) found.push(`${path}: ${noMoments} times that are none`);
        const { own, all } = await weight.sinceLast();
        if (own >= 12_000 || all >= 100_000) found.push(`${path}: ${own} bytes, ${all} with what it loads`);
        for (const finding of await findings(page, [theme])) found.push(`${path}, ${finding}`);
      }
      expect(found).toEqual([]);
    };
    it('public pages', async () => {
      const { page, context } = await newPerson(browser, { ...look, bypassCSP: true });
      await walk(page, PUBLIC);
      await context.close();
    });
    it("the portal's pages", async () => {
      const { page, context } = await newPerson(browser, { ...look, bypassCSP: true });
      await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
      await walk(page, portalPages());
      await context.close();
    });
    it("the operators' pages", async () => {
      const { page, context } = await newPerson(browser, { ...look, bypassCSP: true });
      await operatorInBrowser(page);
      await walk(page, operatorPages());
      await context.close();
    });
  },
);

it('requests are followed live, paused, and a drag over the chart chooses a range', async () => {
  const { page, context } = await newPerson(browser);
  await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
  await goTo(page, '/portal/requests');
  const before = await page.locator('[data-rows] tr').count();
  await page.click('[data-tail]');
  const { headers } = await call('/v2/stops/search?q=live', { key: stack.demo.keys.test });
  const row = page.locator(`[data-rows] tr[data-id="${headers['x-request-id']}"]`);
  await row.waitFor();
  expect(await page.locator('[data-rows] tr').count()).toBe(before + 1);
  await page.click('[data-tail]');
  expect(await page.locator('[data-tail]').getAttribute('aria-pressed')).toBe('false');

  await goTo(page, '/portal/usage?range=7d');
  const plot = (await page.locator('[data-zoom] svg').boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  const at = (day: number) => plot.x + (plot.width / 7) * (day + 0.5);
  await page.mouse.move(at(2), plot.y + 20);
  await page.mouse.down();
  await page.mouse.move(at(4), plot.y + 30, { steps: 5 });
  await page.mouse.up();
  await page.waitForURL(/from=\d{4}-\d\d-\d\d&to=/);
  const { searchParams } = new URL(page.url());
  const days =
    (Date.parse(searchParams.get('to') ?? '') - Date.parse(searchParams.get('from') ?? '')) / 86_400_000;
  expect(days).toBe(2);
  await context.close();
});

it('a keyboard does it all: skip link, palette, dialog, and back', async () => {
  const { page, context } = await newPerson(browser);
  await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
  await goTo(page, '/portal/apps');
  await page.keyboard.press('Tab');
  expect(await page.evaluate('document.activeElement.className')).toBe('skip');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('audit');
  await page.keyboard.press('Enter');
  await page.waitForURL('**/portal/audit');
  await goTo(page, '/portal/apps');
  await page.focus('[data-dialog=new-app]');
  await page.keyboard.press('Enter');
  expect(await page.evaluate('document.activeElement.name')).toBe('name');
  await page.keyboard.press('Escape');
  expect(await page.locator('#new-app').isVisible()).toBe(false);
  await context.close();
});

/** Of the palette, once they are about these words. */
async function optionsFor(page: Page, words: string): Promise<string[]> {
  await page.fill('#palette input[name=q]', words);
  await page.locator('#palette-list[aria-busy=false]').waitFor({ state: 'attached' });
  return page.locator('#palette [role=option]').allInnerTexts();
}

describe('the palette', () => {
  const open = async (page: Page, path: string) => {
    await goTo(page, path);
    await page.keyboard.press('Control+k');
    await page.locator('#palette [role=option]').first().waitFor();
  };
  const boxOf = (page: Page) => page.locator('#palette').boundingBox();

  it.each(['en-GB', 'fr-FR'])('finds what the partner has, and stays where it is: %s', async (locale) => {
    const { page, context, problems } = await newPerson(browser, { locale, bypassCSP: true });
    const isFrench = locale === 'fr-FR';
    await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
    await open(page, `/portal/keys/${ids.key}`);
    const [first] = await page.locator('#palette [role=option]').allInnerTexts();
    expect(first).toBe(isFrench ? 'Accueil' : 'Overview');
    const box = await boxOf(page);
    expect(await findings(page)).toEqual([]);
    const [{ number, prefix, url, app } = {}] = await query(
      `SELECT (SELECT number FROM invoice WHERE id = $1) AS number, (SELECT key_prefix FROM api_key WHERE key_id = $2) AS prefix,
        (SELECT url FROM webhook_endpoint WHERE id = $3) AS url, (SELECT name FROM dev_apps WHERE id = $4) AS app`,
      [ids.invoice, ids.key, ids.endpoint, ids.app],
    );
    const cases: [words: string, found: RegExp | string][] = [
      [app, app],
      [ids.request ?? '', 'GET /v2/stops/search'],
      [prefix.slice(0, 14), 'Demo test'],
      [prefix.slice(12, 16), 'Demo test'],
      [number.slice(0, 3), number],
      [url, url],
      [stack.demo.developer.email, stack.demo.developer.email],
      [isFrench ? 'idempotence' : 'idempotency', /Idempoten/],
      [
        isFrench ? 'renouveler demo test' : 'roll demo test',
        isFrench ? /^Renouveler Demo test/ : /^Roll Demo test/,
      ],
      [isFrench ? 'nouvelle cle' : 'new key', app],
      [isFrench ? 'sombre' : 'dark', isFrench ? 'Apparence sombre' : 'Dark appearance'],
      [isFrench ? 'english' : 'français', isFrench ? 'English' : 'Français'],
    ];
    for (const [words, found] of cases) {
      const options = await optionsFor(page, words);
      expect([words, options]).toEqual([words, expect.arrayContaining([expect.stringMatching(found)])]);
      expect(await boxOf(page)).toEqual(box);
    }
    expect(await optionsFor(page, 'zzzz')).toEqual([]);
    expect(await page.locator('#palette [role=status]').textContent()).toBe(
      isFrench ? 'Aucun résultat' : 'Nothing found',
    );
    expect(await boxOf(page)).toEqual(box);
    expect(await findings(page)).toEqual([]);
    expect(problems).toEqual([]);
    await context.close();
  });

  it('is chosen from by arrows and Enter, also a choice that is no page', async () => {
    const { page, context } = await newPerson(browser, { colorScheme: 'light' });
    await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
    await open(page, '/portal/members');
    const chosen = () => page.locator('#palette [aria-selected=true]');
    const input = page.locator('#palette input[name=q]');
    await page.keyboard.press('ArrowDown');
    expect(await chosen().getAttribute('href')).toBe('/portal/apps');
    expect(await input.getAttribute('aria-activedescendant')).toBe(await chosen().getAttribute('id'));
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('ArrowUp');
    expect(await chosen().evaluate((option) => option.tagName)).toBe('BUTTON');
    await page.keyboard.type('dark');
    await page.keyboard.press('Enter');
    await page.waitForSelector('html[data-theme=dark]');
    expect(new URL(page.url()).pathname).toBe('/portal/members');
    await context.close();
  });

  // Half a megabyte of scripts, on a machine that may be busy.
  it('is the one that Ctrl K opens beside the reference', { timeout: 120_000 }, async () => {
    const { page, context } = await newPerson(browser);
    await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
    await goTo(page, '/portal/playground');
    await page.locator('#reference').getByText('PassBI transit API').first().waitFor({ timeout: 90_000 });
    await page.keyboard.press('Control+k');
    const dialogs = page.locator('dialog[open], [role=dialog]:not(dialog)');
    await dialogs.first().waitFor();
    expect(await dialogs.count()).toBe(1);
    await context.close();
  });

  it("of the console is fed by the console's search", async () => {
    const { page, context } = await newPerson(browser, { bypassCSP: true });
    await operatorInBrowser(page);
    await open(page, '/operator');
    expect(await findings(page)).toEqual([]);
    const partner = await optionsFor(page, stack.demo.partner.id);
    expect(partner).toEqual([expect.stringContaining('Teranga')]);
    expect(await optionsFor(page, 'block')).toEqual(expect.arrayContaining(['Blocks', 'Block an address']));
    await context.close();
  });
});

it('menus close with Escape, and a sub page lights its item', async () => {
  const { page, context } = await newPerson(browser, { locale: 'fr-FR' });
  await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
  await goTo(page, `/portal/keys/${ids.key}`);
  expect(await page.locator('.side [aria-current=page]').allInnerTexts()).toEqual(['Applications']);
  expect(await page.locator('.crumbs').textContent()).toMatch(/^Applications · ./);
  await page.click('.menu > summary');
  const [language, theme] = await Promise.all(
    ['language', 'theme'].map((name) => page.locator(`.menu .switch:has([name=${name}])`).boundingBox()),
  );
  expect((theme?.y ?? 0) - (language?.y ?? 0) - (language?.height ?? 0)).toBeGreaterThanOrEqual(4);
  await page.keyboard.press('Escape');
  expect(await page.locator('.menu[open]').count()).toBe(0);
  expect(await page.evaluate('document.activeElement.tagName')).toBe('SUMMARY');
  // A phone's bar: each word on one line, all of it shown.
  for (const width of [360, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const cut = await page
      .locator('.bottom > a, .bottom > details > summary')
      .evaluateAll((items) =>
        items.filter(
          ({ scrollWidth, clientWidth, clientHeight }) => scrollWidth > clientWidth || clientHeight > 60,
        ),
      );
    expect([width, cut.length]).toEqual([width, 0]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
  }
  await context.close();
});

it('switching the language keeps the page, and appearance can be fixed', async () => {
  const { page, context } = await newPerson(browser, { colorScheme: 'light' });
  await goTo(page, '/docs/limits');
  await page.click('.foot [name=language][value=fr]');
  expect(new URL(page.url()).pathname).toBe('/docs/limits');
  expect(await page.locator('html').getAttribute('lang')).toBe('fr');
  await page.click('.foot [name=theme][value=dark]');
  expect(await page.locator('html').getAttribute('data-theme')).toBe('dark');
  await context.close();
});
