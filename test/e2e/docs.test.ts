// The documentation in a browser: what its scripts add, and that nothing is missing without them.

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { call, stack } from '../support/api.ts';
import { launch, newPerson } from '../support/browser.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

it('a page is copied for an assistant: its twin, in its language', async () => {
  const { page, context, problems } = await newPerson(browser, {
    locale: 'fr-FR',
    permissions: ['clipboard-read', 'clipboard-write'],
  });
  await page.goto(`${stack.url}/docs/webhooks`);
  await page.click('[data-copy-page]');
  await page.locator('[data-copy-page]', { hasText: 'Copié' }).waitFor();
  const copied = String(await page.evaluate('navigator.clipboard.readText()'));
  expect(copied.replaceAll('\r\n', '\n')).toBe((await call('/docs/webhooks.md?lang=fr')).text);
  expect(problems).toEqual([]);
  await context.close();
});

it('without scripts: a link to the text, one language open and the others a click away, search', async () => {
  const { page, context } = await newPerson(browser, { javaScriptEnabled: false });
  await page.goto(`${stack.url}/docs/first-call`);
  expect(await page.locator('[data-copy-page]').isVisible()).toBe(false);
  expect(await page.locator('a[href="/docs/first-call.md?lang=en"]').isVisible()).toBe(true);
  const python = page.locator('pre[data-label=Python]');
  expect([await page.locator('pre[data-label=curl]').isVisible(), await python.isVisible()]).toEqual([
    true,
    false,
  ]);
  await page.click('summary:has-text("Python")');
  expect([await page.locator('pre[data-label=curl]').isVisible(), await python.isVisible()]).toEqual([
    false,
    true,
  ]);
  await page.fill('.docs nav input[type=search]', 'daily quota');
  await page.keyboard.press('Enter');
  await page.click('.hits a >> nth=0');
  expect(new URL(page.url()).pathname).toMatch(/^\/docs\/(errors\/daily_quota_exceeded|limits)$/);
  await context.close();
});
