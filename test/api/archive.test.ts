// Archiving an app, and bringing it back: which keys stop, what a plan counts, and that every page and API says the same.

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Answer, CallOptions } from '../support/api.ts';
import {
  call,
  developerToken,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { memberOf, type Person } from '../support/portal.ts';

const bearer = (token: string): CallOptions => ({ headers: { authorization: `Bearer ${token}` } });
const operator = bearer(stack.demo.operator.token);
const LIST = '/v2/routes/list';

let partner: TestPartner;
let me: CallOptions;
let owner: Person;

const makeApp = async (name: string): Promise<string> =>
  (await sendJson('/api/dev/apps', 'POST', { name }, me)).json.id;
const makeKey = (app: string, environment: string, name: string): Promise<Answer> =>
  sendJson(`/api/dev/apps/${app}/keys`, 'POST', { key_type: 'bearer', environment, name }, me);
const revokeAll = () =>
  query(
    `UPDATE api_key SET is_active = false, revoked_at = now(), revoked_reason = 'over' WHERE partner_id = $1 AND is_active`,
    [partner.id],
  );
const statusOf = async (secret: string): Promise<number> => (await call(LIST, { key: secret })).status;
const dialogOf = (text: string): string => /<dialog id="archive".*?<\/dialog>/s.exec(text)?.[0] ?? '';

beforeAll(async () => {
  partner = await makePartner({ tier: 'free' });
  me = bearer(await developerToken(partner));
  owner = await memberOf(partner.id);
});

describe('archiving', () => {
  it('names every key that stops, of both environments, with its last use and its requests of today', async () => {
    await revokeAll();
    const app = await makeApp('Till');
    await makeKey(app, 'test', 'bench key');
    await makeKey(app, 'live', 'shop key');
    const gone = await makeKey(app, 'live', 'gone key');
    await sendJson(`/api/dev/keys/${gone.json.key_id}/revoke`, 'POST', { reason: 'over' }, me);
    const dialog = dialogOf((await owner.get(`/portal/apps/${app}`)).text);
    expect(dialog).toContain('These 2 keys stop');
    expect(dialog).toMatch(/shop key.*Live.*never.*bench key.*Test.*never/s);
    expect(dialog).not.toContain('gone key');
    expect(dialog).toContain('name="confirm"');
  });

  it('asks for the name only where a live key stops', async () => {
    await revokeAll();
    const app = await makeApp('Bench');
    await makeKey(app, 'test', 'K');
    expect(dialogOf((await owner.get(`/portal/apps/${app}`)).text)).not.toContain('name="confirm"');
    const sent = await owner.post(`/portal/apps/${app}/archive`, {});
    expect(sent.headers.location).toBe('/portal/apps?done=app_archived');
    const live = await makeApp('Shop');
    await makeKey(live, 'live', 'K');
    const refused = await owner.post(`/portal/apps/${live}/archive`, { confirm: 'Other' });
    expect([refused.status, refused.text.includes('That does not match')]).toEqual([400, true]);
  });

  it('keys of an archived app are inactive in every list, and work again at once when it is restored', async () => {
    await revokeAll();
    const app = await makeApp('Back');
    const { json: key } = await makeKey(app, 'live', 'K');
    expect(await statusOf(key.secret)).toBe(200);
    await owner.post(`/portal/apps/${app}/archive`, { confirm: 'Back' });
    expect(await statusOf(key.secret)).toBe(401);
    const mine = await call(`/api/dev/keys/${key.key_id}`, me);
    expect([mine.json.is_active, mine.json.state]).toEqual([false, 'app_archived']);
    const theirs = await sendJson(`/api/admin/keys/${key.key_id}/limits`, 'PUT', {}, operator);
    expect([theirs.json.is_active, theirs.json.state]).toEqual([false, 'app_archived']);
    const page = (await owner.get(`/portal/keys/${key.key_id}`)).text;
    expect(page).toContain('app archived');
    expect(page).not.toContain('data-dialog="roll"');
    const archived = await call('/api/dev/apps?archived=true', me);
    expect(archived.json.data.map(({ id }: { id: string }) => id)).toContain(app);
    expect((await owner.get('/portal/apps')).text).toContain(`/portal/apps/${app}/restore`);

    const restored = await owner.post(`/portal/apps/${app}/restore`);
    expect(restored.headers.location).toBe(`/portal/apps/${app}?done=app_restored`);
    expect(await statusOf(key.secret)).toBe(200);
  });

  it('after 30 days it cannot be undone; what is somebody else’s is not there', async () => {
    const app = await makeApp('Old');
    await query(`UPDATE dev_apps SET archived_at = now() - interval '31 days' WHERE id = $1`, [app]);
    const { status, json } = await sendJson(`/api/dev/apps/${app}/restore`, 'POST', {}, me);
    expect([status, json.error]).toEqual([409, 'conflict']);
    const page = await owner.post(`/portal/apps/${app}/restore`, {}, { 'accept-language': 'fr' });
    expect([page.status, page.text.includes('ne peut plus être restaurée')]).toEqual([409, true]);
    const other = bearer(await developerToken(await makePartner()));
    await query('UPDATE dev_apps SET archived_at = now() WHERE id = $1', [app]);
    expect((await sendJson(`/api/dev/apps/${app}/restore`, 'POST', {}, other)).status).toBe(404);
    expect((await sendJson(`/api/dev/apps/${randomUUID()}/restore`, 'POST', {}, me)).status).toBe(404);
  });
});

describe('the plan’s number of keys', () => {
  it('counts live keys that work: not test keys, not those of archived apps, not expired ones', async () => {
    await revokeAll();
    const app = await makeApp('Count');
    for (const name of ['a', 'b', 'c']) expect((await makeKey(app, 'test', name)).status).toBe(201);
    expect((await owner.post('/portal/playground/key')).status).toBe(200);
    await makeKey(app, 'live', 'one');
    await makeKey(app, 'live', 'two');
    const third = await makeKey(app, 'live', 'three');
    expect(third.json).toMatchObject({ error: 'limit_exceeded', limit: 2 });
    const page = await owner.get(`/portal/apps/${app}?environment=live`);
    expect(page.text).toContain('<a href="/portal/keys?environment=live">2 of 2 live keys</a>');
    const list = (await owner.get('/portal/keys?environment=live')).text;
    expect(list).toMatch(/two.*Count.*one/s);

    await query(
      `UPDATE api_key SET expires_at = now() - interval '1 second' WHERE partner_id = $1 AND name = 'one'`,
      [partner.id],
    );
    expect((await makeKey(app, 'live', 'three')).status).toBe(201);
    // The one that expired would be the third.
    const [gone] = await query(
      `SELECT key_id FROM api_key WHERE partner_id = $1 AND name = 'one' AND is_active`,
      [partner.id],
    );
    const revived = await sendJson(`/api/dev/keys/${gone?.key_id}`, 'PATCH', { expires_at: null }, me);
    expect(revived.json).toMatchObject({ error: 'limit_exceeded', limit: 2 });
    await owner.post(`/portal/apps/${app}/archive`, { confirm: 'Count' });
    expect((await makeKey(await makeApp('Next'), 'live', 'four')).status).toBe(201);

    const full = await sendJson(`/api/dev/apps/${app}/restore`, 'POST', {}, me);
    expect(full.json).toMatchObject({ error: 'limit_exceeded', limit: 2, needed: 3 });
    const refused = await owner.post(`/portal/apps/${app}/restore`);
    expect([refused.status, refused.text.includes('3 live keys; your plan allows 2')]).toEqual([400, true]);
  });

  it('a refused form names the limit, and leads to the keys and the plans', async () => {
    await revokeAll();
    const app = await makeApp('Full');
    for (const name of ['one', 'two']) await makeKey(app, 'live', name);
    const form = {
      form: randomUUID(),
      name: 'three',
      kind: 'bearer',
      environment: 'live',
      scopes: 'read:routes',
    };
    const { status, text } = await owner.post(`/portal/apps/${app}/keys`, form);
    expect([status, text.includes('Your plan allows 2 live keys, all in use')]).toEqual([400, true]);
    const dialog = /<dialog id="new-key".*?<\/dialog>/s.exec(text)?.[0] ?? '';
    expect(dialog).toContain('href="/portal/keys?environment=live"');
    expect(dialog).toContain('href="/portal/billing"');
  });
});
