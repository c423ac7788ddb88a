// Somebody else's brand: a bakery, with one API and no Portuguese nor French of its own. Whatever it shows, sends or prints
// says nothing of ours.

import { randomBytes } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BRAND, DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { ensureAccount, ensureFactor } from '../../src/dev/demo.ts';
import { totp } from '../../src/dev/totp.ts';
import { partsOf } from '../../src/mail/mail-parts.tsx';
import { MAILS } from '../../src/mail/texts.ts';
import { operatorConsole } from '../../src/operator/console/pages.ts';
import { developerApi } from '../../src/portal/api/dev-routes.ts';
import { portal } from '../../src/portal/web/pages.ts';
import { eventually } from '../support/api.ts';
import {
  AUTH_SECRET,
  type Bakery,
  type Page,
  startBakery,
  type Visitor,
  visitorOf,
} from '../support/bakery-stack.ts';
import { pdfText } from '../support/pdf-text.ts';
import { routesOf } from '../support/routes.ts';

/** Without Portuguese texts its pages are the English ones. */
const LANGUAGES = ['fr', 'pt-PT,pt'] as const;
const PASSWORD = 'correct horse battery';

/** Where the software's own name stands for itself, and why. */
const EXCEPTIONS: [pattern: RegExp, reason: string][] = [
  [/x-passerelle(?:-\w+)?/gi, 'headers of upstreams and the extension of OpenAPI documents: a protocol'],
  [/\bPasserelle-(?:Version|Explain|Explanation)\b/g, 'headers: a protocol'],
  [/passerelle_key/g, 'the type of our keys, as registered with GitHub’s secret scanning'],
  [/Passerelle-Webhooks\/1/g, 'the user agent of webhooks, which receivers let in by name'],
  [/\bpasserelle\b/g, 'French for gateway; and the issuer and realm of tokens, which programs compare'],
];

/** Names and sentences of the default brand and its two APIs, and what they are about. */
function foreignWords(): RegExp {
  const catalog = loadCatalog(DOCUMENTS);
  const words = catalog.documents.flatMap((document) => {
    const { scopes, notes, translations } = document['x-passerelle'];
    const said = [...Object.values(scopes), ...Object.values(notes)].flatMap((each) => Object.values(each));
    const shown = [...Object.entries(translations.fr ?? {}).flat(), ...said].filter(
      (each) => each.split(' ').length > 2,
    );
    return [
      document.info.title,
      document.info.description,
      ...Object.keys(document.paths),
      ...Object.keys(scopes),
      ...shown,
    ];
  });
  const ours = [
    BRAND.signIn,
    BRAND.mark.path,
    BRAND.accent.light,
    BRAND.accent.dark,
    ...Object.values(BRAND.headline),
  ];
  const subjects = [
    'PassBI',
    'Molam',
    'Dakar',
    'dakarois',
    'Senegal',
    'Sénégal',
    'Teranga',
    'West Africa',
    'Afrique',
    'XOF',
    'CFA',
    'Wave',
    'Orange Money',
    'colobane',
    'transit',
    'public transport',
    'transports publics',
    'payments API',
    'API de paiement',
    'simulated payments',
    'paiements simulés',
    'test cards',
    'cartes de test',
    'card_declined',
  ];
  const quoted = [...words, ...ours, ...subjects]
    .filter(Boolean)
    .map((each) => each.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`(?<![\\w-])(?:${quoted.join('|')})(?![\\w-])`, 'gi');
}
const FOREIGN = foreignWords();

