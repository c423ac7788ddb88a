// A form with a bad value comes back: with what the person typed, the error at its field, in the person's language.

import { beforeAll, expect, it } from 'vitest';
import { makePartner, query } from '../support/api.ts';
import { memberOf, type Person } from '../support/portal.ts';

let owner: Person;
let endpoint: string;
beforeAll(async () => {
  const partner = await makePartner();
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
