// Webhook endpoints belong to an environment, and what fails is said to fail: on pages, in the sidebar, on the overview.

import { beforeAll, describe, expect, it } from 'vitest';
import type { CallOptions } from '../support/api.ts';
import {
  call,
  developerToken,
  makeKey,
  makePartner,
  query,
  sendJson,
  type TestPartner,
} from '../support/api.ts';
import { memberOf, type Person } from '../support/portal.ts';

const bearer = (token: string): CallOptions => ({ headers: { authorization: `Bearer ${token}` } });
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

let partner: TestPartner;
let me: CallOptions;
let owner: Person;
let app: string;

async function makeEndpoint(name: string, environment?: string): Promise<string> {
  const wanted = { url: `${NOWHERE}/${name}`, events: ['key.created', 'plan.changed'], environment };
  const { json } = await sendJson('/api/dev/webhooks', 'POST', wanted, me);
  return json.id;
}
const typesAt = async (endpoint: string): Promise<string[]> =>
  (
    await query<{ of: string }>(
      `SELECT v.type || coalesce(' ' || (v.data->>'environment'), '') AS of FROM webhook_delivery d
       JOIN webhook_event v ON v.id = d.event_id WHERE d.endpoint_id = $1 ORDER BY 1`,
      [endpoint],
    )
  ).map((each) => each.of);

beforeAll(async () => {
  partner = await makePartner();
  me = bearer(await developerToken(partner));
  owner = await memberOf(partner.id);
  app = (await sendJson('/api/dev/apps', 'POST', { name: 'App' }, me)).json.id;
});

describe('an endpoint’s environment', () => {
  it('events of test keys go to test endpoints, all others to live ones, and whoever chose none loses none', async () => {
    const [test, live, before] = await Promise.all([
      makeEndpoint('test', 'test'),
      makeEndpoint('live', 'live'),
      makeEndpoint('before'),
    ]);
    for (const environment of ['test', 'live'])
      await sendJson(`/api/dev/apps/${app}/keys`, 'POST', { key_type: 'bearer', environment, name: 'K' }, me);
    await query(`INSERT INTO webhook_event (partner_id, type, data) VALUES ($1, 'plan.changed', '{}')`, [
      partner.id,
    ]);
    const account = ['key.created live', 'plan.changed'];
    expect(await typesAt(test)).toEqual(['key.created test']);
    expect(await typesAt(live)).toEqual(account);
    expect(await typesAt(before)).toEqual(['key.created live', 'key.created test', 'plan.changed']);
    // What a test endpoint recovers is of its environment, too.
    await query('DELETE FROM webhook_delivery WHERE endpoint_id = $1', [test]);
    await sendJson(`/api/dev/webhooks/${test}/recover`, 'POST', { since: '2026-01-01T00:00:00Z' }, me);
    expect(await typesAt(test)).toEqual(['key.created test']);
    const page = (await owner.get(`/portal/webhooks/${before}`)).text;
    expect(page).toContain('receives events of test and live: no environment was chosen');
    const edit = { url: `${NOWHERE}/before`, description: '', events: 'key.created' };
    await owner.post(`/portal/webhooks/${before}`, { ...edit, environment: 'both' });
    expect((await call(`/api/dev/webhooks/${before}`, me)).json.environment).toBe('both');
    await owner.post(`/portal/webhooks/${before}`, { ...edit, environment: 'live' });
    expect((await call(`/api/dev/webhooks/${before}`, me)).json.environment).toBe('live');
    const both = await sendJson(`/api/dev/webhooks/${before}`, 'PATCH', { environment: 'both' }, me);
    expect([both.status, both.json.error]).toEqual([400, 'validation_error']);
  });

  it('its page, and the page of a key, are of their own environment, whatever was chosen', async () => {
    const live = await makeKey(partner.id);
    const page = (await owner.get(`/portal/keys/${live.id}`)).text;
    expect(page).not.toContain('test-banner');
    expect(page).not.toContain('name="environment"');
    const test = await makeKey(partner.id, { environment: 'test' });
    expect((await owner.get(`/portal/keys/${test.id}?environment=live`)).text).toContain('test-banner');
    for (const path of [
      '/portal/webhooks',
      '/portal/billing',
      '/portal/members',
      '/portal/alerts',
      '/portal/audit',
    ]) {
      const { text } = await owner.get(path);
      expect([path, text.includes('test-banner'), text.includes('Test and live')]).toEqual([
        path,
        false,
        true,
      ]);
    }
    expect((await owner.get('/portal')).text).toContain('test-banner');
    expect((await owner.get('/portal?environment=live')).text).not.toContain('test-banner');
  });
});

