// What operators ask of a route besides (src/catalog/policies): refusals before anything is counted, and changes of what goes to
// the upstream and of what comes back. Routes without policies pass through none of it.

import { parseExactly } from '../../catalog/policies/exact-json.ts';
import { changeJson } from '../../catalog/policies/json-change.ts';
import { type NameChanges, NO_POLICIES } from '../../catalog/policies/policy.ts';
import { wrongAnswer } from '../../catalog/policies/validate.ts';
import { type Denied, deny } from '../../core/denied.ts';
import { isJsonType, textOf, utf8 } from '../../core/encoding.ts';
import type { Soon } from '../../core/soon.ts';
import { readBody } from '../../http/body.ts';
import { type Admitted, type Authenticated, wholeBody } from '../exchange.ts';
import type { GatewayPorts } from '../ports.ts';

/** Of answers that are read whole to be changed. */
const MAX_ANSWER_BYTES = 5 * 1024 * 1024;
const isJson = (headers: Headers): boolean => isJsonType(headers.get('content-type') ?? '');

/** Reads the whole body, within the route's bound, where a policy looks at it. */
async function whole(exchange: Authenticated): Promise<Denied | undefined> {
  if (!exchange.request.body) return undefined;
  const body = await wholeBody(exchange, exchange.route.bodyBytes);
  if (body === 'too_large') return deny('payload_too_large');
  return body === 'cut_short' ? deny('invalid_request') : undefined;
}

/** What refuses a call before its limits; the first that does. */
export function refuseByPolicy(exchange: Authenticated): Soon<Denied | undefined> {
  // Judged by another catalogue before, it may have had one.
  exchange.upstreamBody = undefined;
  return exchange.route.policies === NO_POLICIES ? undefined : judge(exchange);
}

async function judge(exchange: Authenticated): Promise<Denied | undefined> {
  const { route, method, path, query, heard, ip, country } = exchange;
  const { policies } = route;
  if (policies.readsBody || policies.requestJson.length > 0) {
    const refused = await whole(exchange);
    if (refused) return refused;
  }
  const { body } = exchange;
  const call = { method, path, query, headers: heard, ip, country, body, route };
  for (const step of policies.before) {
    const refused = await step(call);
    if (refused) return refused;
  }
  return changeBody(exchange);
}

/** As the upstream gets it. What does not say that it is JSON goes as it is; what says so, and is none, nowhere. */
function changeBody(exchange: Authenticated): Denied | undefined {
  const { route, body, heard } = exchange;
  const { requestJson } = route.policies;
  if (requestJson.length === 0 || !body || body.length === 0 || !isJson(heard)) return undefined;
  try {
    exchange.upstreamBody = utf8(JSON.stringify(changeJson(parseExactly(textOf(body)), requestJson)));
    return undefined;
  } catch {
    return deny('invalid_request', { message: 'The body is no JSON in UTF-8, or too deep' }, 'policy');
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

/** What callers say of a body that the upstream does not get. */
export const OF_THE_REQUEST_BODY = ['content-md5', 'content-digest', 'repr-digest'];

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

/** A share of answers is held against the document, beside the caller, who waits for nothing. What does not fit is logged. */
export function checkAnswer(exchange: Admitted, response: Response, { chance, log }: GatewayPorts): void {
  const { route, id, caller } = exchange;
  const { rules } = route;
  const { checkedShare } = route.policies;
  if (checkedShare === undefined || !rules || caller.environment === 'test' || chance() >= checkedShare)
    return;
  if (isEmpty(response) || exchange.method === 'HEAD' || !isReadable(response)) return;
  const copy = response.clone();
  const checked = async () => {
    const body = await bytesWithin(copy, route.timeoutMs);
    const details = body ? await wrongAnswer(rules, copy, body) : [];
    if (details.length === 0) return;
    const { api, method, path } = route;
    const said = { api, route: `${method} ${path}`, request_id: id, status: copy.status, details };
    log({ message: 'answer does not fit its document', level: 'warn', ...said });
  };
  exchange.keepAlive(checked().catch(() => undefined));
}

/** At most so much, and no longer than the route gives its upstream; undefined where it is more, or breaks off. */
async function bytesWithin(
  response: Response,
  timeoutMs: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, 'late');
  });
  const body = await Promise.race([readBody(response, MAX_ANSWER_BYTES), late]);
  clearTimeout(timer);
  return typeof body === 'string' ? undefined : body;
}

/** undefined: it is no JSON. */
function changedText(body: Uint8Array, { route }: Admitted): string | undefined {
  if (body.length === 0) return '';
  try {
    return JSON.stringify(changeJson(parseExactly(textOf(body)), route.policies.answerJson));
  } catch {
    return undefined;
  }
}

const isEmpty = ({ body, headers, status }: Response): boolean =>
  !body || headers.get('content-length') === '0' || status === 204 || status === 304;

/** Answers that are of JSON, and whole. Of an encoding of its own, the length is not known before it is read. */
const isReadable = ({ headers, status }: Response): boolean =>
  status !== 206 &&
  isJson(headers) &&
  !(Number(headers.get('content-length') ?? 0) > MAX_ANSWER_BYTES && !headers.has('content-encoding'));

/**
 * As the caller gets it. What cannot be changed goes as it is; or is refused, where something must not leave. Answers without a
 * body have nothing to leave.
 */
export function changedAnswer(exchange: Admitted, response: Response): Soon<Response | Denied> {
  const { policies } = exchange.route;
  if (policies === NO_POLICIES || policies.answerJson.length === 0) return response;
  return isEmpty(response) ? response : change(exchange, response);
}

async function change(exchange: Admitted, response: Response): Promise<Response | Denied> {
  const { policies } = exchange.route;
  const { status, headers } = response;
  if (exchange.method === 'HEAD') return withoutBodyHeaders(response);
  const isLeft = !isReadable(response);
  if (isLeft && !policies.isStrict) return response;
  const body = isLeft ? undefined : await bytesWithin(response, exchange.route.timeoutMs);
  if (isLeft) await response.body?.cancel();
  const text = body && changedText(body, exchange);
  const left = policies.isStrict ? undefined : body;
  // What says that something is wrong, or where it is, is told without what else it says.
  if ((text ?? left) === undefined && (!policies.isStrict || status < 300))
    return deny('upstream_error', undefined, 'answer_not_redactable');
  return withoutBodyHeaders(new Response(text ?? left ?? null, { status, headers }));
}

/** They are of the body that the upstream gave. */
function withoutBodyHeaders(response: Response): Response {
  const answer = new Response(response.body, response);
  for (const name of OF_THE_BODY) answer.headers.delete(name);
  return answer;
}
