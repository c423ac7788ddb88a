// Webhooks on the running stack: signed, retried, replayed, recovered, held away from private places, and not lost.

import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  call,
  control,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { type Receiver, startReceiver, WEBHOOK_SPEED } from '../support/receiver.ts';

let receiver: Receiver;
let quiet: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  quiet = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
  await quiet.close();
});

const ok: Receiver['answer'] = (_request, response) => void response.writeHead(200).end('thank you');

interface Setting {
  partner: TestPartner;
  dev: { headers: Record<string, string> };
  /** Path of the endpoint at the receiver. */
  path: string;
  endpoint: { id: string; secret: string };
}

let paths = 0;
async function setUp(wish: Record<string, unknown> = {}, to = receiver): Promise<Setting> {
  const partner = await makePartner();
  const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
  const path = `/hook/${++paths}`;
  const made = await sendJson('/api/dev/webhooks', 'POST', { url: to.origin + path, ...wish }, dev);
  expect(made.status, made.text).toBe(201);
  to.secrets.set(path, made.json.secret);
  return { partner, dev, path, endpoint: made.json };
}

async function newKey({ dev }: Setting, name = 'Webhook test') {
  const app = (await sendJson('/api/dev/apps', 'POST', { name: 'App' }, dev)).json.id;
  const wish = { key_type: 'bearer', environment: 'test', name };
  return (await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wish, dev)).json;
}

const arrived = (path: string, count: number, at = receiver) =>
  eventually(
    async () => at.received.filter((each) => each.path === path),
    (found) => found.length >= count,
    20_000,
  );
const deliveries = async ({ dev, endpoint }: Setting) =>
  (await call(`/api/dev/webhooks/${endpoint.id}/deliveries`, dev)).json.data;
const state = async ({ dev, endpoint }: Setting) =>
  (await call(`/api/dev/webhooks/${endpoint.id}`, dev)).json.state;

it('what happens to a key arrives, in order of its making, signed so that the library verifies it', async () => {
  const setting = await setUp();
  const key = await newKey(setting, 'Clé – é');
  await sendJson(`/api/dev/keys/${key.key_id}/rotate`, 'POST', { grace_days: 1 }, setting.dev);
  await sendJson(`/api/dev/keys/${key.key_id}/revoke`, 'POST', { reason: 'done' }, setting.dev);
  const found = await arrived(setting.path, 3);
  expect(found.map(({ type }) => type).sort()).toEqual(['key.created', 'key.revoked', 'key.rotated']);
  const { data, headers, timestamp, id } = found.find(({ type }) => type === 'key.created') ?? {};
  expect(data).toEqual({
    key_id: key.key_id,
    name: 'Clé – é',
    environment: 'test',
    app_id: expect.any(String),
  });
  expect(headers?.['content-type']).toBe('application/json');
  expect(id).toMatch(/^[0-9a-f-]{36}$/);
  expect(Math.abs(Date.parse(String(timestamp)) - Date.now())).toBeLessThan(30_000);
  expect(receiver.refused).toEqual([]);
  expect(found.map(({ body }) => body).join()).not.toContain(key.secret);
  const [delivery] = await eventually(
    () => deliveries(setting),
    (rows) => rows.length === 3 && rows.every((row: { state: string }) => row.state === 'delivered'),
  );
  expect(delivery).toMatchObject({ state: 'delivered', tries: 1, last_status: 200 });
  const detail = await call(`/api/dev/deliveries/${delivery.id}`, setting.dev);
  expect(detail.json.attempts).toMatchObject([{ status: 200, response: 'thank you' }]);
  const [row] = await query('SELECT secret_envelope FROM webhook_endpoint WHERE id = $1', [
    setting.endpoint.id,
  ]);
  expect(row?.secret_envelope).not.toContain(setting.endpoint.secret.slice(6));
});

