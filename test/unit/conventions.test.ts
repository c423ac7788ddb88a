// The standards that our headers are written by: parsed by somebody else's parser where there is one.

import { isInnerList, parseList, Token } from 'structured-headers';
import { describe, expect, it } from 'vitest';
import { ERRORS, type ErrorCode, errorResponse } from '../../src/core/errors.ts';
import { newId } from '../../src/core/ids.ts';
import { setLimitHeaders } from '../../src/gateway/answer.ts';
import { createCallLog } from '../../src/gateway/call-log.ts';
import { openExchange } from '../../src/gateway/exchange.ts';
import type { GatewayPorts } from '../../src/gateway/ports.ts';
import { record } from '../../src/gateway/stages/record.ts';
import { traceOf, traceparentOf } from '../../src/gateway/trace-context.ts';
import { clientRequestId, withClientRequestId } from '../../src/http/client-request-id.ts';
import type { LimitGauges } from '../../src/limits/protocol.ts';

/** Names and parameters of a list of RFC 9651. @throws what is none */
const listOf = (text: string | null) =>
  parseList(text ?? '').map((item) => {
    if (isInnerList(item)) throw new Error('a list in a list');
    const [name, parameters] = item;
    return [name instanceof Token ? name.toString() : name, Object.fromEntries(parameters)];
  });

describe('RateLimit and RateLimit-Policy', () => {
  const nowMs = Date.parse('2026-11-30T12:00:00Z');
  const gauge = (limit: number, remaining: number) =>
    ({ limit, remaining, resetMs: nowMs + 1500, level: 'partner' }) as const;
  const gauges = {
    second: gauge(10, 9),
    burst: gauge(600, 599),
    day: gauge(1000, 1),
    month: gauge(-1, -1),
  } as LimitGauges;
  const sent = (...more: [number?, Parameters<typeof setLimitHeaders>[4]?]) => {
    const headers = new Headers();
    setLimitHeaders(headers, gauges, nowMs, ...[more[0], more[1]]);
    return headers;
  };

  it('are lists of strings with integers', () => {
    expect(listOf(sent(60).get('ratelimit-policy'))).toEqual([
      ['second', { q: 10, w: 1 }],
      ['burst', { q: 600, w: 60 }],
      ['day', { q: 1000, w: 86_400 }],
    ]);
    expect(listOf(sent().get('ratelimit-policy'))[1]).toEqual(['burst', { q: 600 }]);
    expect(listOf(sent().get('ratelimit'))).toEqual([['day', { r: 1, t: 2 }]]);
  });

  it('of a refusal name its policy, with nothing left', () => {
    const denied = { type: 'burst', level: 'key', limit: 600, used: 600 } as const;
    const violated = { ...denied, retryAtMs: nowMs + 9001, retryAfter: 10 };
    expect(listOf(sent(60, violated).get('ratelimit'))).toEqual([['burst', { r: 0, t: 10 }]]);
  });
});

describe('a trace', () => {
  const id = newId();
  const [trace, span] = ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331'];
  it.for([
    [`00-${trace}-${span}-01`, '01'],
    [`00-${trace}-${span}-00`, '00'],
    [`00-${trace}-${span}-03`, '03'],
    [`00-${trace}-${span}-ff`, '03'],
    [`cc-${trace}-${span}-01`, '01'],
    [`cc-${trace}-${span}-01-what-comes`, '01'],
  ])('%s is continued in a span of ours', ([header = '', flags]) => {
    const read = traceOf(header, id);
    expect(read).toEqual({ traceId: trace, flags, isContinued: true });
    const sent = traceparentOf(read, id);
    expect(sent).toBe(`00-${trace}-${id.replaceAll('-', '').slice(16)}-${flags}`);
    expect(sent).not.toContain(span);
    expect(traceOf(sent, newId())).toEqual(read);
  });

  it.for([
    null,
    '',
    'nonsense',
    `00-${trace}-${span}-01-more`,
    `00-${trace}-${span}-01 `,
    `00-${trace}-${span}-0`,
    `00-${trace}-${span}`,
    `0-${trace}-${span}-01`,
    `ff-${trace}-${span}-01`,
    `00-${trace.toUpperCase()}-${span}-01`,
    `00-${trace}-${span.toUpperCase()}-01`,
    `00-${trace}-${span}-0G`,
    `00-${'0'.repeat(32)}-${span}-01`,
    `00-${trace}-${'0'.repeat(16)}-01`,
    `cc-${trace}-${span}-01.more`,
    `00-${trace}-${span}-01, 00-${trace}-${span}-01`,
    `00_${trace}_${span}_01`,
    'a'.repeat(100_000),
  ])('%s begins one, which is the request', (header) => {
    const begun = traceOf(header, id);
    expect(begun).toEqual({ traceId: id.replaceAll('-', ''), flags: '01', isContinued: false });
    expect(traceOf(traceparentOf(begun, id), newId())).toEqual({ ...begun, isContinued: true });
  });
});

