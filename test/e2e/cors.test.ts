// A real browser: a page of a listed origin calls the API and reads its limits; a page of another origin cannot.

import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { newBearerKey } from '../../src/keys/key-format.ts';
import { makeKey, makePartner, stack } from '../support/api.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
let browser: Browser;
const pages: Server[] = [];

async function startPage(): Promise<string> {
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>app</title>'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  pages.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: FLAGS,
  });
});
afterAll(async () => {
  await browser?.close();
  for (const page of pages) page.close();
});

async function callFrom(origin: string, key: string) {
  const page = await browser.newPage();
  try {
    await page.goto(origin);
    return await page.evaluate(
      async ([url, secret]) => {
        try {
          const response = await fetch(`${url}/v2/stops/search?q=hann`, {
            headers: { authorization: `Bearer ${secret}` },
          });
          return {
            status: response.status,
            left: response.headers.get('X-RateLimit-Remaining-Day'),
            id: response.headers.get('X-Request-Id'),
          };
        } catch (error) {
          return { blocked: String(error) };
        }
      },
      [stack.url, key],
    );
  } finally {
    await page.close();
  }
}

it('a listed origin reads the answer and its limits; another one is blocked', async () => {
  const [listed, other] = [await startPage(), await startPage()];
  const partner = await makePartner({ day: 100, origins: [listed] });
  const key = (await makeKey(partner.id, { environment: 'test' })).secret;
  expect(await callFrom(listed, key)).toEqual({ status: 200, left: '99', id: expect.any(String) });
  expect(await callFrom(other, key)).toEqual({ blocked: expect.stringContaining('Failed to fetch') });
});

it('a page reads why it is refused, also where nobody knows its key', async () => {
  const page = await startPage();
  await makePartner({ origins: [page] });
  const unknown = newBearerKey('live', (length) => randomBytes(length));
  expect(await callFrom(page, unknown)).toEqual({ status: 401, left: null, id: expect.any(String) });
});

it('the reference page is read in light and dark, on a phone, without a script', async () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    const page = await browser.newPage({
      colorScheme,
      viewport: { width: 390, height: 800 },
      javaScriptEnabled: false,
    });
    await page.goto(`${stack.url}/docs/api`);
    expect(await page.locator('h1').textContent()).toBe('All endpoints');
    expect(await page.locator('li').count()).toBeGreaterThan(30);
    const { width } = (await page.locator('main').boundingBox()) ?? { width: 0 };
    expect(width).toBeLessThanOrEqual(390);
    await page.close();
  }
});