it('only the types and the app that it asked for', async () => {
  const setting = await setUp({ events: ['key.revoked'] });
  const app = (await sendJson('/api/dev/apps', 'POST', { name: 'Other' }, setting.dev)).json.id;
  const ofApp = await sendJson(
    '/api/dev/webhooks',
    'POST',
    { url: `${receiver.origin}/hook/of-app`, app_id: app },
    setting.dev,
  );
  receiver.secrets.set('/hook/of-app', ofApp.json.secret);
  const key = await newKey(setting);
  await sendJson(`/api/dev/keys/${key.key_id}/revoke`, 'POST', { reason: 'x' }, setting.dev);
  const wish = { key_type: 'bearer', environment: 'test', name: 'Of the app' };
  await sendJson(`/api/dev/apps/${app}/keys`, 'POST', wish, setting.dev);
  expect((await arrived(setting.path, 1)).map(({ type }) => type)).toEqual(['key.revoked']);
  expect((await arrived('/hook/of-app', 1)).map(({ data }) => data.name)).toEqual(['Of the app']);
});

it('a secret is rotated without a gap: for a day both sign', async () => {
  const setting = await setUp();
  const old = setting.endpoint.secret;
  const { secret } = (
    await sendJson(`/api/dev/webhooks/${setting.endpoint.id}/rotate`, 'POST', {}, setting.dev)
  ).json;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(secret).not.toBe(old);
  for (const valid of [old, secret]) {
    receiver.secrets.set(setting.path, valid);
    const before = receiver.received.length;
    const sent = await sendJson(`/api/dev/webhooks/${setting.endpoint.id}/test`, 'POST', {}, setting.dev);
    expect(sent.status).toBe(202);
    await eventually(
      async () => receiver.received.length,
      (count) => count > before,
    );
  }
  expect(receiver.refused).toEqual([]);
  expect((await arrived(setting.path, 2))[0]?.headers['webhook-signature']).toMatch(/^v1,\S+ v1,\S+$/);
});

it('what fails is tried again until it works; redirects are never followed, answers are kept in part', async () => {
  const setting = await setUp();
  let tries = 0;
  const before = quiet.requests;
  receiver.answer = (request, response) => {
    if (request.url !== setting.path) return ok(request, response);
    tries++;
    if (tries === 1) response.writeHead(302, { location: `${quiet.origin}/inside` }).end();
    else if (tries === 2) response.writeHead(500).end(`no ${'x'.repeat(5000)}\0`);
    else ok(request, response);
  };
  await newKey(setting);
  const [found] = await arrived(setting.path, 1);
  expect(tries).toBe(3);
  expect(quiet.requests).toBe(before);
  const [delivery] = await eventually(
    () => deliveries(setting),
    ([row]) => row?.state === 'delivered',
  );
  const { attempts } = (await call(`/api/dev/deliveries/${delivery.id}`, setting.dev)).json;
  expect(attempts.map(({ status }: { status: number }) => status)).toEqual([200, 500, 302]);
  expect(attempts[1].response).toHaveLength(1024);
  expect(found?.id).toBe(delivery.event_id);
  receiver.answer = ok;
});

it('one is replayed under its id; all that did not arrive since a time is recovered, also from a pause', async () => {
  const setting = await setUp();
  const { endpoint, dev } = setting;
  const key = await newKey(setting);
  const [first] = await arrived(setting.path, 1);
  const [delivery] = await eventually(
    () => deliveries(setting),
    ([row]) => row?.state === 'delivered',
  );
  expect((await sendJson(`/api/dev/deliveries/${delivery.id}/replay`, 'POST', {}, dev)).status).toBe(202);
  const twice = await arrived(setting.path, 2);
  expect(twice.map(({ id }) => id)).toEqual([first?.id, first?.id]);
  const since = new Date().toISOString();
  expect(
    (await sendJson(`/api/dev/webhooks/${endpoint.id}`, 'PATCH', { state: 'paused' }, dev)).json.state,
  ).toBe('paused');
  await sendJson(`/api/dev/keys/${key.key_id}/rotate`, 'POST', {}, dev);
  await sendJson(`/api/dev/keys/${key.key_id}/revoke`, 'POST', { reason: 'x' }, dev);
  expect((await sendJson(`/api/dev/webhooks/${endpoint.id}/test`, 'POST', {}, dev)).status).toBe(409);
  await sendJson(`/api/dev/webhooks/${endpoint.id}`, 'PATCH', { state: 'active' }, dev);
  const recovered = await sendJson(`/api/dev/webhooks/${endpoint.id}/recover`, 'POST', { since }, dev);
  expect([recovered.status, recovered.json]).toEqual([202, { recovered: 2 }]);
  const all = await arrived(setting.path, 4);
  expect(
    all
      .slice(2)
      .map(({ type }) => type)
      .sort(),
  ).toEqual(['key.revoked', 'key.rotated']);
  expect((await sendJson(`/api/dev/webhooks/${endpoint.id}/recover`, 'POST', { since }, dev)).json).toEqual({
    recovered: 0,
  });
});

