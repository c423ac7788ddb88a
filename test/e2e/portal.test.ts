// From sign-up to a first answer, to a team, to a live key: in a real browser, in both languages.

import { randomBytes } from 'node:crypto';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { call, control, eventually, query, stack } from '../support/api.ts';
import {
  goTo,
  launch,
  newPerson,
  openMail,
  operatorInBrowser,
  paste,
  sendSignUp,
  signInInBrowser,
  signUpInBrowser,
  told,
} from '../support/browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

const LOCALES = { en: 'en-GB', fr: 'fr-FR' } as const;

it.for(['en', 'fr'] as const)('%s: a newcomer gets from sign-up to a live key', async (language) => {
  const m = messagesOf(language);
  const locale = LOCALES[language];
  const tag = randomBytes(4).toString('hex');
  const email = `moussa-${tag}@example.com`;
  const { page, problems } = await newPerson(browser, { locale });

  await signUpInBrowser(page, email, `Moussa ${tag}`);
  await page.waitForURL('**/portal');
  expect(await page.locator('h1').textContent()).toBe(m.overview.welcome(`Moussa ${tag}`));
  expect(await page.locator('html').getAttribute('lang')).toBe(language);

  // An app, and a test key in it, whose line works when pasted; a light says when the call arrived.
  const secret = (await page.locator('#secret [data-secret] code').textContent()) ?? '';
  expect(secret).toMatch(/^pk_test_/);
  const line = (await page.locator('#secret pre code').first().textContent()) ?? '';
  expect(await page.locator('.light').textContent()).toBe(m.overview.awaiting);
  const answer = await paste(line);
  expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('Colobane')]);
  await page.waitForSelector('.light.green');
  expect(await page.locator('.light').textContent()).toContain('✓ 200');
  await page.check('#secret [data-saved]');
  await page.click('#secret button[type=submit]');
  await page.waitForSelector('.figures');
  expect(await page.content()).not.toContain(secret);
  await goTo(page, '/portal/apps');
  await page.locator('td a').first().click();
  await page.locator('td a').first().click();
  await page.waitForURL(/\/portal\/keys\//);
  const keyUrl = page.url().split('?')[0] ?? '';

  // The call is in the usage, and the meter says what the headers say.
  await eventually(
    async () => {
      await goTo(page, '/portal/usage');
      return (await page.locator('.figures dd').count()) > 0
        ? page.locator('.figures dd').first().textContent()
        : '';
    },
    (text) => text === '1',
  );
  expect(await page.locator('.figures dd').first().textContent()).toBe('1');
  const next = await call('/v2/stops/search?q=hann', { key: secret });
  await page.reload();
  const meter = page.locator(`[data-meter="${m.quota.day}"]`);
  expect(await meter.getAttribute('data-remaining')).toBe(next.headers['x-ratelimit-remaining-day']);
  await goTo(page, `/portal/requests/${next.headers['x-request-id']}`);
  await eventually(
    async () => {
      await page.reload();
      return page.locator('h1').textContent();
    },
    (text) => (text ?? '').includes('/v2/stops/search'),
  );
  expect(await page.locator('h1').textContent()).toContain('GET /v2/stops/search');

  // Roll, at once: the old secret is refused, the new one works.
  await page.goto(keyUrl);
  await page.click('[data-dialog=roll]');
  await page.selectOption('#roll [name=grace_days]', '0');
  await page.click('#roll button[type=submit]');
  const rolled = (await page.locator('#secret [data-secret] code').textContent()) ?? '';
  // The dialog does not go away before the secret is saved.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  expect(await page.locator('#secret').isVisible()).toBe(true);
  await page.click('#secret button[type=submit]');
  expect(await page.locator('#secret').isVisible()).toBe(true);
  await page.check('#secret [data-saved]');
  await page.click('#secret button[type=submit]');
  expect((await call('/v2/routes/list', { key: secret })).status).toBe(401);
  expect((await call('/v2/routes/list', { key: rolled })).status).toBe(200);

  // Revoke: 401 from the next request on.
  await page.waitForURL(/\/portal\/keys\//);
  await page.click('[data-dialog=revoke]');
  await page.fill('#revoke [name=reason]', 'no longer needed');
  await page.click('#revoke button[type=submit]');
  await told(page, m.done.key_revoked);
  expect((await call('/v2/routes/list', { key: rolled })).status).toBe(401);
  expect(await page.locator('.note.bad').textContent()).toContain('no longer needed');

  // The audit tells all of it; its chain is checked at night.
  await goTo(page, '/portal/audit');
  const trail = await page.locator('main table').textContent();
  for (const action of [
    'partner.registered',
    'app.created',
    'key.created',
    'key.rotated',
    'key.revoked',
  ] as const)
    expect(trail).toContain(m.audit.actions[action]);
  expect(await page.locator('main .note').textContent()).toBe(m.audit.unchecked);

  // A second member is invited, signs up, accepts, and sees the app.
  const invited = `awa-${tag}@example.com`;
  await goTo(page, '/portal/members');
  await page.click('[data-dialog=invite]');
  await page.fill('#invite [name=email]', invited);
  await page.selectOption('#invite [name=role]', 'viewer');
  await page.click('#invite button[type=submit]');
  await told(page, m.done.invited);
  const second = await newPerson(browser, { locale });
  await openMail(second.page, invited);
  await second.page.click('main a.primary');
  expect(await second.page.inputValue('[name=email]')).toBe(invited);
  // The link leads back to itself, and confirms the address.
  await sendSignUp(second.page, invited, 'Awa', new URL(second.page.url()).search);
  await second.page.waitForURL('**/invite/*');
  await second.page.click('main button.primary');
  await told(second.page, m.done.joined);
  await goTo(second.page, '/portal/apps');
  expect(await second.page.locator('td a').first().textContent()).toBe(m.overview.firstApp);
  // A viewer looks, and does not touch.
  expect(await second.page.locator('[data-dialog=new-app]').count()).toBe(0);

  // Live keys wait for an operator. Members are of both environments: there is nothing to switch there.
  expect(await page.locator('.top [name=environment]').count()).toBe(0);
  await goTo(page, '/portal');
  await page.locator('.top [name=environment][value=live]').click();
  await goTo(page, '/portal/apps');
  await page.locator('td a').first().click();
  expect(await page.locator('[data-dialog=new-key]').count()).toBe(0);
  const operator = await newPerson(browser, { locale });
  await operatorInBrowser(operator.page);
  await goTo(operator.page, `/operator/partners?search=${encodeURIComponent(`Moussa ${tag}`)}`);
  await operator.page.locator('td a').first().click();
  await operator.page.click('[data-dialog=approve]');
  await operator.page.fill('#approve [name=reason]', 'known to us');
  await operator.page.click('#approve button[type=submit]');
  await told(operator.page, m.done.approved);

  await page.reload();
  await page.click('[data-dialog=new-key]');
  await page.fill('#new-key [name=name]', 'Server');
  await page.click('#new-key button[type=submit]');
  const live = (await page.locator('#secret [data-secret] code').textContent()) ?? '';
  expect(live).toMatch(/^pk_live_/);
  expect((await call('/v2/stops/search?q=hann', { key: live })).status).toBe(200);

  // To revoke a live key, its name is typed.
  await page.check('#secret [data-saved]');
  await page.click('#secret button[type=submit]');
  await page.waitForURL(/\/portal\/keys\//);
  await page.click('[data-dialog=revoke]');
  await page.fill('#revoke [name=reason]', 'end of the test');
  await page.fill('#revoke [name=confirm]', 'server');
  await page.click('#revoke button[type=submit]');
  expect(await page.locator('#revoke .error').textContent()).toBe(m.common.notTheName);
  expect((await call('/v2/stops/search?q=hann', { key: live })).status).toBe(200);
  await page.fill('#revoke [name=confirm]', 'Server');
  await page.click('#revoke button[type=submit]');
  await told(page, m.done.key_revoked);
  expect((await call('/v2/stops/search?q=hann', { key: live })).status).toBe(401);

  expect([...problems, ...second.problems, ...operator.problems]).toEqual([]);
  const [stored] = await query(
    `SELECT count(*)::int AS found FROM (SELECT to_jsonb(k)::text AS row FROM api_key k UNION ALL SELECT to_jsonb(a)::text FROM dev_portal_audit a
      UNION ALL SELECT to_jsonb(i)::text FROM idempotency_key i UNION ALL SELECT to_jsonb(o)::text FROM outbox_mail o) every_row
     WHERE strpos(row, $1) > 0 OR strpos(row, $2) > 0 OR strpos(row, $3) > 0`,
    [secret, rolled, live],
  );
  expect(stored?.found).toBe(0);
  for (const each of [secret, rolled, live]) expect(await control('lines', each)).toEqual([]);
});

it('the whole way works without JavaScript', async () => {
  const tag = randomBytes(4).toString('hex');
  const email = `plain-${tag}@example.com`;
  const { page } = await newPerson(browser, { javaScriptEnabled: false });
  await signUpInBrowser(page, email, 'Plain');
  await page.waitForURL('**/portal');
  const first = (await page.locator('#secret [data-secret] code').textContent()) ?? '';
  expect((await call('/v2/stops/search?q=hann', { key: first })).status).toBe(200);
  await goTo(page, '/portal/apps');
  await page.click('[data-dialog=new-app]');
  await page.fill('#new-app [name=name]', 'Plain app');
  await page.click('#new-app button[type=submit]');
  await page.click('[data-dialog=new-key]');
  await page.fill('#new-key [name=name]', 'Plain key');
  await page.click('#new-key button[type=submit]');
  const secret = (await page.locator('#secret [data-secret] code').textContent()) ?? '';
  expect((await call('/v2/stops/search?q=hann', { key: secret })).status).toBe(200);
  // Sent again, the same form makes no second key, and does not show the secret again.
  await page.reload();
  expect(await page.content()).not.toContain(secret);
  expect(await page.locator('.note.good').count()).toBe(1);
});

it('the playground sends a real request with a test key, and shows the limits', async () => {
  const { page, problems } = await newPerson(browser);
  const outside: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(stack.url) && !/^(data|blob):/.test(request.url()))
      outside.push(request.url());
  });
  await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
  await goTo(page, '/portal/playground');
  await page.fill('#playground-key', 'pk_live_x');
  await page.locator('#playground-key').blur();
  expect(await page.inputValue('#playground-key')).toBe('');
  await page.click('[data-playground-key]');
  await eventually(
    () => page.inputValue('#playground-key'),
    (value) => value.startsWith('pk_test_'),
  );
  const key = await page.inputValue('#playground-key');
  await page.locator('#reference').getByText('PassBI transit API').first().waitFor();
  await page.locator('#reference button', { hasText: 'Test Request' }).first().click();
  const sent = page.waitForResponse((response) => response.url().includes('/v2/'));
  await page.locator('button', { hasText: /^Send/ }).last().click();
  const response = await sent;
  expect(response.request().headers().authorization).toBe(`Bearer ${key}`);
  expect(response.headers()['x-ratelimit-remaining-day']).toMatch(/^\d+$/);
  const left = response.headers()['x-ratelimit-remaining-day'];
  await eventually(
    () => page.locator('[data-limits]').textContent(),
    (text) => (text ?? '').includes(`X-RateLimit-Remaining-Day: ${left} /`),
  );
  expect(await page.locator('[data-limits]').textContent()).toContain(`X-RateLimit-Remaining-Day: ${left} /`);
  // With a signing key each request is signed whole, and neither its secret nor a bearer leaves the page.
  const { id, secret } = stack.demo.keys.signing;
  await page.fill('#playground-key', `${id}:${secret}`);
  await page.locator('#playground-key').blur();
  await goTo(page, '/portal/playground');
  expect(await page.inputValue('#playground-key')).toBe(`${id}:${secret}`);
  await page.locator('#reference').getByText('PassBI transit API').first().waitFor();
  await page.locator('#reference button', { hasText: 'Test Request' }).first().click();
  const signedAnswer = page.waitForResponse((each) => each.url().includes('/v2/'));
  await page.locator('button', { hasText: /^Send/ }).last().click();
  const headers = await (await signedAnswer).request().allHeaders();
  expect([(await signedAnswer).status(), headers['x-signature-version']]).toEqual([200, '2']);
  expect(headers['x-signature-headers']).toBe('accept');
  expect(headers['x-api-key']).toMatch(new RegExp(`^${id}:[0-9a-f]{64}$`));
  expect(JSON.stringify(headers)).not.toContain(secret);
  expect(headers.authorization).toBeUndefined();
  expect(outside).toEqual([]);
  expect(problems).toEqual([]);
});
