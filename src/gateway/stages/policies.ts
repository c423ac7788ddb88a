// What operators ask of a route besides (src/catalog/policies): refusals before anything is counted, and changes of what goes to
// the upstream and of what comes back. Routes without policies pass through none of it.

import { changeJson } from '../../catalog/policies/json-change.ts';
import { type NameChanges, NO_POLICIES } from '../../catalog/policies/policy.ts';
import { type Denied, deny } from '../../core/denied.ts';
import { utf8 } from '../../core/encoding.ts';
import { readBody } from '../../http/body.ts';
import type { Admitted, Authenticated } from '../exchange.ts';

/** Of answers that are read whole to be changed. */
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;
const JSON_TYPE = /^application\/(?:[\w.+-]+\+)?json\b/i;
const isJson = (headers: Headers): boolean => JSON_TYPE.test(headers.get('content-type') ?? '');

/** Reads the whole body, within the route's bound, where a policy looks at it. */
async function whole(exchange: Authenticated): Promise<Denied | undefined> {
  if (exchange.body || !exchange.request.body) return undefined;
  const body = await readBody(exchange.request, exchange.route.bodyBytes);
  if (body === 'too_large') return deny('payload_too_large');
  if (body === 'cut_short') return deny('invalid_request');
  exchange.body = body;
  exchange.bytesIn = body.length;
  return undefined;
}

/** What refuses a call before its limits; the first that does. */
export async function refuseByPolicy(exchange: Authenticated): Promise<Denied | undefined> {
  const { route, request, path, query, heard, ip, country } = exchange;
  const { policies } = route;
  if (policies === NO_POLICIES) return undefined;
  if (policies.readsBody || policies.requestJson.length > 0) {
    const refused = await whole(exchange);
    if (refused) return refused;
  }
  const { body } = exchange;
  const call = { method: request.method, path, query, headers: heard, ip, country, body, route };
  for (const step of policies.before) {
    const refused = await step(call);
    if (refused) return refused;
  }
  return undefined;
}

/** As the upstream gets it. What is no JSON goes as it is. */
export function upstreamBody({ route, body, heard }: Admitted): Uint8Array<ArrayBuffer> | undefined {
  const { requestJson } = route.policies;
  if (requestJson.length === 0 || !body || body.length === 0 || !isJson(heard)) return body;
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(body));
    return utf8(JSON.stringify(changeJson(value, requestJson)));
  } catch {
    return body;
  }
}

/** Byte for byte where nothing is asked. */
export function upstreamQuery({ route, query }: Admitted): string {
  const { set, remove } = route.policies.query;
  if (set.length === 0 && remove.length === 0) return query;
  const named = (pair: string): string => {
    const name = pair.split('=', 1)[0] ?? '';
    try {
      return decodeURIComponent(name.replaceAll('+', ' '));
    } catch {
      return name;
    }
  };
  const gone = new Set([...remove, ...set.map(([name]) => name)]);
  const kept = query
    .slice(1)
    .split('&')
    .filter((pair) => pair !== '' && !gone.has(named(pair)));
  const added = set.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  const all = [...kept, ...added].join('&');
  return all === '' ? '' : `?${all}`;
}

export function changeHeaders(headers: Headers, { set, remove }: NameChanges): void {
  for (const name of remove) headers.delete(name);
  for (const [name, value] of set) headers.set(name, value);
}

export function mocked({ route }: Admitted): Response | undefined {
  const { mock } = route.policies;
  if (!mock) return undefined;
  const body = [204, 205, 304].includes(mock.status) ? null : mock.body;
  return new Response(body, { status: mock.status, headers: { 'content-type': mock.type } });
}

/** Of what was read and written anew, these say what is not so. */
const OF_THE_BODY = [
  'content-length',
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'etag',
  'accept-ranges',
  'content-range',
];

async function changedText(response: Response, exchange: Admitted): Promise<string | undefined> {
  if (response.status === 206 || !isJson(response.headers)) return undefined;
  if (Number(response.headers.get('content-length') ?? 0) > MAX_ANSWER_BYTES) return undefined;
  const text = await response.clone().text();
  if (text.length > MAX_ANSWER_BYTES) return undefined;
  try {
    return JSON.stringify(changeJson(JSON.parse(text), exchange.route.policies.answerJson));
  } catch {
    return undefined;
  }
}

/**
 * As the caller gets it. What cannot be changed goes as it is; or is refused, where something must not leave. Answers without a
 * body have nothing to leave.
 */
export async function changedAnswer(exchange: Admitted, response: Response): Promise<Response | Denied> {
  const { policies } = exchange.route;
  if (policies === NO_POLICIES) return response;
  let answer = response;
  if (policies.answerJson.length > 0 && response.body && exchange.request.method !== 'HEAD') {
    const text = await changedText(response, exchange);
    if (text === undefined && policies.isStrict && response.status < 400)
      return deny('upstream_error', undefined, 'answer_not_redactable');
    if (text === undefined && policies.isStrict)
      answer = new Response(null, { status: response.status, headers: response.headers });
    if (text !== undefined) {
      await response.body.cancel();
      answer = new Response(text, { status: response.status, headers: response.headers });
    }
    if (answer !== response) for (const name of OF_THE_BODY) answer.headers.delete(name);
  }
  return answer;
}
