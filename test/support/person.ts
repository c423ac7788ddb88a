// Somebody at a browser: finds things by their roles and names in their own language, clicks, types, and looks. Counts the
// clicks and the fields; what is wrong with the looks of a page is kept until it is asked for.

import type { Browser, Locator, Page } from 'playwright-core';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { findings, type Theme } from './axe.ts';
import { newPerson } from './browser.ts';

export interface Look {
  language: 'en' | 'fr';
  width: number;
  /** In which axe looks at the pages. */
  themes: readonly Theme[];
}
/** Of one step: long, so that a busy machine is only slow. */
const TIMEOUT_MS = 45_000;
const LOCALES = { en: 'en-GB', fr: 'fr-FR' };
/** What Playwright finds roles in. */
type Place = Pick<Page, 'getByRole'>;

export async function personAt(browser: Browser, { language, width, themes }: Look) {
  const m = messagesOf(language);
  const { page, context, problems } = await newPerson(browser, {
    locale: LOCALES[language],
    viewport: { width, height: 900 },
    permissions: ['clipboard-read', 'clipboard-write'],
    bypassCSP: true,
  });
  page.setDefaultTimeout(TIMEOUT_MS);
  const visited: string[] = [];
  page.on('framenavigated', (frame) => visited.push(new URL(frame.url()).pathname));
  const done = { clicks: 0, fields: 0 };

  const click = async (target: Locator) => {
    done.clicks++;
    await target.click();
  };
  const named =
    (role: 'link' | 'button') =>
    (name: string, place: Place = page) =>
      click(place.getByRole(role, { name, exact: true }).first());

  return {
    m,
    page,
    context,
    done,
    visited,
    click,
    follow: named('link'),
    press: named('button'),
    async type(label: string, text: string) {
      done.fields++;
      await page.getByLabel(label, { exact: true }).fill(text);
    },
    /** By the menu, whose last part a phone opens first. */
    async open(name: string) {
      const menu = page.getByRole('navigation', { name: m.nav.main });
      const link = menu.getByRole('link', { name, exact: true });
      if (!(await link.isVisible())) await click(menu.getByText(m.nav.more, { exact: true }));
      await click(link);
      await page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
    },
    heading: (name: string) => page.getByRole('heading', { name, exact: true }).first().waitFor(),
    /** What the page says was done, or is going on. */
    told: (words: string | RegExp) => page.getByRole('status').filter({ hasText: words }).first().waitFor(),
    /** For anything that keeps somebody out, and for what is wider than the window. */
    async look(at: string) {
      await page.waitForLoadState();
      for (const finding of await findings(page, themes)) problems.push(`${at}, ${finding}`);
      const wide = Number(await page.evaluate('document.documentElement.scrollWidth'));
      if (wide > width) problems.push(`${at}: ${wide} wide`);
    },
    /** And forgets it. */
    problems: () => problems.splice(0),
  };
}
export type Person = Awaited<ReturnType<typeof personAt>>;
