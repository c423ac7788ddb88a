// A form with a bad value comes back: with what the person typed, the error at its field, in the person's language.

import { beforeAll, expect, it } from 'vitest';
import { makeKey, makePartner, query } from '../support/api.ts';
import { memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

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
  en: 'must be a URL, like https://example.com/webhooks',
  fr: 'Ce n’est pas une adresse comme https://exemple.com/webhooks',
};

it.each(['en', 'fr'] as const)('of a webhook endpoint, in %s', async (language) => {
  const typed = { url: 'my "server"', description: 'Till of the shop', events: 'key.rotated' };
  for (const [path, id] of [
    ['/portal/webhooks', 'f-url'],
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

const WRONG = { en: 'This is not valid', fr: 'Valeur non valide' };
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
    [owner, '/portal/alerts/error_rate', typo, 'error_rate-error', WRONG[language]],
    [operator, '/operator/alerts/usage_backlog', typo, 'usage_backlog-error', WRONG[language]],
    [operator, `/operator/blocks/${block?.id}/lift`, { reason: LINES }, 'reason-error', WRONG[language]],
    [operator, `/operator/dead-letters/${letter}/replay`, { reason: LINES }, 'reason-error', WRONG[language]],
    [operator, `${partner}/plan`, plan, 'plan-tax-error', WRONG[language]],
    [operator, `${partner}/limits`, { ...limits, month: '7.5' }, 'limits-month-error', WRONG[language]],
    [operator, `${partner}/suspend`, { reason: LINES }, 'suspend-reason-error', WRONG[language]],
    [
      operator,
      `${partner}/signatures`,
      { rule: 'bound', reason: LINES },
      'signatures-reason-error',
      WRONG[language],
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
