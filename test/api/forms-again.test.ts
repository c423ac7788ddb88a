// A form with a bad value comes back: with what the person typed, the error at its field, in the person's language. Every
// form of the portal and the console is taken from their routers, and found on a page.

import { beforeAll, describe, expect, it } from 'vitest';
import { adoptDocument } from '../../src/catalog/adopt/adopt.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { call, makeKey, makePartner, makeSigningKey, query, sendJson, stack } from '../support/api.ts';
import { formsOf, type PageForm } from '../support/page-forms.ts';
import {
  mailedPath,
  memberOf,
  operatorSignedIn,
  PASSWORD,
  type Person,
  signedUp,
  visitor,
} from '../support/portal.ts';
import { agree, askedAt, asking, newVerifier, startProgram } from '../support/program.ts';
import { CHANGING } from '../support/routes.ts';

/** Many people sign up, and each password is hashed. */
const HOOK_MS = 240_000;

let owner: Person;
let operator: Person;
let partnerId: string;
let endpoint: string;
beforeAll(async () => {
  const partner = await makePartner();
  partnerId = partner.id;
  operator = await operatorSignedIn();
  owner = await memberOf(partner.id);
  await owner.post('/portal/webhooks', { url: 'https://hooks.example.com/in', events: 'key.created' });
  const [made] = await query('SELECT id FROM webhook_endpoint WHERE partner_id = $1', [partner.id]);
  endpoint = `/portal/webhooks/${made?.id}`;
});

/** What was wrong, by language. */
const NO_URL = {
  en: 'must be a URL that begins with https:// and names a public host, like https://example.com/webhooks',
  fr: 'L’adresse doit commencer par https:// et nommer un hôte public, comme https://exemple.com/webhooks',
};

it.each(['en', 'fr'] as const)('of a webhook endpoint, in %s', async (language) => {
  const typed = { url: 'my "server"', description: 'Till of the shop', events: 'key.rotated' };
  for (const [path, id] of [
    ['/portal/webhooks', 'add-url'],
    [endpoint, 'edit-url'],
  ] as const) {
    const { status, text } = await owner.post(path, typed, { 'accept-language': language });
    expect(status, path).toBe(400);
    expect(text).toContain(`<p class="error" id="${id}-error">${NO_URL[language]}</p>`);
    expect(text).toContain('value="my &quot;server&quot;"');
    expect(text).toContain('value="Till of the shop"');
    expect(text).toMatch(/value="key.rotated" checked/);
    expect(text).not.toMatch(/value="key.created" checked/);
  }
  // What the form itself asks, besides the service.
  const long = { ...typed, url: 'https://hooks.example.com', description: 'x'.repeat(501) };
  const { status, text } = await owner.post(endpoint, long, { 'accept-language': language });
  expect([status, text.includes('id="edit-description-error"')]).toEqual([400, true]);
  const [kept] = await query('SELECT url, events FROM webhook_endpoint WHERE id = $1', [
    endpoint.split('/').at(-1),
  ]);
  expect(kept).toEqual({ url: 'https://hooks.example.com/in', events: ['key.created'] });
});

const NOT_A_LINE = { en: 'Enter one line of text', fr: 'Saisissez une seule ligne de texte' };
const NO_PERCENT = { en: 'Enter a percentage, from 0 to', fr: 'Saisissez un pourcentage, de 0 à' };
const NO_SECONDS = { en: 'Enter a number of seconds', fr: 'Saisissez un nombre de secondes' };
const NO_MONTH = {
  en: 'Enter a whole number of requests per month',
  fr: 'Saisissez un nombre entier de requêtes par mois',
};
const EMPTY = { en: 'Required', fr: 'Champ obligatoire' };
/** More than one line, which no browser lets through. */
const LINES = 'first\u0085second';

