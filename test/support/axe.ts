// What axe-core finds serious or critical on a page as it is.

import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright-core';

/** Where the browser finds axe: it keeps the script, and what it compiled it to, over all pages. */
const axeUrl: Promise<string> = new Promise((resolve) => {
  const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'));
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/javascript; charset=utf-8');
    response.setHeader('cache-control', 'max-age=86400, immutable');
    response.end(source);
  });
  server.listen(0, '127.0.0.1', () => {
    server.unref();
    resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/axe.js`);
  });
});

export type Theme = 'light' | 'dark';

async function findingsAsShown(page: Page): Promise<string[]> {
  if (!(await page.evaluate('"axe" in globalThis'))) await page.addScriptTag({ url: await axeUrl });
  return page.evaluate(async () => {
    // @ts-expect-error axe is there: it was just evaluated
    const { violations } = await globalThis.axe.run({ resultTypes: ['violations'], preload: false });
    return violations
      .filter(({ impact }: { impact: string }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }: { id: string; nodes: { html: string; failureSummary: string }[] }) =>
        nodes
          .slice(0, 3)
          .map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 300)}`),
      );
  });
}

/** In each of these themes. The page's context lets scripts in: `bypassCSP`. */
export async function findings(page: Page, themes: readonly Theme[] = ['light', 'dark']): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    for (const finding of await findingsAsShown(page)) found.push(`${colorScheme}: ${finding}`);
  }
  return found;
}