/** What is not the bakery's. */
function foreignIn(text: string): string[] {
  const plain = text
    .replace(/&#39;/g, "'")
    .replace(/&quot;/g, '"')
    .replace(/&amp;/g, '&');
  const left = EXCEPTIONS.reduce((rest, [pattern]) => rest.replace(pattern, ''), plain);
  return [...new Set([...left.matchAll(FOREIGN), ...left.matchAll(/passerelle/gi)].map(([found]) => found))];
}

let bakery: Bakery;
const member = { email: 'ines@shop.example', name: 'Inês', password: PASSWORD };
let key = '';
let invoiceId = '';
const query = async (text: string, values: unknown[] = []) =>
  (await bakery.own.client.query(text, values)).rows;
const mails = () => query('SELECT recipient, subject, body, html FROM outbox_mail ORDER BY id');

const strangerOf = (language: string): Visitor => visitorOf(bakery.origin, language);
async function memberOf(language: string): Promise<Visitor> {
  const visitor = strangerOf(language);
  await visitor.post('/sign-in', { email: member.email, password: PASSWORD });
  return visitor;
}

/** A month of an account that pays: calls, an endpoint, a closed month, an invoice. */
async function live(): Promise<void> {
  const newcomer = strangerOf('fr');
  await newcomer.post('/sign-up', { name: member.name, email: member.email, password: PASSWORD });
  const [mail] = await eventually(mails, (all) => all.length > 0);
  const token = decodeURIComponent(/token=([^\s&]+)/.exec(mail.body)?.[1] ?? '');
  await newcomer.post('/verify/confirm', { token });
  const first = await newcomer.get('/portal');
  key = /pk_test_\w+/.exec(first.text.replace(/…/g, ''))?.[0] ?? '';
  const [partner] = await query('SELECT id FROM partner');
  if (!partner) throw new Error(`${first.status} ${first.location} ${mail.body}`);
  await query(`UPDATE partner SET tier = 'starter', status = 'active' WHERE id = $1`, [partner.id]);
  await query(
    `INSERT INTO webhook_endpoint (id, partner_id, url, events, secret_envelope) VALUES ($1, $2, 'https://shop.example/hook', '{}', 'v1')`,
    [uuidv7(), partner.id],
  );
  await newcomer.post('/portal/members', { email: 'rui@shop.example', role: 'developer' });
  await strangerOf('en').post('/reset', { email: member.email });
  const next = new Date();
  next.setUTCMonth(next.getUTCMonth() + 1, 1);
  next.setUTCHours(0, 5, 0, 0);
  const worker = await bakery.miniflare.getWorker();
  await worker.scheduled({ cron: '5 0 * * *', scheduledTime: next });
  const [invoice] = await eventually(
    () => query('SELECT id FROM invoice'),
    (rows) => rows.length > 0,
  );
  invoiceId = invoice.id;
}

/** One for each visit: a code works once. */
async function operatorOf(language: string): Promise<Visitor> {
  const [email, factor] = [`${uuidv7()}@padaria-sol.example`, randomBytes(24).toString('base64url')];
  const { client } = bakery.own;
  const id = await ensureAccount(client, { email, password: PASSWORD, name: 'Baker', isOperator: true });
  await ensureFactor(client, id, factor, AUTH_SECRET);
  const visitor = strangerOf(language);
  await visitor.post('/sign-in', { email, password: PASSWORD });
  await visitor.post('/two-factor', { code: await totp(factor, Date.now()) });
  return visitor;
}

beforeAll(async () => {
  bakery = await startBakery();
  await live();
}, 120_000);
afterAll(() => bakery?.close());

const plainRoutes = (app: Parameters<typeof routesOf>[0], under = ''): string[] =>
  routesOf(app).flatMap((route) => (/^GET [^:]*$/.test(route) ? under + route.slice(4) : []));
const STARTS = [
  ...plainRoutes(portal),
  ...plainRoutes(operatorConsole),
  ...plainRoutes(developerApi, '/api/dev'),
  '/openapi.json',
  '/openapi/developer.json',
  '/openapi/bakery.json',
  '/openapi/transit.json',
  '/llms.txt',
  '/docs/test-cards',
  '/docs/nothing',
  '/nothing',
  '/v1/breads',
  '/.well-known/jwks.json',
];
/** Somebody else's program, of 3 MB. */
const isSkipped = (path: string) => /^\/assets\/reference-|^\/sign-out|^\/sign-in\/identity/.test(path);

/** All that this visitor finds, from every route and along every link: each path once. */
async function crawl(visitor: Visitor): Promise<Map<string, Page>> {
  const pages = new Map<string, Page>();
  const waiting = [...STARTS];
  for (let at = 0; at < waiting.length; at++) {
    const address = waiting[at] ?? '';
    const [path = ''] = address.split(/[?#]/);
    if (pages.has(path) || isSkipped(path)) continue;
    const page = await visitor.get(address.split('#')[0] ?? '');
    pages.set(path, page);
    if (page.location) waiting.push(page.location.replace(bakery.origin, ''));
    for (const [, href = ''] of page.text.matchAll(
      /(?:href|src)="((?:http:\/\/127[^"/]*)?\/[^"]*)"|\]\((http:\/\/127[^)]*)\)/g,
    ))
      waiting.push(href.replace(bakery.origin, '').replaceAll('&amp;', '&'));
  }
  return pages;
}