it.each(['en', 'fr'] as const)('of alerts, plans, limits and reasons, in %s', async (language) => {
  const key = (await makeKey(partnerId)).id;
  const letter = crypto.randomUUID();
  await query(
    `INSERT INTO dead_letter (id, queue, body) VALUES ($1::uuid, 'usage', convert_to($1::text, 'UTF8'))`,
    [letter],
  );
  await operator.post('/operator/blocks', { range: '198.51.100.66', hours: '1', reason: language });
  const [block] = await query('SELECT id FROM address_block WHERE reason = $1', [language]);
  const partner = `/operator/partners/${partnerId}`;
  const limits = { second: '-1', day: '12', month: '-1', overage: 'warn', reason: 'trial' };
  const plan = { tier: 'business', currency: 'EUR', tax: '180', reason: 'as agreed' };
  const typo = { enabled: 'true', threshold: 'many' };
  const forms: [who: Person, path: string, typed: Record<string, string>, error: string, said: string][] = [
    [owner, '/portal/alerts/error_rate', typo, 'error_rate-error', NO_PERCENT[language]],
    [operator, '/operator/alerts/usage_backlog', typo, 'usage_backlog-error', NO_SECONDS[language]],
    [operator, `/operator/blocks/${block?.id}/lift`, { reason: LINES }, 'reason-error', NOT_A_LINE[language]],
    [
      operator,
      `/operator/dead-letters/${letter}/replay`,
      { reason: LINES },
      'reason-error',
      NOT_A_LINE[language],
    ],
    [operator, `${partner}/plan`, plan, 'plan-tax-error', NO_PERCENT[language]],
    [operator, `${partner}/limits`, { ...limits, month: '7.5' }, 'limits-month-error', NO_MONTH[language]],
    [operator, `${partner}/suspend`, { reason: LINES }, 'suspend-reason-error', NOT_A_LINE[language]],
    [
      operator,
      `${partner}/signatures`,
      { rule: 'bound', reason: LINES },
      'signatures-reason-error',
      NOT_A_LINE[language],
    ],
    [operator, `/operator/keys/${key}/revoke`, { reason: ' ' }, 'revoke-reason-error', EMPTY[language]],
  ];
  for (const [who, path, typed, error, said] of forms) {
    const { status, text } = await who.post(path, typed, { 'accept-language': language });
    expect(status, path).toBe(400);
    expect(text, path).toMatch(new RegExp(`id="${error}">\\s*${said}`));
    for (const value of Object.values(typed).filter((each) => each.trim() !== ''))
      expect(text, path).toContain(`value="${value}"`);
  }
  await operator.post(`/operator/blocks/${block?.id}/lift`, { reason: 'over' });
});

/** No page has these as a form. */
const NO_FORM: Record<string, string> = {
  'POST /portal/playground/key': 'a button of a script, which sends nothing',
};

interface Shown {
  who: Person;
  form: PageForm;
}