it('after five days of failing it is switched off, and its owner is told by mail and by the other endpoints', async () => {
  const setting = await setUp();
  const other = `/hook/${++paths}`;
  const second = await sendJson(
    '/api/dev/webhooks',
    'POST',
    { url: receiver.origin + other, events: ['webhook.disabled'] },
    setting.dev,
  );
  receiver.secrets.set(other, second.json.secret);
  receiver.answer = (request, response) =>
    request.url === setting.path ? void response.writeHead(503).end() : ok(request, response);
  await query(`UPDATE webhook_endpoint SET failing_since = now() - interval '121 hours' WHERE id = $1`, [
    setting.endpoint.id,
  ]);
  await newKey(setting);
  const [told] = await arrived(other, 1);
  expect(told).toMatchObject({ type: 'webhook.disabled', data: { endpoint_id: setting.endpoint.id } });
  expect(await state(setting)).toBe('disabled');
  const mails = await query('SELECT subject, body FROM outbox_mail WHERE recipient = $1', [
    setting.partner.email,
  ]);
  expect(mails).toMatchObject([{ subject: 'Your webhook endpoint was disabled' }]);
  receiver.answer = ok;
  // Switched on again, it gets what waited.
  await sendJson(`/api/dev/webhooks/${setting.endpoint.id}`, 'PATCH', { state: 'active' }, setting.dev);
  expect((await arrived(setting.path, 1))[0]?.type).toBe('key.created');
});

it('an endpoint that says 410 is switched off at once', async () => {
  const setting = await setUp();
  receiver.answer = (request, response) =>
    request.url === setting.path ? void response.writeHead(410).end() : ok(request, response);
  await newKey(setting);
  expect(
    await eventually(
      () => state(setting),
      (now) => now === 'disabled',
    ),
  ).toBe('disabled');
  receiver.answer = ok;
});

it('an endpoint that hangs does not keep others waiting', async () => {
  const hanging = await setUp();
  const quick = await setUp({}, quiet);
  receiver.answer = (request, response) => {
    if (request.url !== hanging.path) ok(request, response);
  };
  const before = receiver.requests;
  for (let i = 0; i < 6; i++) await newKey(hanging, `Hangs ${i}`);
  await eventually(
    async () => receiver.requests,
    (count) => count > before,
  );
  await newKey(quick);
  expect(await arrived(quick.path, 1, quiet)).toHaveLength(1);
  // It came while the other still hung.
  const early = await deliveries(hanging);
  expect(early.every((row: { last_error: string | null }) => row.last_error === null)).toBe(true);
  const rows = await eventually(
    () => deliveries(hanging),
    (found) => found.some((row: { last_error: string }) => row.last_error === 'timeout'),
  );
  expect(rows.some((row: { last_error: string }) => row.last_error === 'timeout')).toBe(true);
  receiver.answer = ok;
  await call(`/api/dev/webhooks/${hanging.endpoint.id}`, { ...hanging.dev, method: 'DELETE' });
});

