// The documentation's pages: small, in both languages, each with its Markdown twin; errors as they really are; search, also
// by strangers who mean no good.

import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/core/errors.ts';
import { CHANGELOGS } from '../../src/portal/web/changelog/changelog.ts';
import { CODES } from '../../src/portal/web/docs-text.ts';
import { errorExample } from '../../src/portal/web/error-examples.ts';
import { GUIDES } from '../../src/portal/web/guides/guides.ts';
import {
  type Answer,
  type CallOptions,
  call,
  makeKey,
  makePartner,
  makeSigningKey,
  query,
  sendJson,
  stack,
} from '../support/api.ts';
import { signed } from '../support/signing.ts';

const MAX_PAGE_BYTES = 12_000;
const PAGES = [
  '/docs',
  '/docs/endpoints',
  '/docs/errors',
  '/docs/changelog',
  ...GUIDES.map(({ slug }) => `/docs/${slug}`),
];
const inLanguage = (language: string): CallOptions => ({ headers: { 'accept-language': language } });
const headingOf = (html: string) => /<h1[^>]*>(.*?)<\/h1>/.exec(html)?.[1]?.replace(/<[^>]+>/g, '') ?? '';

it.each(['en', 'fr'])('every page in %s is small, and has a twin that says the same', async (language) => {
  for (const path of [...PAGES, '/docs/errors/daily_quota_exceeded']) {
    const page = await call(path, inLanguage(language));
    expect([path, page.status]).toEqual([path, 200]);
    expect(gzipSync(page.text).length, path).toBeLessThan(MAX_PAGE_BYTES);
    const link = `${path}.md?lang=${language}`;
    expect(page.text).toContain(`href="${link}"`);
    expect(page.text).not.toContain('{{');
    const twin = await call(link);
    expect([twin.status, twin.headers['content-type'], twin.headers['content-language']]).toEqual([
      200,
      'text/markdown; charset=utf-8',
      language,
    ]);
    const [title = ''] = twin.text.split('\n');
    expect(title.replace(/^# |`/g, '')).toBe(headingOf(page.text).replaceAll('&#39;', "'"));
    expect(twin.text).not.toMatch(/\{\{|```(?:snippets|plans|scopes|test-cards)|\]\(\//);
    // Asked for without a language, it has that of whoever asks.
    expect((await call(`${path}.md`, inLanguage(language))).text).toBe(twin.text);
  }
});

it('a twin has the programs and the data of its page', async () => {
  const textOf = async (slug: string) => (await call(`/docs/${slug}.md?lang=en`)).text;
  const webhooks = await textOf('webhooks');
  for (const fence of ['sh', 'js', 'python', 'go', 'php']) expect(webhooks).toContain(`\`\`\`${fence}\n`);
  expect(await textOf('first-call')).toContain(`${stack.url}/v2/stops/search`);
  const plans = await textOf('plans');
  // Other tests make plans of their own, and their columns stand between these.
  const cells = plans.split('\n').flatMap((line) => (line.startsWith('| ') ? [line.split(' | ')] : []));
  const rowOf = (title: string) => cells.find(([first]) => first === `| ${title}`) ?? [];
  const ofPlans = (title: string) =>
    ['free', 'starter', 'business', 'enterprise'].map((tier) =>
      rowOf(title)[rowOf('Plan').findIndex((name) => name.toLowerCase().replace(' |', '') === tier)]?.replace(
        ' |',
        '',
      ),
    );
  expect(ofPlans('Price per month, EUR')).toEqual(['€0.00', '€49.00', '€199.00', 'Contact us']);
  expect(ofPlans('Requests per day')).toEqual(['1,000', '10,000', '50,000', 'unlimited']);
  expect(ofPlans('Webhooks')).toEqual(['no', 'yes', 'yes', 'yes']);
  expect(await textOf('scopes')).toMatch(/\| `read:stops` \| [^|]+ \| [^|]*`GET \/v2\/stops\/nearby`/);
  expect(await textOf('test-cards')).toMatch(
    /\| `4000000000000002` \| Is declined \| 402 `card_declined` \|/,
  );
});

it('a plan that was made for one partner is nobody else’s to read', async () => {
  const own = await query<{ tier: string }>('SELECT tier FROM tier_config WHERE partner_id IS NOT NULL');
  expect(own.length).toBeGreaterThan(0);
  const { text } = await call('/docs/plans.md?lang=en');
  for (const { tier } of own) expect(text).not.toContain(tier);
});

it('no page of the docs leads to a twin that is not there', async () => {
  const { text } = await call('/docs');
  const pages = new Set([...text.matchAll(/href="(\/docs[^"#?]*)"/g)].map(([, path = '']) => path));
  expect(pages.size).toBeGreaterThan(15);
  for (const path of pages)
    for (const [, twin = ''] of (await call(path)).text.matchAll(
      /(?:href|data-copy-page)="([^"]+\.md\?[^"]*)"/g,
    ))
      expect([path, twin, (await call(twin)).status]).toEqual([path, twin, 200]);
});

it('what is not there has no twin', async () => {
  for (const path of [
    '/docs/nothing',
    '/docs/nothing.md',
    '/docs/errors/nothing.md',
    '/docs/a/b.md',
    '/docs/.md',
  ])
    expect([path, (await call(path)).status]).toEqual([path, 404]);
});

it.each(['en', 'fr'] as const)('the changelog has a feed in %s, of what the page says', async (language) => {
  const page = await call('/docs/changelog', inLanguage(language));
  expect(page.text).toContain(`href="/docs/changelog.atom?lang=${language}"`);
  const feed = await call(`/docs/changelog.atom?lang=${language}`);
  expect([feed.status, feed.headers['content-type']]).toEqual([200, 'application/atom+xml; charset=utf-8']);
  expect(feed.text).toContain(`xml:lang="${language}"`);
  const { changes } = CHANGELOGS[language];
  expect(feed.text.match(/<entry>/g)).toHaveLength(changes.length);
  const ids = [...feed.text.matchAll(/<id>(.*?)<\/id>/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(changes.length + 1);
  const anchors = [...feed.text.matchAll(/<link href="[^"]*#([^"]+)"/g)].map(([, anchor]) => anchor);
  for (const anchor of anchors) expect(page.text).toContain(`id="${anchor}"`);
  expect(feed.text).not.toMatch(/href=&quot;\//);
});

it('/llms.txt lists every twin and the OpenAPI document, /robots.txt what is private', async () => {
  const { text, headers } = await call('/llms.txt');
  expect(headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(text).toMatch(/^# .+\n\n> .+\n/);
  const links = [...text.matchAll(/^- \[.+?\]\((\S+?)\)/gm)].map(([, link = '']) => link);
  expect(links.length).toBe(PAGES.length + CODES.length + 1);
  expect(links).toContain(`${stack.url}/openapi.json`);
  for (const link of links)
    expect([link, (await call(link.slice(stack.url.length))).status]).toEqual([link, 200]);
  expect((await call('/llms.txt?lang=fr')).text).toContain('Premier appel');
  const robots = await call('/robots.txt');
  expect([robots.status, robots.headers['content-type']]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(robots.text).toContain('Disallow: /portal\n');
});

describe('an error’s page shows', () => {
  const real: Partial<Record<ErrorCode, Answer>> = {};
  beforeAll(async () => {
    const partner = await makePartner({ day: 1 });
    const [narrow, key] = [
      await makeKey(partner.id, { scopes: ['read:routes'] }),
      await makeKey(partner.id, { scopes: ['read:routes', 'keys:write'] }),
    ];
    const signing = await makeSigningKey(partner.id, 'test');
    const fast = await makeKey((await makePartner({ second: 0 })).id);
    const monthly = await makeKey((await makePartner({ month: 0 })).id);
    const route = '/v2/routes/list';
    real.missing_api_key = await call(route);
    real.invalid_auth_format = await call(route, { headers: { authorization: 'Basic x' } });
    real.invalid_api_key_format = await call(route, { key: 'nonsense' });
    real.insufficient_permissions = await call('/v2/stops/search?q=dakar', { key: narrow.secret });
    real.not_found = await call('/v2/nothing', { key: key.secret });
    real.method_not_allowed = await call(route, { key: key.secret, method: 'DELETE' });
    real.rate_limit_exceeded = await call(route, { key: fast.secret });
    real.monthly_quota_exceeded = await call(route, { key: monthly.secret });
    await call(route, { key: narrow.secret });
    real.daily_quota_exceeded = await call(route, { key: narrow.secret });
    real.validation_error = await sendJson('/dashboard/api-keys', 'POST', {}, { key: key.secret });
    const repeated = signed(signing, '/dashboard/me');
    await call('/dashboard/me', repeated);
    real.invalid_signature = await call('/dashboard/me', repeated);
    real.invalid_token = await call('/api/dev/apps');
  });

  it.each([
    'missing_api_key',
    'invalid_auth_format',
    'invalid_api_key_format',
    'insufficient_permissions',
    'not_found',
    'method_not_allowed',
    'rate_limit_exceeded',
    'daily_quota_exceeded',
    'monthly_quota_exceeded',
    'validation_error',
    'invalid_signature',
    'invalid_token',
  ] as const)('%s as it is really answered: status, headers, fields and their kinds', async (code) => {
    const [example, answer] = [await errorExample(code, stack.url), real[code]];
    const kinds = (body: object) => Object.entries(body).map(([name, value]) => [name, typeof value]);
    expect(answer?.json.error).toBe(code);
    expect([example.status, kinds(example.body)]).toEqual([answer?.status, kinds(answer?.json)]);
    expect(example.body.limit_type).toBe(answer?.json.limit_type);
    for (const [name] of example.headers) expect(answer?.headers).toHaveProperty(name);
    const { text } = await call(`/docs/errors/${code}`);
    for (const name of Object.keys(example.body)) expect(text).toContain(`&quot;${name}&quot;`);
    expect(text).toMatch(/href="\/docs\/[a-z-]+"/);
  });

  it('every code, with what to do and a guide', async () => {
    for (const code of CODES) {
      const { status, text } = await call(`/docs/errors/${code}.md?lang=en`);
      expect([code, status]).toEqual([code, 200]);
      expect(text).toMatch(/## What to do[\s\S]+"request_id"[\s\S]+Read more: \[/);
    }
  });
});

describe('search', () => {
  const ask = (query: string, language = 'en') =>
    call(`/docs/search?q=${encodeURIComponent(query)}`, inLanguage(language));
  const hits = ({ text }: Answer) =>
    [...text.matchAll(/<li><a href="(\/docs[^"]*)">/g)].map(([, href]) => href);
  const inList = (answer: Answer) => hits({ ...answer, text: answer.text.split('class="hits"')[1] ?? '' });

  it('finds guides, sections, codes and endpoints, in the language of the page', async () => {
    expect(inList(await ask('daily quota'))).toContain('/docs/errors/daily_quota_exceeded');
    expect(inList(await ask('stops nearby'))).toContain('/docs/endpoints#get-v2-stops-nearby');
    expect(inList(await ask('constant time'))[0]).toBe('/docs/webhooks#verify-it');
    expect(inList(await ask('autorisations', 'fr'))[0]).toBe('/docs/scopes');
    expect(inList(await ask('reponse declinee refusee', 'fr'))).toContain(
      '/docs/test-cards#paiements-refuses',
    );
  });

  it('what it finds is there, at the heading that it names', async () => {
    for (const href of inList(await ask('signature secret key'))) {
      const [path = '', anchor] = (href ?? '').split('#');
      const { status, text } = await call(path);
      expect([href, status]).toEqual([href, 200]);
      if (anchor) expect(text).toContain(`id="${anchor}"`);
    }
  });

  it('says when nothing was asked, and when nothing was found', async () => {
    expect((await call('/docs/search')).text).toContain('Search guides, error codes and endpoints.');
    const nothing = await ask('zanzibar');
    expect([nothing.status, inList(nothing)]).toEqual([200, []]);
    expect(nothing.text).toContain('No results for “zanzibar”');
    expect((await ask('zanzibar', 'fr')).text).toContain('Aucun résultat pour «\u202fzanzibar\u202f»');
  });

  it('shows a stranger’s input as text, and takes no more of it than it needs', async () => {
    const markup = await ask('"><script>alert(1)</script>');
    expect(markup.status).toBe(200);
    expect(markup.text).not.toContain('<script>alert');
    const long = await ask('x'.repeat(6000));
    expect(long.status).toBe(200);
    expect(long.text).toContain(`No results for “${'x'.repeat(100)}”`);
    for (const query of ['%', '\\', '(((', '../..', '😀'.repeat(60), 'a\u0000b', '\ud800'])
      expect([
        query,
        [200, 400].includes((await call(`/docs/search?q=${encodeURI(query.toWellFormed())}`)).status),
      ]).toEqual([query, true]);
    expect((await call('/docs/search?q=a&q=b&lang=x')).status).toBe(200);
  });
});

it('every endpoint has its place, with scope, parameters, body and statuses, which the front page links to', async () => {
  const { text } = await call('/docs/endpoints.md?lang=en');
  const [, endpoint = ''] = /### `POST \/v1\/payments`\n([\s\S]*?)###/.exec(text) ?? [];
  expect(endpoint).toContain('`write:payments`');
  expect(endpoint).toMatch(/\| `Idempotency-Key` \| header \| no \|/);
  expect(endpoint).toMatch(/\| `amount` \| body \| yes \|/);
  expect(endpoint).toContain('Statuses: 201, 400, 402');
  const [front, page] = [(await call('/docs')).text, (await call('/docs/endpoints')).text];
  const links = [...front.matchAll(/href="\/docs\/endpoints#([^"]+)"/g)].map(([, anchor]) => anchor);
  expect(links.length).toBe(text.match(/^### /gm)?.length);
  for (const anchor of links) expect(page).toContain(`id="${anchor}"`);
});