describe('an error', () => {
  const sent = (code: ErrorCode, headers: Record<string, string> = {}, fields = {}) =>
    errorResponse(
      code,
      { requestId: newId(), portalOrigin: 'https://x.example', headers: new Headers(headers) },
      { fields },
    ).headers;

  it.for<[code: ErrorCode, headers: Record<string, string>, challenge: string | null]>([
    ['missing_api_key', {}, 'Bearer realm="passerelle"'],
    ['invalid_auth_format', { authorization: 'Basic x' }, 'Bearer realm="passerelle"'],
    [
      'invalid_api_key',
      { authorization: 'Bearer pk_live_x' },
      'Bearer realm="passerelle", error="invalid_token"',
    ],
    ['invalid_signature', { 'x-api-key': 'a:b' }, 'Bearer realm="passerelle", error="invalid_token"'],
    ['invalid_token', {}, 'Bearer realm="passerelle"'],
    ['invalid_token', { authorization: 'Basic x' }, 'Bearer realm="passerelle"'],
    ['invalid_token', { authorization: 'bearer x' }, 'Bearer realm="passerelle", error="invalid_token"'],
    ['forbidden', { authorization: 'Bearer x' }, null],
    ['not_found', {}, null],
  ])('%s, asked with %j, challenges with %s', ([code, headers, challenge]) =>
    expect(sent(code, headers).get('www-authenticate')).toBe(challenge),
  );

  it('for a scope names it', () => {
    expect(
      sent('insufficient_permissions', {}, { required_scope: 'read:stops' }).get('www-authenticate'),
    ).toBe('Bearer realm="passerelle", error="insufficient_scope", scope="read:stops"');
  });

  it.for(Object.keys(ERRORS) as ErrorCode[])('%s says that it depends on what is accepted', (code) => {
    expect(sent(code).get('vary')).toBe('Accept');
    expect(sent(code, { accept: 'application/problem+json' }).get('content-type')).toBe(
      'application/problem+json',
    );
  });
});

it.for<[sent: string, echoed: string | null]>([
  ['order 42/retry-1', 'order 42/retry-1'],
  ['x'.repeat(128), 'x'.repeat(128)],
  ['x'.repeat(129), null],
  ['', null],
  ['caf\u00e9', null],
  ['tab\there', null],
])('X-Client-Request-Id: %s is echoed as %s', ([id, echoed]) => {
  const headers = new Headers({ 'x-client-request-id': id });
  expect(clientRequestId(headers) ?? null).toBe(echoed);
  expect(withClientRequestId(new Response(), headers).headers.get('x-client-request-id')).toBe(echoed);
});

it('the log line of a call names its trace and what its caller calls it', () => {
  const lines: Record<string, unknown>[] = [];
  const url = 'https://api.example.com/v2/routes/list';
  const lineOf = (headers: Record<string, string>) => {
    const id = newId();
    const exchange = openExchange(new Request(url, { headers }), url, id, 0, () => undefined);
    const log = createCallLog({
      successShare: 1,
      now: () => 0,
      chance: () => 0,
      log: (line) => lines.push(line),
    });
    record(exchange, new Response(null, { status: 204 }), { callLog: log } as GatewayPorts);
    return { id, line: lines.at(-1) };
  };
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const traceparent = `00-${trace}-b7ad6b7169203331-01`;
  expect(lineOf({ traceparent, 'x-client-request-id': 'order-42' }).line).toMatchObject({
    trace_id: trace,
    client_request_id: 'order-42',
  });
  const { id, line } = lineOf({ traceparent: 'nonsense', 'x-client-request-id': '' });
  expect(line).toMatchObject({ trace_id: id.replaceAll('-', ''), client_request_id: undefined });
});