describe('what fails', () => {
  it('is failing in the list, on its page, in the sidebar and on the overview, with the open alerts', async () => {
    const endpoint = await makeEndpoint('fails', 'live');
    await query(`UPDATE webhook_endpoint SET failing_since = now() - interval '2 hours' WHERE id = $1`, [
      endpoint,
    ]);
    await query(
      `INSERT INTO alert_episode (id, owner, rule, subject, label, fired_at, value, peak, threshold)
       VALUES (gen_random_uuid(), $1::text, 'error_rate', $1::text, NULL, now(), 12, 12, 10)`,
      [partner.id],
    );
    const list = (await owner.get('/portal/webhooks')).text;
    expect(list).toContain('<span class="badge bad">failing</span>');
    expect((await owner.get(`/portal/webhooks/${endpoint}`)).text).toContain('Failing since');
    const overview = (await owner.get('/portal')).text;
    expect(overview).toMatch(/1 open alert:<\/a> Error rate/);
    expect(overview).toMatch(/\d webhook endpoints? (?:is|are) failing/);
    expect(overview).toMatch(/Alerts<span class="badge bad">1</);
    const french = (await owner.get('/portal', { 'accept-language': 'fr' })).text;
    expect(french).toContain('1 alerte en cours');
  });
});

describe('what is under way', () => {
  it('a delivery says when it was tried, and one that waits is tried now', async () => {
    const endpoint = await makeEndpoint('waits', 'test');
    const sent = await owner.post(`/portal/webhooks/${endpoint}/test`);
    const path = sent.headers.location?.split('?')[0] ?? '';
    expect(sent.headers.location).toBe(`${path}?done=test_sent`);
    await expect
      .poll(() => query('SELECT 1 FROM webhook_delivery WHERE endpoint_id = $1 AND tries > 0', [endpoint]), {
        timeout: 20_000,
      })
      .toHaveLength(1);
    await query(
      `UPDATE webhook_delivery SET state = 'pending', tries = 3, due_at = now() + interval '5 hours', claimed_until = NULL
       WHERE endpoint_id = $1`,
      [endpoint],
    );
    const page = (await owner.get(path)).text;
    expect(page).toContain('Try now');
    expect(page).not.toContain('name="environment"');
    expect(page).not.toContain('data-await');
    expect((await owner.get(`${path}/tried?tries=3`)).text).toBe('');
    expect((await owner.get(`${path}/tried?tries=2`)).text).not.toBe('');
    const again = await owner.post(`${path}/replay`);
    expect(again.headers.location).toBe(`${path}?done=resent`);
    const [delivery] = await query('SELECT tries >= 3 AS kept FROM webhook_delivery WHERE endpoint_id = $1', [
      endpoint,
    ]);
    expect(delivery).toEqual({ kept: true });
  });

  it('the dialog of a secret hears of the first request made with it', async () => {
    const key = await makeKey(partner.id, { environment: 'test' });
    const asked = `/portal/keys/${key.id}/arrived?since=${Date.now() - 1000}`;
    expect((await owner.get(asked)).text).toBe('');
    await call('/v2/routes/list', { key: key.secret });
    await expect
      .poll(async () => (await owner.get(asked)).text, { timeout: 20_000 })
      .toMatch(/✓ 200 in [\d.,]+ ms.*href="\/portal\/requests\//);
    expect((await owner.get(`/portal/keys/${key.id}/arrived?since=${Date.now() + 60_000}`)).text).toBe('');
  });
});
