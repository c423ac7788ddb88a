// A configuration file: planned, applied as one transaction, and compared with what is there.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  call,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  withClient,
} from '../support/api.ts';

const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
const folder = mkdtempSync(join(tmpdir(), 'passerelle-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const plan = (file: object) => sendJson('/api/admin/config/plan', 'POST', { file }, operator);
const applyAt = (file: object, version: object, reason?: string) =>
  sendJson('/api/admin/config/apply', 'POST', { file, version, reason }, operator);
async function apply(file: object, reason?: string) {
  const planned = await plan(file);
  expect(planned.status, planned.text).toBe(200);
  return applyAt(file, planned.json.version, reason);
}
const drift = async () => (await call('/api/admin/config/drift', operator)).json.data;
const audited = async () =>
  Number((await query(`SELECT count(*) AS n FROM dev_portal_audit WHERE action = 'config.applied'`))[0]?.n);

const PRICES = { EUR: { price: 4900, overage_per_1000: 50 } };
const planOf = (more: object = {}) => ({
  prices: PRICES,
  rate_limit_per_second: 5,
  rate_limit_per_day: 1000,
  rate_limit_per_month: 20_000,
  max_keys: 3,
  ...more,
});
const DOCUMENT = {
  openapi: '3.1.0',
  info: { title: 'Filed', version: '1' },
  paths: { '/shelves': { get: { responses: { 200: { description: 'Shelves' } } } } },
};
const UPSTREAMS = [{ url: `${stack.upstream}/filed` }];
let n = 0;
const file = (more: { plan?: object; upstreams?: object[]; threshold?: number } = {}) => ({
  apis: { [`filed-${n}`]: { document: DOCUMENT, upstreams: more.upstreams ?? UPSTREAMS } },
  plans: { [`filed-${n}`]: planOf(more.plan) },
  alert_rules: { gateway_error_rate: { enabled: true, threshold: more.threshold ?? 7 } },
});

beforeEach(() => {
  n++;
});
afterEach(async () => {
  await apply({});
  await query('DELETE FROM api_policy WHERE api = $1', [`filed-${n}`]);
  await apply({ apis: { [`filed-${n}`]: null } }, 'over');
  await apply({});
  await query(`DELETE FROM alert_setting WHERE owner = 'operator'`);
  await query(
    `UPDATE webhook_endpoint SET state = 'paused', deleted_at = now() WHERE partner_id IS NULL AND deleted_at IS NULL`,
  );
});

describe('a file', () => {
  it('is planned without a change, applied as one with one audit row, and then changes nothing', async () => {
    const before = await audited();
    const planned = await plan(file());
    expect(planned.json.changes.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining([
        `/apis/filed-${n}/document`,
        `/apis/filed-${n}/upstreams`,
        `/plans/filed-${n}/prices/EUR`,
        `/plans/filed-${n}/max_keys`,
        '/alert_rules/gateway_error_rate/threshold',
      ]),
    );
    expect((await call(`/api/admin/apis/filed-${n}`, operator)).status).toBe(404);
    expect(await query('SELECT 1 FROM tier_config WHERE tier = $1', [`filed-${n}`])).toEqual([]);
    expect(await audited()).toBe(before);

    const done = await applyAt(file(), planned.json.version);
    expect([done.status, done.json.in_force]).toEqual([200, true]);
    expect(await audited()).toBe(before + 1);
    const [row] = await query(
      `SELECT actor, details FROM dev_portal_audit WHERE action = 'config.applied' ORDER BY id DESC LIMIT 1`,
    );
    expect(row?.details.count).toBe(planned.json.changes.length);
    expect(row?.details.changes).toContainEqual({
      path: `/plans/filed-${n}/max_keys`,
      before: null,
      after: 3,
    });

    const partner = await makePartner({ tier: `filed-${n}` });
    const key = await makeKey(partner.id, { scopes: [`read:filed-${n}`] });
    expect((await call(`/filed-${n}/shelves`, { key: key.secret })).status).toBe(200);

    const again = await plan(file());
    expect(again.json).toMatchObject({ changes: [], taken: [], released: [] });
    expect((await applyAt(file(), again.json.version)).json.changes).toEqual([]);
    expect(await audited()).toBe(before + 1);
    expect(await drift()).toEqual([]);
  });

  it('is refused as a whole, by where each is wrong', async () => {
    const wrong = async (given: object) => {
      const { status, json } = await plan(given);
      return [
        status,
        json.details?.map(({ field, message }: Record<string, string>) => `${field} ${message}`),
      ];
    };
    const upstream = { ...UPSTREAMS[0], credential: 'X-Api-Key: s3cret' };
    expect(await wrong(file({ upstreams: [upstream] }))).toEqual([
      400,
      [
        expect.stringMatching(
          new RegExp(`^file\\.apis\\.filed-${n}\\.upstreams\\.0 must hold no credential`),
        ),
      ],
    ]);
    expect(await wrong(file({ upstreams: [{ url: 'ftp://x' }] }))).toEqual([
      400,
      [expect.stringMatching(new RegExp(`^apis\\.filed-${n}\\.upstreams\\.0\\.url `))],
    ]);
    expect(await wrong({ apis: { [`filed-${n}`]: { document: { hello: 1 } } } })).toEqual([
      400,
      [expect.stringMatching(new RegExp(`^apis\\.filed-${n}\\.document`))],
    ]);
    expect(await wrong({ apis: { [`filed-${n}`]: { upstreams: UPSTREAMS } } })).toEqual([
      400,
      [`apis.filed-${n}.document is needed: this API is not offered`],
    ]);
    const taken = {
      ...DOCUMENT,
      'x-passerelle': { prefix: '' },
      paths: { '/portal/x': DOCUMENT.paths['/shelves'] },
    };
    expect(await wrong({ apis: { [`filed-${n}`]: { document: taken } } })).toEqual([
      400,
      [expect.stringMatching(/is a path of our own/)],
    ]);
    expect(await wrong({ plans: { [`filed-${n}`]: { max_keys: 3 } } })).toEqual([
      400,
      expect.arrayContaining([expect.stringMatching(new RegExp(`^plans\\.filed-${n}\\.prices `))]),
    ]);
    expect(await wrong({ plans: { [`filed-${n}`]: planOf({ colour: 'blue' }) } })).toEqual([
      400,
      [expect.stringMatching(/colour/)],
    ]);
    expect(await wrong({ alert_rules: { dead_letters: { threshold: 4 } } })).toEqual([
      400,
      ['alert_rules.dead_letters.threshold cannot be set: this rule has one only'],
    ]);
    // Two of the same file that take each other's paths.
    const both = {
      ...DOCUMENT,
      'x-passerelle': { prefix: '/same' },
      paths: { '/same/x': DOCUMENT.paths['/shelves'] },
    };
    expect(await wrong({ apis: { 'same-a': { document: both }, 'same-b': { document: both } } })).toEqual([
      400,
      [expect.stringMatching(/begins like `GET \/same\/x` of another API/)],
    ]);
  });

  it('changes a price that partners pay for a reason alone', async () => {
    await apply(file());
    await makePartner({ tier: `filed-${n}` });
    const dearer = file({ plan: { prices: { EUR: { price: 5900, overage_per_1000: 50 } } } });
    const planned = await plan(dearer);
    expect(planned.json.price_impact).toEqual([
      { plan: `filed-${n}`, currency: 'EUR', partners: 1, monthly_minor: 1000 },
    ]);
    const refused = await applyAt(dearer, planned.json.version);
    expect([refused.status, refused.json.details[0].field]).toEqual([400, `plans.filed-${n}.reason`]);
    expect((await applyAt(dearer, planned.json.version, 'Costs rose')).status).toBe(200);
    const [notice] = await query('SELECT price_after, reason FROM price_notice WHERE tier = $1', [
      `filed-${n}`,
    ]);
    expect(notice).toEqual({ price_after: '5900', reason: 'Costs rose' });
  });

  it('does not break what a date of an API promises', async () => {
    const dated = {
      ...DOCUMENT,
      'x-passerelle': { versions: [{ date: '2026-01-15' }] },
      paths: { ...DOCUMENT.paths, '/till': DOCUMENT.paths['/shelves'] },
    };
    expect((await apply({ apis: { [`filed-${n}`]: { document: dated } } })).status).toBe(200);
    const { status, json } = await plan({
      apis: { [`filed-${n}`]: { document: { ...dated, paths: DOCUMENT.paths } } },
    });
    expect([status, json.message]).toEqual([
      400,
      expect.stringMatching(/^This breaks what 2026-01-15 promises/),
    ]);
    expect(json.details[0].field).toBe(`apis.filed-${n}.document/paths`);
  });

  it('retires an API that it says null of', async () => {
    await apply(file());
    const retired = { ...file(), apis: { [`filed-${n}`]: null } };
    const bare = await apply(retired);
    expect([bare.status, bare.json.details[0]]).toEqual([
      400,
      { field: 'reason', message: `/apis/filed-${n} is retired or removed: say why` },
    ]);
    expect((await apply(retired, 'Nobody calls it')).status).toBe(200);
    expect((await call(`/openapi/filed-${n}.json`)).status).toBe(404);
    expect((await plan({ ...file(), apis: { [`filed-${n}`]: null } })).json.changes).toEqual([]);
  });

  it('keeps the credential that an upstream was given elsewhere', async () => {
    await apply(file());
    const upstreams = [{ ...UPSTREAMS[0], credential: 'X-Api-Key: s3cret' }];
    await sendJson(`/api/admin/apis/filed-${n}/upstreams`, 'PUT', { upstreams }, operator);
    const heavier = file({ upstreams: [{ ...UPSTREAMS[0], weight: 3 }] });
    expect((await apply(heavier)).status).toBe(200);
    const { json } = await call(`/api/admin/apis/filed-${n}`, operator);
    expect(json.upstreams).toEqual([{ ...UPSTREAMS[0], weight: 3, has_credential: true }]);
  });
});

describe('policies', () => {
  const route = () => `GET /filed-${n}/shelves`;
  const withPolicies = (kinds: object) => ({
    ...file(),
    policies: { [`filed-${n}`]: { [route()]: kinds } },
  });
  const rows = () =>
    query('SELECT policy, settings, position FROM api_policy WHERE api = $1 ORDER BY policy', [`filed-${n}`]);

  it('are installed, changed and removed by a file, in force with it', async () => {
    const installed = await apply(withPolicies({ addresses: { settings: { allow: ['192.0.2.1/32'] } } }));
    expect([installed.status, installed.json.in_force]).toEqual([200, true]);
    const partner = await makePartner({ tier: `filed-${n}` });
    const key = await makeKey(partner.id, { scopes: [`read:filed-${n}`] });
    const status = async () => (await call(`/filed-${n}/shelves`, { key: key.secret })).status;
    expect(await status()).toBe(403);

    const wanted = withPolicies({
      addresses: { settings: {}, position: 2 },
      cache: { settings: { seconds: 9 } },
    });
    expect((await apply(wanted)).json.changes).toMatchObject([
      { path: `/policies/filed-${n}/GET ~1filed-${n}~1shelves/addresses/settings`, owner: 'file' },
      { path: expect.stringMatching(/addresses\/position$/), before: 0, after: 2 },
      {
        path: expect.stringMatching(/cache\/settings$/),
        before: null,
        after: { seconds: 9, shared_by: 'key' },
      },
    ]);
    expect((await plan(wanted)).json.changes).toEqual([]);
    expect(await status()).toBe(200);
    const exported = (await call('/api/admin/config', operator)).json.policies;
    expect(exported[`filed-${n}`][route()].cache).toEqual({
      settings: { seconds: 9, shared_by: 'key' },
      position: 0,
    });

    await query(
      `UPDATE api_policy SET settings = '{"seconds": 1, "shared_by": "key"}' WHERE api = $1 AND policy = 'cache'`,
      [`filed-${n}`],
    );
    expect(await drift()).toMatchObject([{ path: expect.stringMatching(/cache\/settings$/), owner: 'sql' }]);
    expect((await apply(withPolicies({ addresses: null, cache: null }), 'Not needed')).status).toBe(200);
    expect(await rows()).toEqual([]);
  });

  it('of one kind twice at one place are refused, as no file can name them', async () => {
    const wanted = withPolicies({ headers: { settings: { answer_set: [{ name: 'X-Foo', value: 'one' }] } } });
    expect((await apply(wanted)).status).toBe(200);
    const more = {
      api: `filed-${n}`,
      route: route(),
      policy: 'headers',
      settings: { answer_set: [{ name: 'X-Foo', value: 'two' }] },
    };
    const second = await sendJson('/api/admin/policies', 'POST', more, operator);
    expect(second.status).toBe(201);
    for (const answer of [
      await plan(withPolicies({ headers: null })),
      await plan(wanted),
      await call('/api/admin/config', operator),
    ])
      expect([answer.status, answer.json.message]).toEqual([409, expect.stringMatching(/headers/)]);
    await sendJson(`/api/admin/policies/${second.json.id}`, 'DELETE', { reason: 'one' }, operator);
    expect((await plan(wanted)).json.changes).toEqual([]);
  });

  it('that a page removes are drift of whoever removed them, and webhooks, too', async () => {
    const url = `https://ops.example.com/removed-${n}`;
    const wanted = {
      ...withPolicies({ cache: { settings: { seconds: 9 } } }),
      webhooks: { [url]: { events: [] } },
    };
    expect((await apply(wanted)).status).toBe(200);
    const [policy] = await query('SELECT id FROM api_policy WHERE api = $1', [`filed-${n}`]);
    const [endpoint] = await query('SELECT id FROM webhook_endpoint WHERE url = $1', [url]);
    await sendJson(`/api/admin/policies/${policy?.id}`, 'DELETE', { reason: 'no' }, operator);
    expect(
      (await call(`/api/admin/webhooks/${endpoint?.id}`, { ...operator, method: 'DELETE' })).status,
    ).toBe(200);
    const by = { now: true, owner: 'portal', by: expect.stringMatching(/^operator:/) };
    expect(await drift()).toMatchObject([
      { path: expect.stringMatching(/cache\/gone$/), ...by },
      { path: expect.stringMatching(/removed-\d+\/gone$/), ...by },
    ]);
  });

  it('are refused with settings that they do not have, and where nothing is offered', async () => {
    const wrong = async (given: object) => (await plan(given)).json.details;
    const place = `policies.filed-${n}.${route()}.cache`;
    const settings = { seconds: -1 };
    expect(await wrong(withPolicies({ cache: { settings } }))).toMatchObject([
      { field: `${place}.settings.seconds` },
    ]);
    expect(await wrong({ ...withPolicies({ cache: { settings: { seconds: 1 } } }), apis: {} })).toEqual([
      { field: `policies.filed-${n}.${route()}.cache.api`, message: 'No such API' },
    ]);
    const elsewhere = { [`filed-${n}`]: { 'GET /nowhere': { cache: { settings: { seconds: 1 } } } } };
    expect(await wrong({ ...file(), policies: elsewhere })).toMatchObject([
      { field: `policies.filed-${n}.GET /nowhere.cache.route` },
    ]);
    expect((await plan(withPolicies({ dance: {} }))).status).toBe(400);
    expect(await rows()).toEqual([]);
  });
});

describe('partners', () => {
  const address = () => `filed-${n}@shop.example`;
  const row = async () =>
    (
      await query(
        'SELECT id, name, tier, status, custom_limits, rate_limit_per_day AS day FROM partner WHERE email = $1',
        [address()],
      )
    )[0];
  const mailed = async (to: string, words: RegExp) =>
    eventually(
      () => query<{ text: string }>('SELECT body AS text FROM outbox_mail WHERE recipient = $1', [to]),
      (mails) => mails.some(({ text }) => words.test(text)),
    );
  const withPartner = (fields: object) => ({ ...file(), partners: { [address()]: fields } });
  const LIMITS = { rate_limit_per_second: 1, rate_limit_per_day: 2, rate_limit_per_month: 3 };

  it('are made on a plan of the same file, and their address is invited', async () => {
    expect((await apply(withPartner({ name: 'Filed', plan: `filed-${n}` }))).status).toBe(200);
    expect(await row()).toMatchObject({ name: 'Filed', tier: `filed-${n}`, status: 'active', day: 1000 });
    await mailed(address(), /\/invite\//);
    expect((await plan(withPartner({ name: 'Filed', plan: `filed-${n}` }))).json.changes).toEqual([]);
  });

  it('get another plan and limits of their own, in force at once, and hear of it', async () => {
    await apply(withPartner({ name: 'Filed', plan: 'free' }));
    const { id } = (await row()) ?? {};
    const key = await makeKey(id, { scopes: [`read:filed-${n}`] });
    const status = async () => (await call(`/filed-${n}/shelves`, { key: key.secret })).status;
    expect(await status()).toBe(200);
    const none = { ...LIMITS, rate_limit_per_day: 0 };
    const wanted = withPartner({ name: 'Filed', plan: `filed-${n}`, limits: none, overage_action: 'warn' });
    expect((await apply(wanted, 'They asked for it')).status).toBe(200);
    expect(await row()).toMatchObject({ tier: `filed-${n}`, custom_limits: true, day: 0 });
    await mailed(address(), /They asked for it/);
    const [event] = await query(
      `SELECT data FROM webhook_event WHERE partner_id = $1 AND type = 'plan.changed'`,
      [id],
    );
    expect(event?.data).toMatchObject({ tier: `filed-${n}`, reason: 'They asked for it' });

    const blocked = withPartner({ name: 'Filed', plan: `filed-${n}`, limits: none, overage_action: 'block' });
    await apply(blocked);
    expect(await status()).toBe(429);
    await sendJson(`/api/admin/partners/${id}/limits`, 'PUT', LIMITS, operator);
    expect(await drift()).toMatchObject([
      { path: `/partners/${address()}/limits`, applied: none, now: LIMITS, owner: 'portal' },
    ]);
    const reset = await apply(withPartner({ limits: null }));
    expect(reset.status, reset.text).toBe(200);
    expect(await row()).toMatchObject({ custom_limits: false, day: 1000 });
    expect(await status()).toBe(200);
    const exported = (await call('/api/admin/config?partners=true', operator)).json.partners;
    expect(exported[address()]).toMatchObject({ name: 'Filed', plan: `filed-${n}`, limits: null });
    for (const nothing of [{ partners: { 'nobody@shop.example': {} } }, { plans: { nothing: {} } }])
      expect((await plan(nothing)).status).toBe(400);
    expect((await call('/api/admin/config', operator)).json.partners).toBeUndefined();
  });

  it('keep what the file says of overage on whatever plan it says', async () => {
    const actions = { overage_actions: ['charge'] };
    const on = (tier: string) => ({
      ...file({ plan: actions }),
      partners: { [address()]: { name: 'Filed', plan: tier, overage_action: 'charge' } },
    });
    expect((await apply(on(`filed-${n}`))).status).toBe(200);
    // What every plan allows need not be named.
    expect((await plan(on(`filed-${n}`))).json.changes).toEqual([]);
    const away = await apply(on('free'));
    expect([away.status, away.text]).toEqual([200, away.text]);
    expect(
      (await query('SELECT tier, overage_action FROM partner WHERE email = $1', [address()]))[0],
    ).toEqual({
      tier: 'free',
      overage_action: 'charge',
    });
    expect((await plan(on('free'))).json.changes).toEqual([]);
  });

  it('are refused without a name, or on a plan that is not theirs', async () => {
    const wrong = async (fields: object) => (await plan(withPartner(fields))).json.details;
    expect(await wrong({ plan: 'free' })).toMatchObject([{ field: `partners.${address()}.name` }]);
    expect(await wrong({ name: 'Filed', plan: 'nowhere' })).toMatchObject([
      { field: `partners.${address()}.plan` },
    ]);
    expect(await wrong({ name: 'Filed', plan: 'free', keys: [] })).toMatchObject([
      { field: `file.partners.${address()}` },
    ]);
    expect(await row()).toBeUndefined();
  });
});

describe("operators' webhooks", () => {
  const url = () => `${stack.upstream}/filed/${n}`;
  const hook = (fields: object | null) => ({ webhooks: { [url()]: fields } });
  const row = async () =>
    (await query('SELECT * FROM webhook_endpoint WHERE url = $1 AND deleted_at IS NULL', [url()]))[0];

  it('are made, changed, paused and deleted by a file; their secrets are shown by none', async () => {
    const made = await apply(hook({ events: ['key.created'], description: 'Ours' }));
    expect([made.status, made.text.includes('whsec')]).toEqual([200, false]);
    expect(await row()).toMatchObject({ partner_id: null, state: 'active', environment: 'both' });
    expect((await plan(hook({ events: ['key.created'], description: 'Ours' }))).json.changes).toEqual([]);

    const more = { events: ['key.revoked', 'key.created'], environment: 'live', state: 'paused' };
    expect((await apply(hook(more))).json.changes).toMatchObject([
      {
        path: expect.stringMatching(/\/events$/),
        before: ['key.created'],
        after: ['key.created', 'key.revoked'],
      },
      { path: expect.stringMatching(/\/environment$/), before: 'both', after: 'live' },
      { path: expect.stringMatching(/\/state$/), before: 'active', after: 'paused' },
    ]);
    expect(await row()).toMatchObject({
      description: 'Ours',
      state: 'paused',
      events: ['key.created', 'key.revoked'],
    });

    const { id } = (await row()) ?? {};
    await sendJson(`/api/admin/webhooks/${id}`, 'PATCH', { state: 'active' }, operator);
    expect(await drift()).toMatchObject([{ applied: 'paused', now: 'active', owner: 'portal' }]);
    expect((await call('/api/admin/config', operator)).json.webhooks).toHaveProperty([url()]);

    expect((await apply(hook(null))).status).toBe(200);
    expect(await row()).toBeUndefined();
    expect((await plan(hook(null))).json.changes).toEqual([]);
    expect(await drift()).toEqual([]);
  });

  it('are refused where they could not be made otherwise, all of the file with them', async () => {
    const unknown = await plan(hook({ events: ['no.such'] }));
    expect([unknown.status, unknown.json.details[0].field]).toEqual([400, `webhooks.${url()}.events`]);
    const many = Array.from({ length: 21 }, (_, i) => [`${url()}/${i}`, {}]);
    const before = await query('SELECT count(*) FROM webhook_endpoint');
    const refused = await apply({ ...file(), webhooks: Object.fromEntries(many) });
    expect([refused.status, refused.json.message]).toEqual([
      409,
      'At most 20 endpoints. Delete one that is not needed',
    ]);
    expect(await query('SELECT count(*) FROM webhook_endpoint')).toEqual(before);
    expect(await query('SELECT 1 FROM tier_config WHERE tier = $1', [`filed-${n}`])).toEqual([]);
  });
});

describe('what is changed elsewhere', () => {
  const changed = (more: object) =>
    sendJson(`/api/admin/plans/filed-${n}`, 'PUT', { ...planOf(), max_keys: 9, ...more }, operator);

  it('is drift with its owner, and survives a file that does not name it', async () => {
    await apply(file());
    expect((await changed({})).status).toBe(200);
    await query(`UPDATE tier_config SET rate_limit_per_day = 77 WHERE tier = $1`, [`filed-${n}`]);
    await query(
      `UPDATE alert_setting SET threshold = 99 WHERE owner = 'operator' AND rule = 'gateway_error_rate'`,
    );
    expect(await drift()).toMatchObject([
      { path: '/alert_rules/gateway_error_rate/threshold', applied: 7, now: 99, owner: 'sql', by: null },
      {
        path: `/plans/filed-${n}/max_keys`,
        applied: 3,
        now: 9,
        owner: 'portal',
        by: expect.stringMatching(/^operator:/),
      },
      { path: `/plans/filed-${n}/rate_limit_per_day`, applied: 1000, now: 77, owner: 'sql' },
    ]);
    // The file's own fields come back; those that it does not name stay, and are the portal's from then on.
    const { max_keys: _, ...unnamed } = planOf();
    const done = await apply({ ...file(), plans: { [`filed-${n}`]: unnamed } });
    expect(done.json.changes).toMatchObject([
      { path: `/plans/filed-${n}/rate_limit_per_day`, before: 77, after: 1000, owner: 'sql' },
      { path: '/alert_rules/gateway_error_rate/threshold', before: 99, after: 7 },
    ]);
    expect(done.json.released).toEqual([`/plans/filed-${n}/max_keys`]);
    const [row] = await query('SELECT max_keys FROM tier_config WHERE tier = $1', [`filed-${n}`]);
    expect(row?.max_keys).toBe(9);
    expect(await drift()).toEqual([]);
  });

  it('by a file is told to whoever saw it before, with who applied it', async () => {
    await apply(file());
    const seen = await call('/api/admin/plans', operator);
    const { etag } = seen.json.data.find(({ tier }: { tier: string }) => tier === `filed-${n}`);
    await apply(file({ plan: { max_keys: 5 } }));
    const late = await sendJson(`/api/admin/plans/filed-${n}`, 'PUT', planOf({ max_keys: 6 }), {
      headers: { ...operator.headers, 'if-match': `"${etag}"` },
    });
    expect([late.status, late.json.changed_by]).toEqual([412, expect.stringMatching(/\S/)]);
    // Not named any more, it is of whoever applied it.
    const { max_keys: _, ...unnamed } = planOf();
    await apply({ ...file(), plans: { [`filed-${n}`]: unnamed } });
    const planned = await plan(file({ plan: { max_keys: 7 } }));
    expect(planned.json.changes).toMatchObject([{ before: 5, after: 7, owner: 'portal' }]);
  });

  it('is what whoever applies late is told, and nothing of it is overwritten', async () => {
    await apply(file());
    const wanted = file({ plan: { max_keys: 4 } });
    const { version } = (await plan(wanted)).json;
    await changed({});
    const late = await applyAt(wanted, version);
    expect([late.status, late.json.changed]).toEqual([409, [`/plans/filed-${n}`]]);
    expect(late.json.now).toMatchObject([{ path: `/plans/filed-${n}/max_keys`, value: 9, owner: 'portal' }]);
    expect((await drift()).length).toBe(1);
  });
});

/** All that a file may change. */
const everything = async () => [
  await query('SELECT api, version, state FROM api_document ORDER BY version'),
  await query('SELECT api, url, weight FROM api_upstream ORDER BY api, url'),
  await query('SELECT * FROM tier_config ORDER BY tier'),
  await query('SELECT * FROM alert_setting ORDER BY owner, rule'),
  await query('SELECT kind, thing, field, value FROM config_field ORDER BY kind, thing, field'),
  await query('SELECT tier, price_after FROM price_notice ORDER BY partner_id'),
  await query('SELECT * FROM api_policy ORDER BY id'),
  await query('SELECT id, name, tier, rate_limit_per_day FROM partner ORDER BY id'),
  await query('SELECT id, url FROM webhook_endpoint ORDER BY id'),
  await audited(),
];

describe('never a half', () => {
  it('of ten at once one wins, and the others are told what changed', async () => {
    const wishes = Array.from({ length: 10 }, (_, i) =>
      file({ plan: { max_keys: 10 + i }, threshold: 10 + i }),
    );
    const versions = await Promise.all(wishes.map(async (wish) => (await plan(wish)).json.version));
    const answers = await Promise.all(wishes.map((wish, i) => applyAt(wish, versions[i])));
    const won = answers.flatMap(({ status }, i) => (status === 200 ? [i] : []));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    for (const { json } of answers.filter(({ status }) => status === 409)) {
      expect(json.changed).toContain(`/plans/filed-${n}`);
      expect(json.now).toContainEqual(
        expect.objectContaining({
          path: `/plans/filed-${n}/max_keys`,
          value: 10 + (won[0] ?? 0),
          owner: 'file',
        }),
      );
    }
    expect((await plan(wishes[won[0] ?? 0] ?? {})).json.changes).toEqual([]);
  });

  it('of ten at once that name different plans, one wins, too', async () => {
    const wishes = Array.from({ length: 10 }, (_, i) => ({ plans: { [`filed-${n}-${i}`]: planOf() } }));
    const { version } = (await plan({})).json;
    const versions = await Promise.all(wishes.map(async (wish) => (await plan(wish)).json.version));
    const answers = await Promise.all(wishes.map((wish, i) => applyAt(wish, versions[i])));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(409)]);
    expect((await plan({})).json.version).not.toEqual(version);
  });

  it('when it dies at any step: nothing is there, and it can be applied again', async () => {
    await apply(file());
    await makePartner({ tier: `filed-${n}` });
    const paths = { ...DOCUMENT.paths, '/till': DOCUMENT.paths['/shelves'] };
    const wanted = {
      ...file({ plan: { prices: { EUR: { price: 5900, overage_per_1000: 50 } } }, threshold: 8 }),
      policies: { [`filed-${n}`]: { '*': { cache: { settings: { seconds: 5 } } } } },
      webhooks: { [`${stack.upstream}/dies`]: {} },
      partners: { [`dies-${n}@shop.example`]: { name: 'Dies', plan: `filed-${n}` } },
      apis: {
        [`filed-${n}`]: { document: { ...DOCUMENT, paths }, upstreams: [{ ...UPSTREAMS[0], weight: 2 }] },
      },
    };
    const before = await everything();
    const written = [
      'api_document',
      'api_upstream',
      'api_policy',
      'price_notice',
      'partner',
      'tier_config',
      'alert_setting',
      'webhook_endpoint',
      'config_field',
    ];
    const steps = [
      `SELECT pg_advisory_xact_lock(hashtextextended('configuration', 0))`,
      'SELECT 1 FROM catalog_state FOR UPDATE',
      ...[...written, 'dev_portal_audit'].map((table) => `LOCK TABLE ${table} IN SHARE MODE`),
    ];
    for (const step of steps) {
      const { version } = (await plan(wanted)).json;
      await withClient(async (client) => {
        const [{ pid } = {}] = (await client.query('SELECT pg_backend_pid() AS pid')).rows;
        await client.query('BEGIN');
        await client.query(step);
        const answer = applyAt(wanted, version, 'Costs rose');
        // It waits at this step, and is killed there.
        const kill = () =>
          query(
            'SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a WHERE $1 = ANY (pg_blocking_pids(a.pid))',
            [pid],
          );
        try {
          await eventually(kill, (killed) => killed.length > 0, 5000);
        } finally {
          await client.query('ROLLBACK');
        }
        expect((await answer).status, step).toBe(503);
      });
      expect(await everything(), step).toEqual(before);
    }
    expect((await apply(wanted, 'Costs rose')).status).toBe(200);
    expect((await plan(wanted)).json.changes).toEqual([]);
  });
});

describe('npm run passerelle', () => {
  function run(...args: string[]): Promise<{ code: number | null; out: string; error: string }> {
    const child = spawn(process.execPath, ['src/dev/passerelle.ts', ...args], {
      env: {
        ...process.env,
        INIT_CWD: folder,
        PASSERELLE_URL: stack.url,
        PASSERELLE_TOKEN: stack.demo.operator.token,
      },
    });
    let out = '';
    let error = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (error += chunk));
    return new Promise((resolve) => child.on('close', (code) => resolve({ code, out, error })));
  }
  const yaml = (maxKeys: number) => `
apis:
  filed-${n}:
    document: ./shop.json
    upstreams:
      - url: ${UPSTREAMS[0]?.url}
plans:
  filed-${n}:
    prices: { EUR: { price: 100, overage_per_1000: 0 } }
    rate_limit_per_second: 1
    rate_limit_per_day: 1
    rate_limit_per_month: 1
    max_keys: ${maxKeys}
`;

  it('plans, applies, says what drifted, and exports what is planned without a change', async () => {
    writeFileSync(join(folder, 'shop.json'), JSON.stringify(DOCUMENT));
    writeFileSync(join(folder, 'passerelle.yaml'), yaml(3));
    const planned = await run('plan');
    expect([planned.code, planned.error]).toEqual([2, '']);
    expect(planned.out).toContain(`plans filed-${n}\n  + prices.EUR:`);
    expect(planned.out).toContain(`    + GET /filed-${n}/shelves`);
    expect(await run('apply')).toMatchObject({ code: 0, error: '' });
    expect(await run('plan')).toMatchObject({ code: 0, out: '0 changes.\n' });
    expect((await run('drift')).code).toBe(0);

    await query('UPDATE tier_config SET max_keys = 8 WHERE tier = $1', [`filed-${n}`]);
    const drifted = await run('drift');
    expect(drifted).toMatchObject({ code: 2, error: '' });
    expect(drifted.out).toContain(`plans filed-${n}\n  ~ max_keys: 3 -> 8  (sql)`);
    const json = JSON.parse((await run('plan', '--json')).out);
    expect(json.changes).toMatchObject([
      { path: `/plans/filed-${n}/max_keys`, before: 8, after: 3, owner: 'sql' },
    ]);

    expect(await run('export', 'all/passerelle.yaml')).toMatchObject({ code: 0, error: '' });
    expect((await run('plan', 'all/passerelle.yaml')).out).toMatch(/\n0 changes\.\n$/);
    expect((await run('export', 'all/passerelle.yaml')).error).toMatch(/is there already/);
    expect(await run('apply', 'all/passerelle.yaml')).toMatchObject({ code: 0, error: '' });
    expect(await run('plan', 'all/passerelle.yaml')).toMatchObject({ code: 0, out: '0 changes.\n' });
    expect((await run('drift')).code).toBe(0);
  });

  it('says what is wrong in words, with 1', async () => {
    writeFileSync(join(folder, 'wrong.yaml'), 'plans: [');
    expect(await run('plan', 'wrong.yaml')).toMatchObject({
      code: 1,
      error: expect.stringMatching(/is no YAML/),
    });
    writeFileSync(join(folder, 'wrong.yaml'), 'plans: { filed: { max_keys: many } }');
    expect((await run('plan', 'wrong.yaml')).error).toMatch(/\n {2}file\.plans\.filed\.max_keys /);
    writeFileSync(join(folder, 'wrong.yaml'), 'apis: { shop: { document: ./nowhere.json } }');
    expect((await run('plan', 'wrong.yaml')).error).toMatch(
      /^apis\.shop\.document: \.\/nowhere\.json cannot be read/,
    );
    expect((await run('plan', 'nowhere.yaml')).error).toMatch(/is not there/);
    expect(await run('dance')).toMatchObject({ code: 1, error: expect.stringMatching(/^Usage/) });
    expect((await run('plan', '--url', 'http://127.0.0.1:9')).error).toMatch(/does not answer/);
    expect((await run('drift', '--token', 'x')).code).toBe(1);
  });
});
