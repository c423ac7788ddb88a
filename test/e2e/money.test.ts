// Billing, webhooks and alerts in a real browser, in both languages, on the demo's past.

import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { eventually, query, stack } from '../support/api.ts';
import { goTo, launch, newPerson, signInInBrowser, signUpInBrowser, told } from '../support/browser.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

let browser: Browser;
let receiver: Receiver;
beforeAll(async () => {
  browser = await launch();
  receiver = await startReceiver();
});
afterAll(async () => {
  await browser?.close();
  await receiver?.close();
});

const LOCALES = { en: 'en-GB', fr: 'fr-FR' } as const;

it.for(['en', 'fr'] as const)(
  '%s: an endpoint is added, tried, fails, is recovered; its secret is shown once',
  async (language) => {
    const m = messagesOf(language);
    const { page, problems } = await newPerson(browser, { locale: LOCALES[language] });
    const email = `hooks-${language}-${Date.now()}@example.com`;
    await signUpInBrowser(page, email, `Hooks ${language}`);
    await page.waitForURL('**/portal');
    await goTo(page, '/portal/webhooks');
    expect(await page.locator('main').textContent()).toContain(m.webhooks.notIncluded);
    await query("UPDATE partner SET tier = 'starter' WHERE email = $1", [email]);
    await goTo(page, '/portal/webhooks');
    expect(await page.locator('.empty h2').textContent()).toBe(m.webhooks.emptyTitle);

    await page.click('[data-dialog=add]');
    await page.fill('#add [name=url]', 'nonsense');
    await page.click('#add button[type=submit]');
    expect(await page.locator('#add .error').count()).toBe(1);
    const path = `/browser/${language}`;
    await page.fill('#add [name=url]', receiver.origin + path);
    await page.click('#add button[type=submit]');
    const secret = (await page.locator('#secret [data-secret] code').first().textContent()) ?? '';
    expect(secret).toMatch(/^whsec_/);
    receiver.secrets.set(path, secret);
    await page.check('#secret [data-saved]');
    await page.click('#secret button[type=submit]');
    await page.waitForURL(/\/portal\/webhooks\/[0-9a-f-]+\??$/);
    expect(await page.content()).not.toContain(secret);
    const endpoint = page.url().replace(/\?$/, '');

    await page.click(`form[action$="/test"] button`);
    await page.waitForURL(/\/portal\/deliveries\//);
    await eventually(
      async () => {
        await page.reload();
        return page.locator('h1 .badge').textContent();
      },
      (text) => text === m.webhooks.outcomes.delivered,
    );
    expect(await page.locator('main').textContent()).toContain('thank you');

    // It fails, and the log says so; paused, then recovered.
    receiver.answer = (_request, response) => void response.writeHead(500).end('out of order');
    await page.goto(endpoint);
    await page.click(`form[action$="/test"] button`);
    await page.waitForURL(/\/portal\/deliveries\//);
    await eventually(
      async () => {
        await page.reload();
        return (await page.locator('main').textContent()) ?? '';
      },
      (text) => text.includes('out of order'),
    );
    receiver.answer = (_request, response) => void response.writeHead(200).end('thank you');
    await page.goto(endpoint);
    await page.click(`form[action$="/state"] button`);
    expect(await page.locator('h1 .badge').textContent()).toBe(m.webhooks.states.paused);
    await page.click(`form[action$="/state"] button`);
    await page.click('[data-dialog=recover]');
    await page.click('#recover button[type=submit]');
    await eventually(
      async () => {
        await page.goto(endpoint);
        return page.locator('td .badge.good').count();
      },
      (count) => count === 2,
    );
    expect(receiver.refused).toEqual([]);
    await page.click('[data-dialog=remove]');
    await page.click('#remove button[type=submit]');
    expect(await page.locator('.empty h2').textContent()).toBe(m.webhooks.emptyTitle);
    expect(problems).toEqual([]);
  },
);

it.for(['en', 'fr'] as const)(
  '%s: the demo has three months of invoices, a forecast, a failing endpoint and a fired alert',
  async (language) => {
    const m = messagesOf(language);
    const { page, problems } = await newPerson(browser, { locale: LOCALES[language] });
    await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
    await goTo(page, '/portal/billing');
    const text = (await page.locator('main').textContent()) ?? '';
    for (const number of ['INV-', 'CN-', m.invoice.creditNote, m.billing.next])
      expect(text).toContain(number);
    expect(await page.locator('main a[href^="/portal/invoices/"]').count()).toBeGreaterThanOrEqual(4);
    await page.locator('main a[href^="/portal/invoices/"]', { hasText: 'INV-' }).last().click();
    await page.waitForURL(/\/portal\/invoices\//);
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('a[href$="/pdf"]')]);
    expect(download.suggestedFilename()).toMatch(/^INV-\d{4}-\d{6}\.pdf$/);
    expect(
      readFileSync((await download.path()) ?? '')
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');

    await goTo(page, '/portal/alerts');
    expect(await page.locator('main').textContent()).toContain(m.alerts.names.webhook_failing);
    const rule = page.locator('tr', { hasText: m.alerts.names.latency_p95 });
    await rule.locator('[name=threshold]').fill(language === 'fr' ? '750,5' : '800');
    await rule.getByRole('button', { name: m.alerts.own, exact: true }).click();
    expect(await page.locator('.note.good').first().textContent()).toContain(m.done.saved);
    const [saved] = await query(
      `SELECT threshold FROM alert_setting WHERE owner = $1 AND rule = 'latency_p95'`,
      [stack.demo.partner.id],
    );
    expect(saved).toEqual({ threshold: language === 'fr' ? 750.5 : 800 });
    await goTo(page, '/portal/webhooks');
    expect(await page.locator('main').textContent()).toContain('http://127.0.0.1:9/webhooks');
    expect(problems).toEqual([]);
  },
);

it('a cheaper plan waits for the next month, and is called off', async () => {
  const m = messagesOf('en');
  const { page } = await newPerson(browser, { locale: 'en-GB' });
  await signUpInBrowser(page, `plans-${Date.now()}@example.com`, 'Plans');
  await page.waitForURL('**/portal');
  await goTo(page, '/portal/billing');
  expect(await page.locator('main').textContent()).toContain(m.billing.notBilled);
  const choose = async (tier: string) => {
    await page.click('[data-dialog=plan]');
    await page.click(`#plan a[href$="tier=${tier}"]`);
    await page.waitForURL(/billing\/plan\?tier=/);
    expect(await page.locator('main').textContent()).toContain(m.billing.costs);
    await page.click('form[action="/portal/billing/plan"] button');
    await page.waitForURL(/\/portal\/billing(?:\?|$)/);
  };
  await choose('starter');
  expect(await page.locator('.big').textContent()).toBe('Starter');
  await choose('free');
  expect(await page.locator('.big').textContent()).toBe('Starter');
  expect(await page.locator('.note.warn').textContent()).toContain('Free (€0.00 per month) starts on 1');
  await page.click('form[action="/portal/billing/keep"] button');
  await told(page, m.done.plan_kept);
  expect(await page.locator('.note.warn').count()).toBe(0);
  // A cap that is no amount is named at its field, and nothing typed is lost.
  const save = (form: string) => page.locator(`form[action="${form}"] button[type=submit]`).click();
  await page.fill('[name=cap]', 'ten');
  await save('/portal/billing/overage');
  expect(await page.locator('#f-cap-error').textContent()).toBe(m.fields.amount('EUR', true));
  expect(await page.inputValue('[name=cap]')).toBe('ten');
  await page.fill('[name=cap]', '12,50');
  await save('/portal/billing/overage');
  await told(page, m.done.saved);
  // Where invoices go is a form of its own: neither changes what the other holds.
  await page.goto(`${stack.url}/portal/billing`);
  await page.fill('[name=tax_id]', 'SN-1');
  await save('/portal/billing');
  await told(page, m.done.saved);
  expect(await page.inputValue('[name=tax_id]')).toBe('SN-1');
  expect(await page.inputValue('[name=cap]')).toBe('12.50');
});