it("another partner's endpoints that hang do not keep one waiting", async () => {
  const ENDPOINTS = 20;
  const hanging = await setUp();
  const path = hanging.path;
  for (let i = 1; i < ENDPOINTS; i++)
    await sendJson('/api/dev/webhooks', 'POST', { url: `${receiver.origin}${path}-${i}` }, hanging.dev);
  const quick = await setUp({}, quiet);
  /** Until it arrives, in ms. */
  const timeOf = async () => {
    const before = quiet.received.length;
    const startedMs = Date.now();
    await sendJson(`/api/dev/webhooks/${quick.endpoint.id}/test`, 'POST', {}, quick.dev);
    while (quiet.received.length === before && Date.now() - startedMs < 20_000)
      await new Promise((resolve) => setTimeout(resolve, 5));
    return Date.now() - startedMs;
  };
  const median = async () => {
    const times = [];
    for (let i = 0; i < 5; i++) times.push(await timeOf());
    return times.sort((a, b) => a - b)[2] ?? 0;
  };
  const alone = await median();
  let asked = 0;
  receiver.answer = (request, response) => {
    if (request.url?.startsWith(path)) asked++;
    else ok(request, response);
  };
  await query(
    `INSERT INTO webhook_event (partner_id, type, data) SELECT $1, 'webhook.test', '{}' FROM generate_series(1, 6)`,
    [hanging.partner.id],
  );
  void call('/preferences', { method: 'POST', body: '' });
  await eventually(
    async () => asked,
    (count) => count > 0,
  );
  const beside = await median();
  console.log(
    `a first attempt after ${alone} ms alone, ${beside} ms beside ${ENDPOINTS} endpoints that hang`,
  );
  // What a timer or a busy machine adds is not the neighbour's doing.
  expect(beside).toBeLessThan(2 * Math.max(alone, 150));
  receiver.answer = ok;
  await query('DELETE FROM webhook_endpoint WHERE partner_id = $1', [hanging.partner.id]);
});

it('a plan without webhooks makes none, switches none on, and is sent nothing', async () => {
  const free = await makePartner({ tier: 'free' });
  const dev = { headers: { authorization: `Bearer ${await developerToken(free)}` } };
  const refused = await sendJson('/api/dev/webhooks', 'POST', { url: `${receiver.origin}/free` }, dev);
  expect([refused.status, refused.json.error, refused.json.message]).toEqual([
    403,
    'forbidden',
    'Your plan does not include webhooks',
  ]);

  const setting = await setUp();
  await newKey(setting, 'Before');
  await arrived(setting.path, 1);
  const [sent] = await eventually(
    () => deliveries(setting),
    ([row]) => row?.state === 'delivered',
  );
  await query("UPDATE webhook_endpoint SET state = 'paused' WHERE id = $1", [setting.endpoint.id]);
  await query("UPDATE partner SET tier = 'free' WHERE id = $1", [setting.partner.id]);
  const at = `/api/dev/webhooks/${setting.endpoint.id}`;
  const { status } = await sendJson(at, 'PATCH', { state: 'active' }, setting.dev);
  await query("UPDATE webhook_endpoint SET state = 'active' WHERE id = $1", [setting.endpoint.id]);
  const since = new Date(0).toISOString();
  const statuses = [status];
  for (const [path, body] of [
    [`${at}/test`, {}],
    [`${at}/recover`, { since }],
    [`/api/dev/deliveries/${sent.id}/replay`, {}],
  ] as const)
    statuses.push((await sendJson(path, 'POST', body, setting.dev)).status);
  expect(statuses).toEqual([403, 403, 403, 403]);
  await newKey(setting, 'While it has none');
  expect(await deliveries(setting)).toHaveLength(1);
  // What waited is not sent either, until the plan has them again.
  await query("UPDATE webhook_delivery SET state = 'pending', tries = 0, due_at = now() WHERE id = $1", [
    sent.id,
  ]);
  await newKey(await setUp({}, quiet), 'Somebody else');
  await eventually(
    async () => quiet.received.at(-1)?.data.name,
    (name) => name === 'Somebody else',
  );
  expect(receiver.received.filter((each) => each.path === setting.path)).toHaveLength(1);
  await query("UPDATE partner SET tier = 'starter' WHERE id = $1", [setting.partner.id]);
  await newKey(setting, 'Again');
  expect(await arrived(setting.path, 3)).toHaveLength(3);
});

