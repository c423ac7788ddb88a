// A change that is for what somebody read is none of what came after: ETag and If-Match of what operators edit, and the forms of
// the console, which say what is different now.

import { uuidv7 } from 'uuidv7';
import { beforeAll, describe, expect, it } from 'vitest';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { call, developerToken, makeKey, makePartner, query, sendJson, stack } from '../support/api.ts';
import { memberOf, operatorSignedIn, type Person } from '../support/portal.ts';

const authorization = `Bearer ${stack.demo.operator.token}`;
const admin = { headers: { authorization } };
const send = (path: string, method: string, body: unknown, ifMatch?: string) =>
  sendJson(path, method, body, { headers: { authorization, ...(ifMatch && { 'if-match': ifMatch }) } });
const STALE = '"0cc175b9c0f1b6a831c399e269772661"';

const PLAN = {
  prices: { EUR: { price: 10_000, overage_per_1000: 20 } },
  rate_limit_per_second: 10,
  rate_limit_per_day: 1000,
  rate_limit_per_month: 30_000,
};
async function newPlan() {
  const tier = `seen-${uuidv7().slice(-10)}`;
  const made = await send('/api/admin/plans', 'POST', { ...PLAN, tier });
  expect(made.status).toBe(201);
  return { tier, path: `/api/admin/plans/${tier}`, etag: String(made.headers.etag) };
}
const newPartner = async () => {
  const { id } = await makePartner();
  return { id, path: `/api/admin/partners/${id}` };
};
const tagOf = async (path: string) => String((await call(path, admin)).headers.etag);
const auditOf = async (partnerId: string) =>
  Number((await query('SELECT count(*) FROM dev_portal_audit WHERE partner_id = $1', [partnerId]))[0]?.count);

/** The version that the form of this action was shown with. */
const seenIn = (html: string, action: string) =>
  new RegExp(`action="${action}"[^>]*><input type="hidden" name="etag" value="([^"]+)"`).exec(html)?.[1] ??
  '';

let operator: Person;
beforeAll(async () => {
  operator = await operatorSignedIn();
});

describe('a partner', () => {
  const LIMITS = { rate_limit_per_second: 5, rate_limit_per_day: 50, rate_limit_per_month: 500 };
  const reason = 'as agreed';
  const CHANGES: [method: string, below: string, body: object][] = [
    ['PATCH', '', { name: 'Another' }],
    ['PUT', '/limits', LIMITS],
    ['DELETE', '/limits', { reason }],
    ['PUT', '/signatures', { signature_rule: 'bound', reason }],
    ['PUT', '/tier', { tier: 'business' }],
    ['POST', '/plan', { tax_bps: 2000, reason }],
  ];

  it('has an ETag, in the body as well', async () => {
    const { path } = await newPartner();
    const { headers, json } = await call(path, admin);
    expect(headers.etag).toBe(`"${json.etag}"`);
    const [listed] = (await call('/api/admin/partners?limit=1', admin)).json.data;
    expect(listed.etag).toMatch(/^[0-9a-f]{32}$/);
  });

  it.for(CHANGES)('is not changed for what it no longer is: %s %s', async ([method, below, body]) => {
    const { id, path } = await newPartner();
    const before = await call(path, admin);
    const refused = await send(path + below, method, body, STALE);
    expect([refused.status, refused.json.error]).toEqual([412, 'precondition_failed']);
    expect((await call(path, admin)).json).toEqual(before.json);
    expect(await auditOf(id)).toBe(0);
    const changed = await send(path + below, method, body, String(before.headers.etag));
    expect(changed.status, changed.text).toBe(200);
    const after = await tagOf(path);
    if (below !== '/plan') expect(changed.headers.etag).toBe(after);
    expect(after).not.toBe(before.headers.etag);
    expect((await send(path + below, method, body)).status).toBe(200);
  });

  it('that is not there is not found, whatever is expected of it', async () => {
    for (const [method, below, body] of CHANGES)
      expect((await send(`/api/admin/partners/${uuidv7()}${below}`, method, body, STALE)).status).toBe(404);
  });

  it('is changed by the first of those who read the same, who is named to the others', async () => {
    const { path } = await newPartner();
    const etag = await tagOf(path);
    const answers = await Promise.all(
      [1, 2, 3, 4, 5, 6].map((n) =>
        send(`${path}/limits`, 'PUT', { ...LIMITS, rate_limit_per_day: n }, etag),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 412, 412, 412, 412, 412]);
    const { sub } = JSON.parse(
      Buffer.from(stack.demo.operator.token.split('.')[1] ?? '', 'base64url').toString(),
    );
    for (const { status, json } of answers)
      if (status === 412)
        expect(json).toMatchObject({
          changed_by: expect.stringContaining(sub),
          changed_at: expect.stringMatching(/Z$/),
        });
  });

  it('is another to nobody because it was seen', async () => {
    const { id, path } = await newPartner();
    const etag = await tagOf(path);
    await query('UPDATE partner SET last_active_at = now() WHERE id = $1', [id]);
    expect(await tagOf(path)).toBe(etag);
    await query(`UPDATE partner SET company = 'By hand' WHERE id = $1`, [id]);
    expect(await tagOf(path)).not.toBe(etag);
  });

  it.for([
    ['*', 200],
    ['W/"%s"', 412],
    ['"%s"', 200],
    ['"x", W/"y", "%s"', 200],
    ['"x" , "y"', 412],
    ['%s', 400],
    ['"%s" "x"', 400],
    ['"', 400],
  ] as const)('If-Match: %s is answered %i', async ([header, status]) => {
    const { path } = await newPartner();
    const { json } = await call(path, admin);
    expect((await send(path, 'PATCH', { name: 'X' }, header.replace('%s', json.etag))).status).toBe(status);
  });
});

