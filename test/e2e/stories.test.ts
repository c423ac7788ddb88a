// Six stories, clicked through as people do: in English on a desk in the light, in French on a phone in the dark; at each step
// axe looks at the page.

import { randomBytes } from 'node:crypto';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import transit from '../../src/catalog/transit.openapi.json' with { type: 'json' };
import { call as apiCall, eventually, stack } from '../support/api.ts';
import { goTo, launch, paste } from '../support/browser.ts';
import { type Look, type Person, personAt } from '../support/person.ts';
import { mcpProvider, startProgram } from '../support/program.ts';

// What a story waits for is given longer than others: axe takes a core.
vi.setConfig({ testTimeout: 180_000 });
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser?.close());

/** Where most people are, and where least fits. */
const LOOKS: Look[] = [
  { language: 'en', width: 1280, themes: ['light'] },
  { language: 'fr', width: 390, themes: ['dark'] },
];

describe.each(LOOKS)('$language, $width px', (look) => {
  let person: Person;
  let line: string;
  beforeAll(async () => {
    person = await personAt(browser, look);
  });
  afterAll(() => person?.context.close());
  const statusOf = async () => (await paste(line)).status;

  it('five clicks and three fields from the front page to the first 200, without the documentation', async () => {
    const { m, page, done } = person;
    const tag = randomBytes(4).toString('hex');
    await goTo(page, '/');
    await person.look('front page');
    await person.follow(m.home.start);
    await person.heading(m.signUp.title);
    await person.look('sign-up');
    await person.type(m.signUp.name, `Fatou ${tag}`);
    await person.type(m.signIn.email, `fatou-${tag}@example.com`);
    await person.type(m.signIn.password, 'correct horse battery');
    await person.press(m.signUp.submit);
    await person.heading(m.verify.title);
    await person.look('mail is on its way');
    // Going to one's mailbox is no click on anything of ours; on this machine it is one.
    const { clicks } = done;
    await person.follow(m.outbox.open);
    done.clicks = clicks;
    await person.heading(m.nav.outbox);
    const link = page.getByRole('article').getByRole('link');
    await eventually(
      async () => {
        await page.reload();
        return link.count();
      },
      (count) => count > 0,
    );
    await person.look('mailbox');
    await person.click(link.first());
    await person.heading(m.verify.confirmTitle);
    await person.look('confirming');
    await person.press(m.verify.confirm);
    await person.heading(m.overview.firstTitle);
    await person.look('the first key');
    await person.press(m.common.copy);
    line = await eventually(
      async () => String(await page.evaluate('navigator.clipboard.readText()')),
      (copied) => copied.startsWith('curl'),
    );
    const answer = await paste(line);
    expect([answer.status, answer.body]).toEqual([200, expect.stringContaining('Colobane')]);
    expect(done).toEqual({ clicks: 5, fields: 3 });
    expect(person.visited.filter((path) => path.startsWith('/docs'))).toEqual([]);
    await person.told('✓ 200');
    await person.look('the first call has arrived');
    await page.getByLabel(m.secret.saved).check();
    await person.press(m.secret.close);
    await person.heading(m.quota.title);
    await person.look('overview');
    await page.keyboard.press('Control+k');
    const palette = page.getByRole('dialog', { name: m.nav.palette });
    await palette.getByRole('option').first().waitFor();
    await person.look('palette');
    await palette.getByRole('combobox').fill(m.nav.audit);
    await person.look('palette, searched');
    await page.keyboard.press('Escape');
    expect(person.problems()).toEqual([]);
  });

  it('the same key calls its first tool, by the official MCP client, at the address that the portal shows', async () => {
    const { m, page } = person;
    await person.open(m.mcp.title);
    await person.look('mcp');
    const shown = page.locator(`pre[data-label="${m.mcp.address}"]`);
    const authorization = /Authorization: (Bearer [^'"]+)/.exec(line)?.[1] ?? '';
    const client = new Client({ name: 'first', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const requestInit = { headers: { authorization } };
    await client.connect(
      new StreamableHTTPClientTransport(new URL((await shown.textContent()) ?? ''), { requestInit }),
    );
    const [tool] = (await client.listTools()).tools.filter(({ name }) => name === 'searchStops');
    expect(await page.getByRole('cell', { name: tool?.name, exact: true }).count()).toBe(1);
    const { content, isError } = await client.callTool({ name: 'searchStops', arguments: { q: 'colobane' } });
    expect([isError ?? false, JSON.stringify(content)]).toEqual([false, expect.stringContaining('Colobane')]);
    await client.close();
    expect(person.problems()).toEqual([]);
  });

  it('an agent asks, is let in with a budget, calls a tool, makes its way to the end of it, and is ended', async () => {
    const { m, page } = person;
    const program = await startProgram();
    const callback = `${program.origin}/callback`;
    const { provider, saved } = mcpProvider(program.clientId, callback);
    const transport = () =>
      new StreamableHTTPClientTransport(new URL('/mcp', stack.url), { authProvider: provider });
    const first = transport();
    await expect(new Client({ name: 'agent', version: '1' }).connect(first)).rejects.toThrow();
    await page.goto(String(saved.url));
    await person.heading(m.grants.asks('Timetables'));
    await person.look('consent');
    await person.type(m.grants.budget, '1');
    await person.press(m.grants.allow);
    const [back] = await eventually(
      async () => program.returned,
      ({ length }) => length > 0,
    );
    await first.finishAuth(back?.searchParams ?? new URLSearchParams());
    const client = new Client({ name: 'agent', version: '1' });
    await client.connect(transport());
    const call = () => client.callTool({ name: 'searchStops', arguments: { q: 'colobane' } });
    expect((await call()).isError ?? false).toBe(false);
    const spent = await call();
    expect([spent.isError, JSON.stringify(spent.content)]).toEqual([
      true,
      expect.stringContaining('budget_exceeded'),
    ]);
    await goTo(page, '/portal');
    await person.open(m.grants.title);
    await person.look('programs');
    await person.follow(m.grants.end);
    const dialog = page.getByRole('dialog', { name: m.grants.endTitle('Timetables') });
    await person.press(m.grants.end, dialog);
    await person.told(m.done.grant_ended);
    await expect(call()).rejects.toThrow();
    await client.close();
    program.close();
    expect(person.problems()).toEqual([]);
  });

  it('a key makes one with a budget: its secret is shown once, and what is left of it', async () => {
    const { m, page } = person;
    await person.open(m.nav.apps);
    await person.follow(m.overview.firstApp);
    await person.follow(m.overview.firstKey);
    await person.follow(m.budgets.new);
    const dialog = page.getByRole('dialog', { name: m.budgets.new });
    await person.look('a budget is asked for');
    await dialog.getByLabel(m.budgets.name, { exact: true }).fill('Nightly job');
    await dialog.getByLabel(m.budgets.budget, { exact: true }).fill('2');
    await person.press(m.budgets.create, dialog);
    const shown = page.locator('[data-secret] pre');
    const secret = String(await shown.textContent()).trim();
    await person.look('its secret');
    const statuses = [];
    for (let i = 0; i < 3; i++) {
      const { status } = await apiCall('/v2/routes/list', { key: secret });
      statuses.push(status);
    }
    expect(statuses).toEqual([200, 200, 402]);
    await page.getByLabel(m.secret.saved).check();
    await person.press(m.secret.close);
    await person.heading('Nightly job');
    await person.look('a key with a budget');
    expect(
      await page.locator(`[data-meter="${m.explain.names.budget}"]`).getAttribute('data-remaining'),
    ).toBe('0');
    expect(person.problems()).toEqual([]);
  });

  it('a plan is changed after a look at what it costs, and the change is undone', async () => {
    const { m, page } = person;
    const plan = page
      .getByRole('main')
      .getByText(/^(?:Free|Gratuit|Business)$/)
      .first();
    await person.open(m.billing.nav);
    const before = await plan.textContent();
    await person.look('billing');
    await person.follow(m.billing.change);
    await person.heading(m.billing.change);
    await person.look('plans');
    await person.follow(`${m.billing.choose} Business`);
    await person.heading(m.billing.review('Business'));
    for (const panel of [m.billing.costs, m.billing.changes]) await person.heading(panel);
    await person.look('preview');
    await person.press(m.billing.confirm('Business'));
    await person.told(m.done.plan_chosen);
    expect(await plan.textContent()).toBe('Business');
    await person.look('changed');
    await person.press(m.billing.undo);
    await person.told(m.done.plan_undone);
    expect(await plan.textContent()).toBe(before);
    expect(await page.getByRole('button', { name: m.billing.undo }).count()).toBe(0);
    await person.look('undone');
    expect(person.problems()).toEqual([]);
  });

  it('an app is archived, its key is refused; restored, it works again', async () => {
    const { m, page } = person;
    await person.open(m.nav.apps);
    await person.follow(m.overview.firstApp);
    await person.heading(m.overview.firstApp);
    await person.look('app');
    await person.follow(m.apps.archive);
    const dialog = page.getByRole('dialog', { name: m.apps.archiveTitle(m.overview.firstApp) });
    await dialog.getByRole('cell', { name: m.overview.firstKey }).waitFor();
    await person.look('asking');
    await person.press(m.apps.archive, dialog);
    await person.told(m.done.app_archived);
    await person.look('archived');
    expect(await statusOf()).toBe(401);
    await person.press(m.apps.restore);
    await person.told(m.done.app_restored);
    await person.look('restored');
    expect(await statusOf()).toBe(200);
    expect(person.problems()).toEqual([]);
  });

  it('a refused call is explained: which limit, whose, when it passes, what to obey', async () => {
    const { m, page } = person;
    await person.open(m.nav.sandbox);
    await person.look('sandbox');
    await person.follow(m.sandbox.spend);
    await person.look('use up');
    await person.press(m.sandbox.spend);
    await person.told(m.done.day_spent);
    expect(await statusOf()).toBe(429);
    const call = page.getByRole('row').filter({ hasText: 'daily_quota_exceeded' }).getByRole('link');
    await eventually(
      async () => {
        await person.open(m.nav.requests);
        return call.count();
      },
      (count) => count === 1,
    );
    await person.look('requests');
    await person.click(call);
    const { why } = m.requests;
    await person.heading(why.refused);
    const words = (await page.getByRole('main').textContent()) ?? '';
    for (const said of [why.limits.per_day, why.owners.key, why.retryAt, 'Retry-After: '])
      expect(words).toContain(said);
    await person.look('why');
    await person.follow(why.raise.key);
    await person.heading(m.overview.firstKey);
    expect(person.problems()).toEqual([]);
  });
});

// The reference is made for the theme that its page is opened in.
it.each([
  { language: 'en', width: 1280, theme: 'light' },
  { language: 'fr', width: 390, theme: 'dark' },
] as const)('the reference, $language, $width px, $theme', async ({ theme, ...look }) => {
  const person = await personAt(browser, { ...look, themes: [theme] });
  await person.page.emulateMedia({ colorScheme: theme });
  await goTo(person.page, '/docs/reference');
  await person.heading(transit.info.title);
  await person.page.waitForLoadState('networkidle');
  await person.look('reference');
  expect(person.problems()).toEqual([]);
  await person.context.close();
});
