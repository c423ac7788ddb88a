// A real Chromium for end-to-end tests; people in it come from addresses of their own.

import { spawnSync } from 'node:child_process';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { totp } from '../../src/dev/totp.ts';
import { stack } from './api.ts';
import { makeOperator } from './operator.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TIMEOUT_MS = 15_000;

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium', args: FLAGS });

let people = 0;
/** An address of the documentation ranges, another for each person. */
export const newAddress = (): string => {
  people++;
  return `203.0.${Math.floor(people / 250) + (process.pid % 100)}.${(people % 250) + 1}`;
};

export async function newPerson(
  browser: Browser,
  options: Parameters<Browser['newContext']>[0] = {},
): Promise<{ context: BrowserContext; page: Page; problems: string[] }> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    extraHTTPHeaders: { 'cf-connecting-ip': newAddress() },
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(TIMEOUT_MS);
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('Failed to load resource'))
      problems.push(`${page.url()}: ${message.text()}`);
  });
  return { context, page, problems };
}

/** Runs a line as pasted into a shell; where curl is missing, what it would have sent. */
export async function paste(line: string): Promise<{ status: number; body: string }> {
  const shell = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  if (shell.status === 0) {
    const [head = '', body = ''] = shell.stdout.split('\r\n\r\n');
    return { status: Number(/^HTTP\/\S+ (\d+)/.exec(head)?.[1]), body };
  }
  const url = /'(https?:[^']+)'/.exec(line)?.[1] ?? '';
  const key = /Bearer ([^']+)'/.exec(line)?.[1] ?? '';
  const response = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  return { status: response.status, body: await response.text() };
}

export const goTo = (page: Page, path: string) => page.goto(stack.url + path);

/** The form alone; `query`: where it leads. */
export async function sendSignUp(page: Page, email: string, name: string, query = ''): Promise<void> {
  await goTo(page, `/sign-up${query}`);
  await page.fill('[name=name]', name);
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', 'correct horse battery');
  await page.click('main form.stack button[type=submit]');
}

export async function signUpInBrowser(page: Page, email: string, name: string): Promise<void> {
  await sendSignUp(page, email, name);
  await page.waitForURL(/\/verify\?sent=/);
  await openMail(page, email, '/verify');
  await page.click('main form[action="/verify/confirm"] button[type=submit]');
  await page.waitForURL((url) => url.pathname !== '/verify');
}

/** Opens the link of the latest mail to this address, from the outbox; `to`: part of the link. */
export async function openMail(page: Page, email: string, to = ''): Promise<void> {
  const link = page.locator(`article a${to && `[href*="${to}"]`}`);
  for (let tries = 0; tries < 50; tries++) {
    await goTo(page, `/outbox?to=${encodeURIComponent(email)}`);
    if ((await link.count()) > 0) break;
    await page.waitForTimeout(100);
  }
  await link.first().click();
}

/** Waits until the page says that it was done: its address says so for a moment only. */
export const told = (page: Page, words: string): Promise<void> =>
  page.getByRole('status').filter({ hasText: words }).first().waitFor();

export async function signInInBrowser(page: Page, email: string, password: string): Promise<void> {
  await goTo(page, '/sign-in');
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('main form.stack button[type=submit]');
  await page.waitForURL(/\/(portal|operator)/);
}

/** Into the console, with a second factor. */
export async function operatorInBrowser(page: Page): Promise<void> {
  const { email, password, factor } = await makeOperator();
  await goTo(page, '/sign-in?back=/operator');
  await page.fill('[name=email]', email);
  await page.fill('[name=password]', password);
  await page.click('main form.stack button[type=submit]');
  await page.fill('[name=code]', await totp(factor, Date.now()));
  await page.click('main form.stack button[type=submit]');
  await page.waitForURL(/\/operator/);
}