it("a key's limits are changed for what they were when they were read", async () => {
  const partner = await makePartner();
  const { id } = await makeKey(partner.id);
  const path = `/api/admin/keys/${id}`;
  const read = await call(path, admin);
  expect([read.status, read.headers.etag]).toEqual([200, `"${read.json.etag}"`]);
  const put = (limit: number, ifMatch?: string) =>
    send(`${path}/limits`, 'PUT', { daily_quota: limit }, ifMatch);
  const refused = await put(1, STALE);
  expect([refused.status, refused.json.error, refused.json.changed_by]).toEqual([
    412,
    'precondition_failed',
    undefined,
  ]);
  expect((await call(path, admin)).json).toEqual(read.json);
  const answers = await Promise.all([2, 3, 4, 5].map((limit) => put(limit, String(read.headers.etag))));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
  const changed = answers.find(({ status }) => status === 200);
  expect(changed?.headers.etag).toBe(await tagOf(path));
  expect((await put(9)).json.limits.daily_quota).toBe(9);
  expect((await call(`/api/admin/keys/${uuidv7()}`, admin)).status).toBe(404);
});

describe('a webhook endpoint', () => {
  it.for(['admin', 'dev'] as const)('is changed for what was read, at /api/%s', async (surface) => {
    const token = surface === 'dev' ? await developerToken(await makePartner()) : stack.demo.operator.token;
    const ask = (path: string, method: string, body: unknown, ifMatch?: string) =>
      sendJson(`/api/${surface}/webhooks${path}`, method, body, {
        headers: { authorization: `Bearer ${token}`, ...(ifMatch && { 'if-match': ifMatch }) },
      });
    const made = await ask('', 'POST', { url: 'https://example.com/hooks' });
    const id = `/${made.json.id}`;
    const etag = String(made.headers.etag);
    expect(etag).toBe(`"${made.json.etag}"`);
    expect((await ask(id, 'PATCH', { description: 'A' }, etag)).status).toBe(200);
    const late = await ask(id, 'PATCH', { description: 'B' }, etag);
    expect([late.status, late.json.error, typeof late.json.changed_by]).toEqual([
      412,
      'precondition_failed',
      'string',
    ]);
    const unconditional = await ask(id, 'PATCH', { state: 'paused' });
    expect([unconditional.status, unconditional.json.description]).toEqual([200, 'A']);
    expect((await ask(`/${uuidv7()}`, 'PATCH', { description: 'B' }, etag)).status).toBe(404);
  });

  it('has a form in the portal that says what is different now', async () => {
    const person = await memberOf((await makePartner()).id);
    const first = { url: 'https://example.com/first', environment: 'live' };
    expect((await person.post('/portal/webhooks', first)).status).toBeLessThan(400);
    const [endpoint] = await query<{ id: string }>(
      `SELECT e.id FROM webhook_endpoint e JOIN partner_member m USING (partner_id) WHERE m.email = $1`,
      [person.email],
    );
    const id = endpoint?.id;
    const page = `/portal/webhooks/${id}`;
    const etag = seenIn((await person.get(page)).text, page);
    const form = { url: 'https://example.com/mine', environment: 'live', etag };
    await query(`UPDATE webhook_endpoint SET url = 'https://example.com/theirs' WHERE id = $1`, [id]);
    const again = await person.post(page, form);
    expect([again.status, again.text.includes('Is now: https://example.com/theirs')]).toEqual([412, true]);
    expect((await person.post(page, { ...form, etag: seenIn(again.text, page) })).status).toBe(303);
    const rows = await query('SELECT url FROM webhook_endpoint WHERE id = $1', [id]);
    expect(rows).toEqual([{ url: 'https://example.com/mine' }]);
    const [entry] = await query<{ details: object }>(
      `SELECT details FROM dev_portal_audit WHERE action = 'webhook.changed' AND target->>'endpoint_id' = $1`,
      [id],
    );
    expect(entry?.details).not.toHaveProperty('etag');
  });
});