describe.for(LANGUAGES)('in %s', (language) => {
  it.for([
    ['a stranger', strangerOf, '/docs', 60],
    ['a member', memberOf, '/portal', 90],
    ['an operator', operatorOf, '/operator', 80],
  ] as const)(
    'no page that %s finds has a word of ours',
    { timeout: 180_000 },
    async ([, visitorIn, home, atLeast]) => {
      const pages = await crawl(await visitorIn(language));
      const found = [...pages].flatMap(([path, { text }]) =>
        foreignIn(text).map((word) => `${path}: ${word}`),
      );
      expect(found).toEqual([]);
      expect(pages.get(home)?.status).toBe(200);
      expect([...pages.values()].filter(({ status }) => status === 200).length).toBeGreaterThan(atLeast);
      expect([...pages].filter(([, { status }]) => status >= 500).map(([path]) => path)).toEqual([]);
    },
  );

  it('what has no translation stands in English', async () => {
    const { text } = await strangerOf(language).get('/');
    expect(text).toContain('Fresh bread, by the dozen and by API');
    expect(text).toContain('Order before six, and it is warm when you open.');
    expect(text).toContain(`<html lang="${language === 'fr' ? 'fr' : 'en'}"`);
    const { text: scopes } = await strangerOf(language).get('/docs/scopes.md');
    expect(scopes).toContain('| `read:breads` | See what is in the oven |');
  });
});

it('pages have its name, mark, accent, links and first call', async () => {
  const { text } = await strangerOf('en').get('/');
  expect(text).toMatch(/<title>[^<]* · Padaria Sol<\/title>/);
  expect(text).toContain('--accent:light-dark(#7a3e0a,#f0b27a)');
  expect(text.split('M3 12c0-9 14-9 14 0v5H3z')).toHaveLength(3);
  for (const link of ['help', 'terms', 'privacy', 'status'])
    expect(text).toContain(`href="https://padaria-sol.example/${link}"`);
  expect(text).toContain('/v1/breads?limit=2');
  expect((await strangerOf('en').get('/sign-in')).text).toContain('Padaria ID');
  for (const path of ['/v2/stops/search', '/v1/payments', '/openapi/transit.json', '/docs/test-cards'])
    expect([path, (await strangerOf('en').get(path)).status]).toEqual([path, 404]);
  expect((await strangerOf('en').get('/llms.txt')).text).toMatch(
    /^# Padaria Sol\n\n> The ovens of Padaria Sol/,
  );
  expect((await strangerOf('en').get('/docs/idempotency.md')).text).toContain('{"bread":"broa","pieces":12}');
});

it('the sandbox answers with the examples of the document, and the first key may ask for them', async () => {
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(bakery.origin + path, {
      ...init,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
  const answer = await ask('/v1/breads?limit=2');
  expect([answer.status, await answer.json()]).toEqual([200, { breads: ['broa', 'rye'] }]);
  expect((await ask('/v1/orders', { method: 'POST', body: '{"bread":"broa"}' })).status).toBe(403);
});

it('an invoice and its PDF are from its seller, say how it is paid, and nothing of ours', async () => {
  for (const language of LANGUAGES) {
    const visitor = await memberOf(language);
    const pdf = await visitor.get(`/portal/invoices/${invoiceId}/pdf`);
    expect([pdf.status, pdf.type]).toEqual([200, 'application/pdf']);
    const text = pdfText(pdf.bytes);
    for (const own of ['Padaria Sol Lda', 'Rua do Forno 7', 'PT 500 000 000', 'MB WAY 900 000 000'])
      expect(text).toContain(own);
    expect(foreignIn(text)).toEqual([]);
  }
});

it('no mail that was sent, and none that can be, has a word of ours', async () => {
  const sent = await eventually(mails, (all) => all.some(({ body }) => body.includes('Padaria Sol Lda')));
  expect(new Set(sent.map(({ subject }) => subject)).size).toBeGreaterThan(3);
  const letter = {
    product: 'Padaria Sol',
    name: 'Inês',
    url: `${bakery.origin}/x`,
    detail: 'Detail',
    foot: [],
    support: 'help@padaria-sol.example',
  };
  const sender = { name: letter.product, accent: { light: '#7a3e0a', dark: '#f0b27a' } };
  const all = Object.values(MAILS).flatMap(({ en, fr }) => [
    { subject: en(letter).subject, ...partsOf(en(letter), 'en', sender) },
    { subject: fr(letter).subject, ...partsOf(fr(letter), 'fr', sender) },
  ]);
  const texts = [
    ...sent.map(({ subject, body, html }) => [subject, body, html]),
    ...all.map(({ subject, text, html }) => [subject, text, html]),
  ];
  for (const text of texts.map((parts) => parts.join('\n'))) {
    expect(foreignIn(text)).toEqual([]);
    expect(text).toContain('Padaria Sol');
  }
});

it('whoever reads our own pages with the same eyes finds our words', () => {
  expect(foreignIn('Public transport of Dakar')).toEqual(['Public transport', 'Dakar']);
  expect(foreignIn('<title>Passerelle</title> X-Passerelle-Partner passerelle_key')).toEqual(['Passerelle']);
  expect(EXCEPTIONS.length).toBeLessThanOrEqual(5);
});