/** By route: each of its forms, and who finds it on which page. */
const shown = new Map<string, Shown[]>();
/** Exact paths first: `/portal/webhooks/events` is no endpoint. */
const ROUTES = CHANGING.page
  .map((route) => ({ route, path: route.replace('POST ', '') }))
  .sort((a, b) => a.path.split(':').length - b.path.split(':').length)
  .map(({ route, path }) => ({ route, pattern: new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`) }));

/** Notes the forms of a page. @throws where the page is none, or a form leads nowhere */
function note(who: Person, { status, text }: { status: number; text: string }, from: string): void {
  if (status !== 200) throw new Error(`${from} answered with ${status}`);
  for (const form of formsOf(text)) {
    const route = ROUTES.find(({ pattern }) => pattern.test(form.action))?.route;
    if (!route) throw new Error(`${from} has a form that leads nowhere: ${form.action}`);
    shown.set(route, [...(shown.get(route) ?? []), { who, form }]);
  }
}

const look = async (who: Person, ...paths: string[]): Promise<void> => {
  for (const path of paths) note(who, await who.get(path), path);
};

/** To the issuer and back. */
async function throughIssuer(who: Person, fields: Record<string, string> = {}): Promise<void> {
  const claims = { sub: crypto.randomUUID(), email: who.email, email_verified: true, name: 'N' };
  await sendJson('/next', 'POST', claims, { origin: stack.identity });
  const begun = await who.post('/sign-in/identity', fields);
  const issuer = new URL(String(begun.headers.refresh).replace('0; url=', ''));
  const answered = await call(issuer.pathname + issuer.search, { origin: issuer.origin });
  const back = new URL(String(answered.headers.location));
  await who.get(back.pathname + back.search);
}

/** A member's pages, with something on each. */
async function lookAtPortal(): Promise<void> {
  const partner = await makePartner();
  const who = await memberOf(partner.id);
  await query(
    `INSERT INTO partner_member (partner_id, subject, email, role) SELECT $1, id, email, 'viewer' FROM dev_accounts WHERE email = $2`,
    [(await makePartner()).id, who.email],
  );
  await query(
    'INSERT INTO dev_credential (id, account_id, provider_id, subject) SELECT $1, id, $2, $1 FROM dev_accounts WHERE email = $3',
    [crypto.randomUUID(), stack.identity, who.email],
  );
  await visitor(who.email).post('/sign-in', { email: who.email, password: PASSWORD });
  const invited = await signedUp();
  await who.post('/portal/members/invite', { email: invited.email, role: 'viewer' });
  await look(invited, await mailedPath(invited.email, '/invite/'));
  const [to, mover] = [visitor().email, await signedUp()];
  await who.post('/portal/settings/email', { email: to, proof: PASSWORD });
  await look(who, await mailedPath(to, '/email/'));
  const elsewhere = visitor().email;
  await mover.post('/portal/settings/email', { email: elsewhere, proof: PASSWORD });
  await mover.post(await mailedPath(elsewhere, '/email/'));
  await look(visitor(), await mailedPath(mover.email, '/email/undo/'));
  const token = { form: crypto.randomUUID(), name: 'CI', days: '30', proof: PASSWORD };
  await who.post('/portal/settings/tokens', token);
  await who.post('/portal/apps', { name: 'App' });
  await who.post('/portal/webhooks', { url: 'https://hooks.example.com/in' });
  await who.post('/portal/billing/currency', { currency: 'XOF' });
  const [ids] = await query(
    `SELECT (SELECT id FROM dev_apps WHERE partner_id = $1) AS app, (SELECT id FROM webhook_endpoint WHERE partner_id = $1) AS endpoint`,
    [partner.id],
  );
  await who.post(`/portal/webhooks/${ids?.endpoint}/test`);
  const [delivery] = await query(
    `UPDATE webhook_delivery SET state = 'failed' WHERE endpoint_id = $1 RETURNING id`,
    [ids?.endpoint],
  );
  await makeKey(partner.id, { environment: 'test' });
  const live = await makeKey(partner.id);
  // Archiving its app stops a live key.
  await query('UPDATE api_key SET app_id = $1 WHERE key_id = $2', [ids?.app, live.id]);
  await query(
    `INSERT INTO dev_apps (id, partner_id, name, archived_at) VALUES (gen_random_uuid(), $1, 'Gone', now())`,
    [partner.id],
  );
  const signing = await makeSigningKey(partner.id);
  const program = await startProgram();
  const wanted = asking(program, newVerifier());
  await agree(who, wanted);
  await look(who, askedAt(wanted), '/portal/grants');
  program.close();
  await look(
    who,
    '/portal',
    '/portal/apps',
    `/portal/apps/${ids?.app}`,
    `/portal/keys/${live.id}`,
    `/portal/keys/${signing.id}`,
    '/portal/sandbox',
    '/portal/webhooks',
    `/portal/webhooks/${ids?.endpoint}`,
    `/portal/deliveries/${delivery?.id}`,
    '/portal/alerts',
    '/portal/billing',
    '/portal/members',
    '/portal/settings',
  );
  const chooser = await memberOf((await makePartner({ tier: 'starter' })).id);
  await chooser.post('/portal/billing/plan', { tier: 'business' });
  await look(chooser, '/portal/billing', '/portal/billing/plan?tier=free');
  await operator.post(`/operator/keys/${(await makeKey(partner.id)).id}/revoke`, { reason: 'x' });
  const stop = await mailedPath(who.email, '/mails/');
  await look(who, stop);
  note(who, await who.post(stop), stop);
  const waiting = await memberOf((await makePartner({ status: 'sandbox_only' })).id);
  await look(waiting, '/portal/live-access');
  const careful = await memberOf(partner.id);
  const setUp = await careful.post('/portal/settings/two-factor', { password: PASSWORD });
  note(careful, setUp, 'setting up a second factor');
  const strict = await memberOf(partner.id);
  await query('UPDATE dev_accounts SET two_factor_enabled = true WHERE email = $1', [strict.email]);
  await query(
    `UPDATE dev_session SET factor_at = now() + interval '1 hour' WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
    [strict.email],
  );
  await look(strict, '/portal/settings');
}

/** What people see before they are in, and while they prove who they are. */
async function lookAtDoors(): Promise<void> {
  await look(
    visitor(),
    '/sign-in',
    '/sign-up',
    '/reset',
    '/reset/token',
    '/two-factor',
    '/verify?sent=a@b.c',
  );
  const asker = visitor();
  await asker.post('/sign-up', { name: 'Asker', email: asker.email, password: PASSWORD });
  await look(visitor(), await mailedPath(asker.email, '/verify'));
  const person = await signedUp();
  await look(person, '/prove', '/welcome');
  await throughIssuer(person, { purpose: 'link' });
  await look(person, '/sign-in/identity/link');
  const stranger = visitor();
  await throughIssuer(stranger);
  await look(stranger, '/sign-in/identity/confirm');
  const operator = await signedUp();
  await query('UPDATE dev_accounts SET is_operator = true WHERE email = $1', [operator.email]);
  await look(operator, '/second-factor');
  note(operator, await operator.post('/second-factor', { proof: PASSWORD }), 'setting up a second factor');
}

async function lookAtConsole(): Promise<void> {
  const who = await operatorSignedIn();
  const partner = await makePartner();
  const key = await makeKey(partner.id);
  const letter = crypto.randomUUID();
  await query(
    `INSERT INTO dead_letter (id, queue, body) VALUES ($1::uuid, 'usage', convert_to($1::text, 'UTF8'))`,
    [letter],
  );
  const [invoice] = await query(
    `SELECT (issue_invoice(jsonb_build_object('id', gen_random_uuid(), 'kind', 'invoice', 'partner_id', $1::uuid, 'period_start', '2026-10-01',
       'period_end', '2026-10-31', 'currency', 'EUR', 'subtotal_minor', 5, 'tax_bps', 0, 'tax_minor', 0, 'total_minor', 5, 'status', 'open',
       'issued_at', now(), 'due_at', now(), 'seller', '{"name": "S"}'::jsonb, 'buyer', '{"name": "B"}'::jsonb, 'lines',
       jsonb_build_array(jsonb_build_object('kind', 'plan', 'tier', 'business', 'from_at', now(), 'to_at', now(), 'quantity', 0, 'amount_minor', 5))))).id`,
    [partner.id],
  );
  const incident = { title_en: 'Slow', title_fr: 'Lent', api: '', started_at: '', state: 'identified' };
  await who.post('/operator/incidents', { ...incident, text_en: 'We look.', text_fr: 'On regarde.' });
  await who.post('/operator/blocks', { range: '198.51.100.67', hours: '1', reason: 'to be lifted' });
  const offer = adoptDocument(
    JSON.stringify({
      openapi: '3.1.0',
      info: { title: 'Offer' },
      paths: { '/a': { get: { responses: {} } } },
    }),
  ).document;
  const [draft] = await query(
    `INSERT INTO api_draft (id, api, document, notes, created_by) VALUES (gen_random_uuid(), 'offer', $1, '[]', 'x') RETURNING id`,
    [JSON.stringify(offer)],
  );
  const [policy] = await query(
    `INSERT INTO api_policy (id, api, partner_id, policy, settings, created_by)
     VALUES (gen_random_uuid(), 'transit', $1, 'cache', '{"seconds": 5, "shared_by": "key"}', 'x') RETURNING id`,
    [partner.id],
  );
  const others = [await makePartner({ status: 'suspended' }), await makePartner({ status: 'sandbox_only' })];
  await query(
    `INSERT INTO live_access_request (partner_id, company, use_case, monthly_requests, asked_by) VALUES ($1, 'Shop', 'A planner', 5, 'x')`,
    [others[1]?.id],
  );
  await look(
    who,
    ...[partner, ...others].map(({ id }) => `/operator/partners/${id}`),
    `/operator/keys/${key.id}`,
    '/operator/partners',
    '/operator/blocks',
    '/operator/incidents',
    '/operator/apis',
    '/operator/policies/new?policy=cache',
    '/operator/policies/new?policy=mock',
    `/operator/policies/${policy?.id}`,
    '/operator/apis/transit',
    `/operator/apis/drafts/${draft?.id}`,
    '/operator/dead-letters',
    '/operator/plans',
    `/operator/invoices/${invoice?.id}`,
    '/operator/alerts',
    // Their own account.
    '/portal/settings',
  );
}

type Field = PageForm['controls'][number];

/** What no form takes. A select has no such option, a password is missing, and no text has such a line. */
const badOf = ({ tag, type }: Field): string =>
  tag === 'select' ? 'nonsense' : type === 'password' ? '' : LINES;

/** A file, which no page shows again; a secret that may be left out, as it is here. */
const isSentNever = ({ type, isRequired }: Field): boolean =>
  type === 'file' || (type === 'password' && !isRequired);

const filledIn = ({ value, isRequired, type }: Field): string => {
  if (value !== '' || !isRequired) return value;
  return type === 'password' ? PASSWORD : type === 'email' ? 'a@example.com' : 'something';
};

/** Words of English that no French sentence has. */
const ENGLISH = /\b(?:the|this|must|not|is|are|your|with|of|and|too|at least|at most|try|again)\b/i;

/** What a page says is wrong: at a field, in a note, or as a page that is nothing else. */
const saidIn = (page: string): string[] =>
  [
    ...page.matchAll(
      /<(?:p class="error"|div class="note[^"]*" role="alert"|h1)[^>]*>(.*?)<\/(?:p|div|h1)>/gs,
    ),
    ...(page.includes('<main class="plain"') ? page.matchAll(/<p>(.*?)<\/p>/gs) : []),
  ].map(([, text = '']) => text.replace(/<[^>]*>/g, ''));

/** Sends a form with a bad value of this field, and these boxes ticked; finds it on the page that answers. */
async function sendBad({ who, form }: Shown, field: Field, language: string, boxes = form.boxes) {
  const fields = new URLSearchParams([
    ...form.along,
    ...form.controls.map((each) => [each.name, each.name === field.name ? badOf(each) : filledIn(each)]),
    ...boxes.map(({ name, value }) => [name, value]),
  ]);
  const { status, text } = await who.post(form.action, fields, { 'accept-language': language });
  const forms = formsOf(text).filter(({ action }) => action === form.action);
  const again = forms.flatMap(({ controls }) =>
    controls.filter(({ name, isInvalid }) => name === field.name && isInvalid),
  );
  const english = language === 'fr' ? saidIn(text).filter((said) => ENGLISH.test(said)) : [];
  return { status, again, english, boxes: forms.flatMap((each) => each.boxes) };
}

it('the browser says nothing of its own: every form of a page is sent as it is', async () => {
  for (const path of [
    '/portal/webhooks',
    '/portal/apps',
    '/portal/alerts',
    '/portal/members',
    '/portal/settings',
  ]) {
    const { text } = await owner.get(path);
    const typed = [...text.matchAll(/<form method="post"[^>]*>.*?<\/form>/gs)]
      .map(([form]) => form)
      .filter((form) => / (?:required|type="email"|type="url"|maxlength)/.test(form));
    expect([path, typed.length > 0]).toEqual([path, true]);
    expect(typed.filter((form) => !/^<form[^>]* novalidate/.test(form))).toEqual([]);
  }
});

describe('of a plan that cannot be', () => {
  const named = () => `plan-${crypto.randomUUID().slice(0, 8)}`;
  const plan = (fields: Record<string, string>) => ({
    tier: named(),
    partner_id: '',
    price_EUR: '10',
    second: '10',
    day: '100',
    month: '1000',
    max_keys: '5',
    ...fields,
  });
  const CASES = [
    [{ tier: 'business' }, 409, 'tier', 'A plan with this name exists'],
    [{ partner_id: crypto.randomUUID() }, 400, 'partner_id', 'No such partner'],
  ] as const;

  it.each(CASES)('for operators: %j', async (wish, expected, field, said) => {
    for (const language of ['en', 'fr']) {
      const { status, text } = await operator.post('/operator/plans', plan(wish), {
        'accept-language': language,
      });
      const found = formsOf(text)
        .find(({ action }) => action === '/operator/plans')
        ?.controls.find(({ name }) => name === field);
      expect([status, found?.isInvalid, found?.value]).toEqual([expected, true, Object.values(wish)[0]]);
      if (language === 'en') expect(found?.error).toBe(said);
      else expect([found?.error === said, found?.error]).toEqual([false, expect.stringMatching(/./)]);
    }
  });

  it('for partners: the dialog says why', async () => {
    const tier = named();
    await operator.post('/operator/plans', plan({ tier, self_serve: 'true' }));
    await query(`UPDATE partner SET currency = 'XOF' WHERE id = $1`, [partnerId]);
    for (const [language, said] of [
      ['en', 'This plan has no price in this currency'],
      ['fr', 'Ce forfait n’a pas de prix dans cette devise'],
    ] as const) {
      const { status, text } = await owner.post(
        '/portal/billing/plan',
        { tier },
        { 'accept-language': language },
      );
      expect([status, text.includes(`<p class="error" id="tier-error">${said}</p>`)]).toEqual([409, true]);
      expect(text).toMatch(/<dialog id="plan" open/);
    }
    await query(`UPDATE partner SET currency = 'EUR' WHERE id = $1`, [partnerId]);
  });
});

describe('of every form', () => {
  beforeAll(async () => {
    await lookAtPortal();
    await lookAtDoors();
    await lookAtConsole();
  }, HOOK_MS);

  it.for(CHANGING.page)('%s', async (route) => {
    const forms = shown.get(route) ?? [];
    expect(forms.length > 0, 'is on a page').toBe(!(route in NO_FORM));
    const seen = new Set<string>();
    for (const each of forms) {
      for (const field of each.form.controls) {
        if (seen.has(field.name) || isSentNever(field)) continue;
        seen.add(field.name);
        const said = [];
        for (const language of ['en', 'fr'] as const) {
          const ticked = each.form.boxes.filter(({ isTicked }) => isTicked);
          const { status, again, english } = await sendBad(each, field, language, ticked);
          expect([field.name, english]).toEqual([field.name, []]);
          expect([field.name, language, [400, 401, 403].includes(status), again.length, status]).toEqual([
            field.name,
            language,
            true,
            1,
            status,
          ]);
          expect(again[0]?.error).not.toBe('');
          // It names what is accepted.
          expect([field.name, again[0]?.error]).not.toEqual([field.name, messagesOf(language).fields.other]);
          if (field.tag !== 'select') expect(again[0]?.value).toBe(badOf(field));
          said.push(again[0]?.error);
        }
        expect(said[0], field.name).not.toBe(said[1]);
      }
      // What was ticked stays ticked, and nothing else.
      const [first] = each.form.controls;
      if (!first) continue;
      for (const ticked of [each.form.boxes, []]) {
        const { boxes } = await sendBad(each, first, 'en', ticked);
        expect(boxes.map(({ isTicked }) => isTicked)).toEqual(each.form.boxes.map(() => ticked.length > 0));
      }
    }
  });

  it('with nothing ticked that needs something, or something that there is not', async () => {
    const [app] = await query(
      'INSERT INTO dev_apps (id, partner_id, name) VALUES ($1, $2, $3) RETURNING id',
      [crypto.randomUUID(), partnerId, 'App'],
    );
    const key = (await makeKey(partnerId)).id;
    const named = { name: 'Typed' };
    const fresh = { ...named, form: crypto.randomUUID(), kind: 'bearer', environment: 'test' };
    for (const [path, typed, id] of [
      [`/portal/apps/${app?.id}/keys`, fresh, 'key-scopes'],
      [`/portal/apps/${app?.id}/keys`, { ...fresh, scopes: 'nonsense' }, 'key-scopes'],
      [`/portal/keys/${key}`, named, 'edit-scopes'],
      ['/portal/webhooks', { url: 'https://hooks.example.com/in', events: 'nonsense' }, 'add-events'],
    ] as const) {
      const { status, text } = await owner.post(path, typed);
      expect([path, status]).toEqual([path, 400]);
      expect(text).toMatch(new RegExp(`<fieldset aria-describedby="${id}-error[^"]*"`));
      expect(text).toMatch(new RegExp(`<p class="error" id="${id}-error">[^<]+</p>`));
    }
  });

  it('is typed into, or has buttons only', () => {
    const typed = [...shown].filter(([, forms]) => forms.some(({ form }) => form.controls.length > 0));
    // As many as there are now: a page whose forms nobody finds any more is no page without forms.
    expect(typed.length).toBeGreaterThanOrEqual(47);
  });

  it('that only has buttons, a value of no button is refused or ignored', async () => {
    for (const [route, forms] of shown) {
      const [first] = forms;
      if (!first || forms.some(({ form }) => form.controls.length > 0) || first.form.along.length === 0)
        continue;
      const fields = Object.fromEntries(first.form.along.map(([name]) => [name, 'nonsense']));
      const { status } = await first.who.post(first.form.action, fields);
      expect([route, [200, 303, 400, 403, 404].includes(status), status]).toEqual([route, true, status]);
    }
  });
});
