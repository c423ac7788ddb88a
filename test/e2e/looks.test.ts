// What people stumbled over in the looks of pages, and must not again: underlines, heights, paper, phones, both languages. Words
// and forms are in test/api/findings.test.ts.

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { query, stack } from '../support/api.ts';
import { goTo, launch, newPerson, operatorInBrowser, signInInBrowser, told } from '../support/browser.ts';

const PHONE = { width: 390, height: 800 };
const DESK = { width: 1280, height: 900 };
const LOCALES = { en: 'en-GB', fr: 'fr-FR' };

let browser: Browser;
/** Signed in; a context takes it over. */
let member: Awaited<ReturnType<BrowserContext['storageState']>>;
let invoice = '';

beforeAll(async () => {
  browser = await launch();
  const { page, context } = await newPerson(browser);
  await signInInBrowser(page, stack.demo.developer.email, stack.demo.developer.password);
  member = await context.storageState();
  await context.close();
  const [open] = await query(
    `SELECT id FROM invoice WHERE partner_id = $1 AND kind = 'invoice' AND status = 'open' ORDER BY number LIMIT 1`,
    [stack.demo.partner.id],
  );
  invoice = open?.id;
});
afterAll(() => browser?.close());

/** The texts of links and buttons that are on the paper. */
async function printed(page: Page): Promise<string[]> {
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  const texts = await page
    .locator('a, button, summary')
    .evaluateAll((all) =>
      all.filter((each) => each.checkVisibility()).map((each) => (each.textContent ?? '').trim()),
    );
  return texts.filter((text) => text !== '');
}

/** How far from the middle of its row each of these stands, in pixels. */
const offMiddle = (page: Page, cells: string): Promise<number[]> =>
  page.locator(cells).evaluateAll((all) =>
    all.map((each) => {
      const [own, row] = [each, each.closest('tr') ?? each].map((one) => one.getBoundingClientRect());
      return own && row ? Math.abs(own.top + own.height / 2 - (row.top + row.height / 2)) : Number.NaN;
    }),
  );

/** How far below the underscores of its text each underline stands, in pixels. */
const belowUnderscores = (page: Page): Promise<number[]> =>
  page.locator('a, .link').evaluateAll((all) =>
    all.flatMap((link) => {
      const { ownerDocument: document } = link;
      const { getComputedStyle, NodeFilter } = document.defaultView;
      const { textDecorationLine, textUnderlineOffset } = getComputedStyle(link);
      if (textDecorationLine !== 'underline') return [];
      const ink = document.createElement('canvas').getContext('2d');
      const texts = document.createTreeWalker(link, NodeFilter.SHOW_TEXT);
      const found: number[] = [];
      for (let text = texts.nextNode(); text; text = texts.nextNode()) {
        if (!text.nodeValue.includes('_')) continue;
        ink.font = getComputedStyle(text.parentElement).font;
        found.push(Number.parseFloat(textUnderlineOffset) - ink.measureText('_').actualBoundingBoxDescent);
      }
      return found;
    }),
  );

describe.each(['en', 'fr'] as const)('%s', (language) => {
  const m = messagesOf(language);
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    const person = await newPerson(browser, { locale: LOCALES[language], storageState: member });
    ({ context, page } = person);
  });
  afterAll(() => context?.close());
  const at = async (path: string, viewport = DESK) => {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ media: 'screen' });
    await goTo(page, path);
  };

  it('an underline leaves the underscores of a code to be read', async () => {
    for (const path of ['/docs/errors', '/docs/limits', '/docs/search?q=quota']) {
      await at(path);
      const below = await belowUnderscores(page);
      expect(below.length, path).toBeGreaterThan(0);
      expect(Math.min(...below), path).toBeGreaterThanOrEqual(1);
    }
  });

  it('what stands beside an input or a bar stands at its height', async () => {
    await at('/portal/alerts');
    const inputs = await offMiddle(
      page,
      'tr:has([name=threshold]) :is(input[name=threshold], .badge, button)',
    );
    expect(inputs.length).toBeGreaterThan(10);
    await at('/portal/billing');
    const bars = await offMiddle(page, 'td > .meter');
    expect(bars.length).toBeGreaterThan(1);
    expect(Math.max(...inputs, ...bars)).toBeLessThanOrEqual(2);
  });

  it('what was done is said once: not when the page is loaded again, nor by an address that is passed on', async () => {
    await at('/portal/settings?done=saved&x=1');
    await told(page, m.done.saved);
    expect(new URL(page.url()).search).toBe('?x=1');
    await page.reload();
    expect(await page.getByText(m.done.saved, { exact: true }).count()).toBe(0);
  });

  it('an invoice is printed without its buttons and the way back, in dark ink', async () => {
    await at(`/portal/invoices/${invoice}`);
    for (const text of [m.invoice.pdf, m.common.csv, m.invoice.back])
      expect(await page.getByText(text, { exact: true }).isVisible()).toBe(true);
    expect(await printed(page)).toEqual([m.invoice.terms, m.common.contact]);
    expect(await page.evaluate('getComputedStyle(document.documentElement).colorScheme')).toBe('light');
  });

  it('a program keeps its lines on a phone, and is scrolled', async () => {
    await at('/docs/first-call', PHONE);
    await page.locator('summary', { hasText: 'Python' }).click();
    const code = page.locator('details[open] pre', { hasText: 'import ' });
    const { whiteSpace, overflowX, beyond } = await code.evaluate((pre) => {
      const { whiteSpace, overflowX } = pre.ownerDocument.defaultView.getComputedStyle(pre);
      return { whiteSpace, overflowX, beyond: pre.scrollWidth - pre.clientWidth };
    });
    expect([whiteSpace, overflowX]).toEqual(['pre', 'auto']);
    expect(beyond).toBeGreaterThan(0);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(PHONE.width);
    // By keyboard, too.
    await code.focus();
    expect(await page.evaluate('document.activeElement.tagName')).toBe('PRE');
  });

  it('a question asked from a list on a phone reads from the left', async () => {
    await at('/portal/sandbox', PHONE);
    await page.locator('[data-dialog^=spend]').first().click();
    const alignment = await page
      .locator('dialog[open] h2')
      .evaluate((title) => title.ownerDocument.defaultView.getComputedStyle(title).textAlign);
    expect(alignment).toBe('left');
  });
});

it("an operator's invoice is printed without what may be done with it", async () => {
  const { page, context } = await newPerson(browser, { locale: 'en-GB' });
  await operatorInBrowser(page);
  const m = messagesOf('en');
  await goTo(page, `/operator/invoices/${invoice}`);
  for (const name of [m.console.pay, m.console.void])
    expect(await page.getByText(name, { exact: true }).first().isVisible()).toBe(true);
  expect(await printed(page)).toEqual(['Teranga Mobile', m.invoice.terms, m.common.contact]);
  await context.close();
});