describe('a plan', () => {
  it('has an ETag, and is changed for it alone', async () => {
    const { tier, path, etag } = await newPlan();
    const read = await call(path, admin);
    expect([read.status, read.headers.etag, read.json.tier]).toEqual([200, etag, tier]);
    expect((await call('/api/admin/plans/nothing', admin)).status).toBe(404);
    const refused = await send(path, 'PUT', { ...PLAN, rate_limit_per_day: 1 }, STALE);
    expect([refused.status, refused.json.error]).toEqual([412, 'precondition_failed']);
    expect(refused.json.changed_by).toMatch(/^operator:|@/);
    const changed = await send(path, 'PUT', { ...PLAN, rate_limit_per_day: 2 }, etag);
    expect([changed.status, changed.headers.etag]).toEqual([200, await tagOf(path)]);
    expect((await send(path, 'PUT', { ...PLAN, rate_limit_per_day: 3 }, etag)).status).toBe(412);
    expect((await send(path, 'PUT', { ...PLAN, rate_limit_per_day: 3 })).status).toBe(200);
  });

  it('that several change at once is changed by one, and nothing is left of the others', async () => {
    const { tier, path, etag } = await newPlan();
    await makePartner({ tier });
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) => {
        const prices = { EUR: { price: 10_000 + n, overage_per_1000: 20 } };
        return send(path, 'PUT', { ...PLAN, prices, reason: 'Costs', keep_prices: true }, etag);
      }),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
    const kept = await query('SELECT tier FROM tier_config WHERE tier LIKE $1', [`${tier}-%`]);
    expect(kept).toHaveLength(1);
  });

  it('is for developers what it was', async () => {
    const { json } = await call('/api/dev/plans', {
      headers: { authorization: `Bearer ${stack.demo.developer.token}` },
    });
    for (const plan of json.data) expect(plan).not.toHaveProperty('etag');
  });
});

describe('an API', () => {
  const id = `etag-${Date.now()}`;
  const path = `/api/admin/apis/${id}`;
  const document = (summary: string) => ({
    openapi: '3.1.0',
    info: { title: 'Tagged', version: '1' },
    paths: { '/a': { get: { summary, responses: { 200: { description: 'ok' } } } } },
  });
  const upstreams = (weight: number) => ({ upstreams: [{ url: `${stack.upstream}/tagged`, weight }] });

  it('is published, moved and retired for what was seen alone', async () => {
    expect((await send(path, 'PUT', { document: document('a') }, '"none"')).status).toBe(412);
    expect((await send(path, 'PUT', { document: document('a') }, '"new"')).status).toBe(200);
    expect((await send(path, 'PUT', { document: document('b') }, '"new"')).status).toBe(412);
    const first = await tagOf(path);
    expect((await send(`${path}/upstreams`, 'PUT', upstreams(1), first)).status).toBe(200);
    const late = await send(`${path}/upstreams`, 'PUT', upstreams(2), first);
    expect([late.status, late.json.changed_by]).toEqual([412, expect.stringMatching(/^operator:|@/)]);
    expect((await send(path, 'PUT', { document: document('b') }, first)).status).toBe(412);
    expect((await send(path, 'DELETE', { reason: 'over' }, first)).status).toBe(412);
    expect((await send(path, 'DELETE', { reason: 'over' }, await tagOf(path))).status).toBe(200);
  });
});

it('the document says which have an ETag and which take it', async () => {
  const { paths } = (await call('/openapi/operator.json', admin)).json;
  const operations = Object.entries<Record<string, { parameters: { name: string }[]; responses: object }>>(
    paths,
  ).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, of]) => ({ name: `${method} ${path}`, of })),
  );
  const taking = operations.filter(({ of }) => of.parameters.some(({ name }) => name === 'if-match'));
  expect(taking.map(({ name }) => name).sort()).toEqual([
    'delete /api/admin/apis/{id}',
    'delete /api/admin/partners/{id}/limits',
    'patch /api/admin/partners/{id}',
    'patch /api/admin/webhooks/{endpointId}',
    'post /api/admin/partners/{id}/plan',
    'put /api/admin/apis/{id}',
    'put /api/admin/apis/{id}/upstreams',
    'put /api/admin/keys/{id}/limits',
    'put /api/admin/partners/{id}/limits',
    'put /api/admin/partners/{id}/signatures',
    'put /api/admin/partners/{id}/tier',
    'put /api/admin/plans/{tier}',
  ]);
  for (const { of } of taking) expect(of.responses).toHaveProperty('412');
  const tagged = operations.filter(({ of }) => JSON.stringify(of.responses).includes('headers/ETag'));
  const names = tagged.map(({ name }) => name);
  for (const name of ['get /api/admin/partners/{id}', 'get /api/admin/plans/{tier}', 'post /api/admin/plans'])
    expect(names).toContain(name);
  expect(names).not.toContain('get /api/admin/partners');
});