it('a change is made whole or not at all', async () => {
  const setting = await setUp();
  const at = `/api/dev/webhooks/${setting.endpoint.id}`;
  const patch = (wish: object) => sendJson(at, 'PATCH', wish, setting.dev);
  const audited = async () =>
    (
      await query(
        `SELECT action FROM dev_portal_audit WHERE partner_id = $1 AND action LIKE 'webhook.%' ORDER BY action`,
        [setting.partner.id],
      )
    ).map(({ action }) => action);
  expect((await patch({ description: 'Both', state: 'paused' })).json).toMatchObject({
    description: 'Both',
    state: 'paused',
  });
  const whole = ['webhook.changed', 'webhook.created', 'webhook.paused'];
  expect(await audited()).toEqual(whole);
  // The database refuses to switch it on, or the plan does.
  await query(
    `ALTER TABLE webhook_endpoint ADD CONSTRAINT stays_off CHECK (id <> '${setting.endpoint.id}' OR state <> 'active')`,
  );
  expect((await patch({ description: 'Half', state: 'active' })).status).toBeGreaterThanOrEqual(400);
  await query('ALTER TABLE webhook_endpoint DROP CONSTRAINT stays_off');
  await query("UPDATE partner SET tier = 'free' WHERE id = $1", [setting.partner.id]);
  expect((await patch({ description: 'Half', state: 'active' })).status).toBe(403);
  expect((await call(at, setting.dev)).json).toMatchObject({ description: 'Both', state: 'paused' });
  expect(await audited()).toEqual(whole);
});

it('twenty endpoints at most, however many are made at once', async () => {
  const setting = await setUp();
  const made = await Promise.all(
    Array.from({ length: 40 }, (_, i) =>
      sendJson('/api/dev/webhooks', 'POST', { url: `${receiver.origin}/many/${i}` }, setting.dev),
    ),
  );
  const statuses = made.map(({ status }) => status);
  expect([201, 409].map((status) => statuses.filter((each) => each === status).length)).toEqual([19, 21]);
});

const NO_TARGET =
  'must be a URL that begins with https:// and names a public host, like https://example.com/webhooks';
const NOT_PUBLIC = 'must name a public host, not an address of a private network or of this machine';

it.for([
  ['https://example.com:8080/hook', 'must be at port 443 or 8443'],
  ['http://example.com/hook', NO_TARGET],
  ['ftp://example.com/hook', NO_TARGET],
  ['https://127.0.0.1/hook', NOT_PUBLIC],
  ['https://[::ffff:169.254.169.254]/', NOT_PUBLIC],
  ['https://localhost/hook', NOT_PUBLIC],
  ['https://user:pass@example.com/', 'must not contain a user name or a password'],
  ['nonsense', NO_TARGET],
] as const)('as in production, %s is refused by name', async ([url, message]) => {
  const partner = await makePartner();
  const headers = { authorization: `Bearer ${await developerToken(partner)}`, 'x-test-edge': 'strict' };
  const made = await sendJson('/api/dev/webhooks', 'POST', { url }, { headers });
  expect([made.status, made.json.details]).toEqual([400, [{ field: 'url', message }]]);
  expect(made.text).not.toContain(url);
});

it('thresholds of a quota are told once each, whatever the batches, and beyond it overage', async () => {
  const blocked = await makePartner({ day: 20, month: 1000 });
  const charged = await makePartner({ day: -1, month: 10, overage: 'charge' });
  for (const { id } of [blocked, charged]) {
    const key = await makeKey(id);
    for (let i = 0; i < 23; i++) await call('/v2/routes/list', { key: key.secret });
  }
  const told = async (partnerId: string) =>
    (
      await query(
        `SELECT type, data->>'threshold_percent' AS percent, data->>'period' AS period FROM webhook_event
         WHERE partner_id = $1 AND type LIKE 'quota%' OR partner_id = $1 AND type LIKE 'overage%' ORDER BY 1, 2`,
        [partnerId],
      )
    ).map(({ type, percent, period }) => `${type} ${period} ${percent}`);
  const warnings = (period: string) =>
    ['50', '80', '95'].map((percent) => `quota.warning ${period} ${percent}`);
  expect(
    await eventually(
      () => told(blocked.id),
      (rows) => rows.length === 4,
    ),
  ).toEqual(['quota.exceeded daily 100', ...warnings('daily')]);
  expect(
    await eventually(
      () => told(charged.id),
      (rows) => rows.length === 4,
    ),
  ).toEqual(['overage.started monthly 100', ...warnings('monthly')]);
});

