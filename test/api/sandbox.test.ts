// Test keys are answered by the sandbox.

import { beforeAll, describe, expect, it } from 'vitest';
import transit from '../../src/catalog/transit.openapi.json' with { type: 'json' };
import { call, developerToken, eventually, makeKey, makePartner, sendJson, stack } from '../support/api.ts';
import { answerChecks } from '../support/document-answers.ts';

let key = '';
beforeAll(async () => {
  const partner = await makePartner({ status: 'sandbox_only' });
  key = (await makeKey(partner.id, { environment: 'test' })).secret;
});

const pay = (number: string, more: object = {}, headers: Record<string, string> = {}) =>
  sendJson(
    '/v1/payments',
    'POST',
    { amount: 1000, currency: 'XOF', card: { number }, ...more },
    { key, headers },
  );

describe('payments', () => {
  it.for([
    ['4242424242424242', 201, undefined, 'succeeded'],
    ['4000000000000002', 402, 'card_declined', undefined],
    ['4000000000009995', 402, 'fraud_detected', undefined],
    ['4000002500003155', 201, undefined, 'requires_action'],
    ['1234', 402, 'invalid_card', undefined],
  ] as const)('card %s', async ([number, status, error, state]) => {
    const answer = await pay(number);
    expect(answer.status).toBe(status);
    expect(answer.json.error).toBe(error);
    expect(answer.json.status).toBe(state);
    expect(answer.text).not.toContain(number.slice(0, 12));
  });

  it('are found again, refunded in parts, and never beyond the whole', async () => {
    const { json: payment } = await pay('4242424242424242');
    expect((await call(`/v1/payments/${payment.id}`, { key })).json).toEqual(payment);
    const refund = (body: object) => sendJson(`/v1/payments/${payment.id}/refunds`, 'POST', body, { key });
    expect((await refund({ amount: 400 })).json).toMatchObject({ amount: 400, currency: 'XOF' });
    expect((await refund({ amount: 700 })).json.error).toBe('refund_too_large');
    const { json: rest } = await refund({});
    expect(rest.amount).toBe(600);
    expect((await call(`/v1/refunds/${rest.id}`, { key })).json).toEqual(rest);
    expect((await call(`/v1/payments/${payment.id}`, { key })).json.amount_refunded).toBe(1000);
  });

  it('honour Idempotency-Key', async () => {
    const headers = { 'idempotency-key': `k-${Date.now()}` };
    const [one, two] = [
      await pay('4242424242424242', {}, headers),
      await pay('4242424242424242', {}, headers),
    ];
    expect(two.json).toEqual(one.json);
    expect(two.headers['idempotent-replayed']).toBe('true');
    expect((await pay('4242424242424242', { amount: 2 }, headers)).status).toBe(422);
  });

  it('bad input has field errors, and echoes nothing', async () => {
    const { status, headers, json, text } = await sendJson(
      '/v1/payments',
      'POST',
      { amount: -5.5, currency: 'francs' },
      { key },
    );
    expect([status, json.error]).toEqual([400, 'validation_error']);
    expect(json).toMatchObject({
      request_id: headers['x-request-id'],
      doc_url: `${stack.url}/docs/errors/validation_error`,
    });
    expect(json.details.map(({ field }: { field: string }) => field)).toEqual(['amount', 'currency']);
    expect(text).not.toContain('francs');
  });

  it('intents: 3-D Secure and back; customers', async () => {
    const { json: intent } = await sendJson(
      '/v1/payment_intents',
      'POST',
      { amount: 5, currency: 'EUR' },
      { key },
    );
    const confirm = (body: object) =>
      sendJson(`/v1/payment_intents/${intent.id}/confirm`, 'POST', body, { key });
    expect((await confirm({ card: { number: '4000002500003155' } })).json.status).toBe('requires_action');
    expect((await confirm({})).json.status).toBe('succeeded');
    const { json: customer } = await sendJson('/v1/customers', 'POST', { email: 'a@example.com' }, { key });
    expect((await call(`/v1/customers/${customer.id}`, { key })).json.email).toBe('a@example.com');
    expect((await call('/v1/customers/cus_nobody', { key })).status).toBe(404);
  });

  it('belong to their app: another partner finds nothing, and reset forgets', async () => {
    const partner = await makePartner();
    const token = await developerToken(partner);
    const dev = { headers: { authorization: `Bearer ${token}` } };
    const { json: app } = await sendJson('/api/dev/apps', 'POST', { name: 'Shop' }, dev);
    const mine = (await makeKey(partner.id, { environment: 'test', appId: app.id })).secret;
    const { json: payment } = await sendJson(
      '/v1/payments',
      'POST',
      { amount: 1, currency: 'XOF' },
      { key: mine },
    );
    expect((await call(`/v1/payments/${payment.id}`, { key })).status).toBe(404);
    expect((await call(`/v1/payments/${payment.id}`, { key: mine })).status).toBe(200);
    await call(`/api/dev/apps/${app.id}/sandbox/reset`, { ...dev, method: 'POST' });
    expect((await call(`/v1/payments/${payment.id}`, { key: mine })).status).toBe(404);
  });
});