describe('a form of the console', () => {
  const texts = (html: string) => html.replace(/\s+/g, ' ').replaceAll('&#39;', '’');

  it.for(['en', 'fr'] as const)('for limits says what is different now, in %s', async (language) => {
    const m = messagesOf(language);
    const { id, path } = await newPartner();
    const page = `/operator/partners/${id}`;
    const headers = { 'accept-language': language };
    const etag = seenIn((await operator.get(page, headers)).text, `${page}/limits`);
    const form = { second: '7', day: '70', month: '700', overage: 'block', reason: 'Growth', etag };
    const limits = { rate_limit_per_second: 7, rate_limit_per_day: 99, rate_limit_per_month: 700 };
    expect((await send(`${path}/limits`, 'PUT', { ...limits, overage_action: 'warn' })).status).toBe(200);
    const again = await operator.post(`${page}/limits`, form, headers);
    expect(again.status).toBe(412);
    expect(texts(again.text)).toContain(
      texts(m.common.changedMeanwhile({ who: 'operator:', when: '' })).slice(0, 40),
    );
    expect(again.text).toContain(m.common.isNow('99'));
    expect(texts(again.text)).toContain(texts(m.common.isNow(m.operator.overages.warn)));
    expect(again.text).not.toContain(m.common.isNow('700'));
    expect(again.text).toContain('value="70"');
    expect((await call(path, admin)).json.rate_limit_per_day).toBe(99);
    // Whoever has looked saves it.
    const now = seenIn(again.text, `${page}/limits`);
    expect(now).not.toBe(etag);
    expect((await operator.post(`${page}/limits`, { ...form, etag: now }, headers)).status).toBe(303);
    expect((await call(path, admin)).json.rate_limit_per_day).toBe(70);
  });

  it('that is wrong in something else is still for what it was shown with', async () => {
    const { id, path } = await newPartner();
    const page = `/operator/partners/${id}`;
    const etag = seenIn((await operator.get(page)).text, `${page}/limits`);
    await send(path, 'PATCH', { name: 'Meanwhile' });
    const form = { second: 'many', day: '70', month: '700', overage: 'block', reason: 'Growth', etag };
    const wrong = await operator.post(`${page}/limits`, form);
    expect([wrong.status, seenIn(wrong.text, `${page}/limits`)]).toEqual([400, etag]);
  });

  it('for a plan, its terms or its signatures changes nothing that is another by now', async () => {
    const { tier } = await newPlan();
    const { id, path } = await newPartner();
    const page = `/operator/partners/${id}`;
    const { text } = await operator.get(page);
    const plans = (await operator.get('/operator/plans')).text;
    await send(path, 'PATCH', { name: 'Meanwhile' });
    await send(`/api/admin/plans/${tier}`, 'PUT', { ...PLAN, rate_limit_per_day: 1234, self_serve: true });
    for (const [action, shown, fields] of [
      [`${page}/plan`, text, { tier: 'business', currency: 'EUR', tax: '0', reason: 'Deal' }],
      [`${page}/signatures`, text, { rule: 'bound', reason: 'Safer' }],
      [
        `/operator/plans/${tier}`,
        plans,
        {
          second: '10',
          day: '1000',
          month: '30000',
          max_keys: '-1',
          charge: 'true',
          price_EUR: '100',
          overage_EUR: '0.20',
        },
      ],
    ] as const) {
      const answer = await operator.post(action, { ...fields, etag: seenIn(shown, action) });
      expect([action, answer.status]).toEqual([action, 412]);
      if (action.startsWith('/operator/plans/')) {
        expect(answer.text).toContain('Is now: 1234');
        expect(answer.text).toContain('Is now: yes');
      }
    }
    const { json } = await call(path, admin);
    expect([json.tier, json.signature_rule]).toEqual(['enterprise', 'any']);
    expect((await call(`/api/admin/plans/${tier}`, admin)).json.rate_limit_per_day).toBe(1234);
  });
});