it('the largest quota that there is has thresholds, too', async () => {
  const large = await makePartner({ day: 2_000_000_000, month: 2_000_000_000 });
  const key = await makeKey(large.id);
  await call('/v2/routes/list', { key: key.secret });
  expect(
    await eventually(
      () => query('SELECT units::int FROM quota_usage WHERE partner_id = $1', [large.id]),
      (rows) => rows.length === 2,
    ),
  ).toEqual([{ units: 1 }, { units: 1 }]);
});

it('keys that end soon are told of once a step', async () => {
  const setting = await setUp({ events: ['key.expiring'] });
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000);
  await makeKey(setting.partner.id, { set: { expires_at: inDays(30) } });
  const { id } = await makeKey(setting.partner.id, { set: { expires_at: inDays(5) } });
  const fireHourly = () => control('cron', { cron: '17 * * * *' });
  await fireHourly();
  await fireHourly();
  await query('UPDATE api_key SET expires_at = $1 WHERE id = $2', [inDays(0.5), id]);
  await fireHourly();
  await fireHourly();
  const found = await arrived(setting.path, 2);
  expect(found.map(({ data }) => data.days_left).sort()).toEqual([1, 7]);
});

it('operators hear of all partners at an endpoint of their own', async () => {
  const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
  const path = `/hook/${++paths}`;
  const made = await sendJson(
    '/api/admin/webhooks',
    'POST',
    { url: receiver.origin + path, events: ['key.created'] },
    operator,
  );
  receiver.secrets.set(path, made.json.secret);
  await newKey(await setUp(), 'Heard');
  expect((await arrived(path, 1)).some(({ data }) => data.name === 'Heard')).toBe(true);
  await call(`/api/admin/webhooks/${made.json.id}`, { ...operator, method: 'DELETE' });
});

it('a receiver that is down for half an hour (sixty times as fast) gets all 10,000 events, each once known by its id', {
  timeout: 200_000,
}, async () => {
  const EVENTS = 10_000;
  const DOWN_MS = (30 * 60_000) / WEBHOOK_SPEED;
  const down = await startReceiver();
  const setting = await setUp({}, down);
  let isDown = true;
  down.answer = (request, response) => (isDown ? void request.socket.destroy() : ok(request, response));
  const CHUNK = 50;
  const startedMs = Date.now();
  for (let made = 0; made < EVENTS; made += CHUNK) {
    await query(
      `INSERT INTO webhook_event (partner_id, type, data) SELECT $1, 'quota.warning', jsonb_build_object('n', n) FROM generate_series($2::int, $3::int) n`,
      [setting.partner.id, made, made + CHUNK - 1],
    );
    // As after any change through an API.
    void call('/preferences', { method: 'POST', body: '' }).catch(() => undefined);
    const dueMs = startedMs + (DOWN_MS * (made + CHUNK)) / EVENTS;
    if (Date.now() < dueMs) await new Promise((resolve) => setTimeout(resolve, dueMs - Date.now()));
  }
  isDown = false;
  const distinct = () => new Set(down.received.map(({ id }) => id)).size;
  await eventually(
    async () => distinct(),
    (count) => count >= EVENTS,
    150_000,
  );
  expect(distinct()).toBe(EVENTS);
  expect(new Set(down.received.map(({ data }) => data.n)).size).toBe(EVENTS);
  expect(down.refused).toEqual([]);
  const [{ p99 }] = (await query(
    `SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM first - occurred_at)) AS p99 FROM (
       SELECT v.occurred_at, min(t.started_at) AS first FROM webhook_event v JOIN webhook_delivery d ON d.event_id = v.id
       JOIN webhook_attempt t ON t.delivery_id = d.id WHERE d.endpoint_id = $1 GROUP BY v.id) firsts`,
    [setting.endpoint.id],
  )) as [{ p99: number }];
  console.log(
    `${down.received.length} deliveries of ${EVENTS} events; first attempts within ${Number(p99).toFixed(2)} s at p99; all after ${Math.round((Date.now() - startedMs) / 1000)} s`,
  );
  await down.close();
});