describe('X-Sandbox-Simulate', () => {
  const simulate = (what: string) =>
    call('/v2/stops/search?q=hann&x=1', {
      key,
      headers: { 'x-sandbox-simulate': what, 'cache-control': 'no-cache' },
    });
  it.for([
    ['status=503', 503, 'simulated', false],
    ['error=card_declined', 402, 'card_declined', false],
    ['error=daily_quota_exceeded', 429, 'daily_quota_exceeded', true],
    ['drop', 502, 'upstream_error', true],
    ['nonsense', 400, 'invalid_request', true],
  ] as const)('%s', async ([what, status, error, hasPage]) => {
    const answer = await simulate(what);
    expect([answer.status, answer.json.error]).toEqual([status, error]);
    expect(answer.json.request_id).toBe(answer.headers['x-request-id']);
    expect(answer.json.doc_url).toBe(hasPage ? `${stack.url}/docs/errors/${error}` : undefined);
  });

  it('is neither answered from the cache nor put into it', async () => {
    const path = `/v2/routes/list?simulated=${Date.now()}`;
    const ask = async (what?: string) => {
      const headers: Record<string, string> = what ? { 'x-sandbox-simulate': what } : {};
      const answer = await call(path, { key, headers });
      return [answer.status, answer.json.error, answer.headers['x-cache-hit']];
    };
    expect(await ask('status=200')).toEqual([200, 'simulated', 'false']);
    expect(await ask()).toEqual([200, undefined, 'false']);
    expect(await ask()).toEqual([200, undefined, 'true']);
    expect(await ask('status=503')).toEqual([503, 'simulated', 'false']);
    expect(await ask('drop')).toEqual([502, 'upstream_error', undefined]);
    expect(await ask('delay=1')).toEqual([200, undefined, 'false']);
    expect(await ask()).toEqual([200, undefined, 'true']);
  });

  it('delay=300 takes its time', async () => {
    const { headers } = await simulate('delay=300');
    expect(Number.parseInt(String(headers['x-response-time']), 10)).toBeGreaterThanOrEqual(290);
  });
});

describe('time travel', () => {
  it('spends what the plan allows of the day, and of its month, in headers, body and page', async () => {
    const partner = await makePartner({ day: 50, month: 1500 });
    const { id: keyId, secret } = await makeKey(partner.id, { environment: 'test' });
    const dev = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    const travel = (to: string) => sendJson(`/api/dev/keys/${keyId}/day`, 'POST', { to }, dev);
    const ask = () => call('/v2/routes/list', { key: secret, headers: { 'cache-control': 'no-cache' } });
    for (let calls = 0; calls < 3; calls++) expect((await ask()).status).toBe(200);

    expect((await travel('spent')).status).toBe(200);
    const refused = await ask();
    expect(refused.json).toMatchObject({ error: 'daily_quota_exceeded', limit: 50, used: 50 });
    expect(refused.headers['ratelimit-policy']).toContain('"day";q=50;');
    expect(refused.headers).toMatchObject({
      'x-ratelimit-limit-day': '50',
      'x-ratelimit-remaining-day': '0',
      'x-ratelimit-limit-month': '1500',
      'x-ratelimit-remaining-month': '1450',
    });

    expect((await travel('new_day')).status).toBe(200);
    // The edge remembers a refusal for a second.
    const anew = await eventually(ask, ({ status }) => status === 200);
    expect(anew.headers['x-ratelimit-remaining-month']).toBe('1496');
  });
});

describe('transit', () => {
  const wrongOf = answerChecks(transit);
  it.for([
    ['/v2/route-search?from=14.6731,-17.4335&to=14.7762,-17.3944&time=08:00', 200],
    ['/v2/route-search?from=1,2&to=3,4', 404],
    ['/v2/route-search?from=x&to=1,2', 400],
    ['/v2/stops/nearby?lat=14.6942&lon=-17.4443', 200],
    ['/v2/stops/nearby?lat=1&lon=2&radius=5001', 400],
    ['/v2/stops/search?q=COLOBANE', 200],
    ['/v2/stops/search?q=', 400],
    ['/v2/routes/list?mode=TER', 200],
    ['/v2/routes/list?mode=BOAT', 200],
    ['/v2/stops/D%3AHANN/departures?time=08:00&limit=3', 200],
    ['/v2/stops/D:HANN/departures?time=8', 400],
    ['/v2/stops/nowhere/departures', 404],
    ['/v2/routes/TER/schedule', 200],
    ['/v2/routes/nowhere/schedule', 404],
    ['/v2/routes/BRT-B1/trips?limit=2', 200],
    ['/v2/routes/nowhere/trips', 404],
  ] as const)('%s is %i, as the document says', async ([path, status]) => {
    const answer = await call(path, { key });
    expect(answer.status).toBe(status);
    expect(wrongOf(path, answer.status, answer.json)).toBeUndefined();
  });

  it.for(['status=503', 'status=429', 'error=rate_limit_exceeded', 'drop', 'nonsense'])(
    'what fails by %s, and what the gateway refuses, are what the document says',
    async (what) => {
      const path = '/v2/stops/nearby?lat=1&lon=2';
      const failed = await call(path, { key, headers: { 'x-sandbox-simulate': what } });
      expect(failed.status).toBeGreaterThanOrEqual(400);
      expect(wrongOf(path, failed.status, failed.json)).toBeUndefined();
      const refused = await call(path, { key: `${key}x` });
      expect(refused.status).toBe(401);
      expect(wrongOf(path, refused.status, refused.json)).toBeUndefined();
    },
  );
});
