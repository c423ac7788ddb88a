// POST /mcp and /mcp/{api}: the APIs, or one of them, as an MCP server, for whoever has a key or a token. What costs nothing has
// a rate; a tool's call is limited as the operation's.

import { type Context, Hono } from 'hono';
import { documentOf } from '../../catalog/catalog.ts';
import { ENDED_EARLY, isDenied } from '../../core/denied.ts';
import { AppError, RESOURCE_METADATA } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { type ApiEnv, actorOf, answeredTo, renderError } from '../../http/api.ts';
import { readBody } from '../../http/body.ts';
import { portalOriginOf } from '../../http/portal-origin.ts';
import type { Identified, Presented } from '../../keys/authenticator.ts';
import { isOlder, REFUSES_FOR_MS } from '../../keys/key-record.ts';
import { tooMany } from '../../platform/door-rates.ts';
import type { Services } from '../services.ts';
import type { createMcp, McpCaller } from './mcp-server.ts';
import { OWN_TOOLS } from './own-tools.ts';
import { toolRequest } from './tool-request.ts';
import { toolsOf } from './tools.ts';

type McpContext = Context<ApiEnv<Services>>;

export const mcp = new Hono<ApiEnv<Services>>();
const MAX_REQUEST_BYTES = 256 * 1024;
let answer: ReturnType<typeof createMcp> | undefined;

mcp.onError((error, context) => {
  const answered = answeredTo(context);
  const response = renderError(error, {
    ...answered,
    resourceMetadata: `${answered.portalOrigin}${RESOURCE_METADATA}${context.req.path}`,
  });
  if (response.status >= 500)
    context.var.services.log({
      message: `${context.req.method} ${context.req.path} failed`,
      level: 'error',
      request_id: answered.requestId,
      error: String(error),
    });
  return response;
});

interface Message {
  method?: unknown;
  params?: { name?: unknown; arguments?: unknown };
}
/** The call of a tool, where the message is one. */
function calledTool(message: unknown): { name: string; given: Record<string, unknown> } | undefined {
  const { method, params } = (message ?? {}) as Message;
  if (method !== 'tools/call' || typeof params?.name !== 'string') return undefined;
  const { name, arguments: given = {} } = params;
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given);
  return { name, given: isObject ? (given as Record<string, unknown>) : {} };
}

/** The request as it is proved; its own headers are the protocol's. */
const presentedBy = (context: McpContext, bytes: Uint8Array<ArrayBuffer>): Presented => ({
  request: context.req.raw,
  ip: context.req.header('cf-connecting-ip') ?? '',
  rule: 'bound',
  isHeard: (name) => name.startsWith('mcp-') || name === 'last-event-id',
  body: async () => bytes,
  keepAlive: (work) => context.executionCtx.waitUntil(work),
});

/** Who calls: what it used up stays used. @throws AppError */
async function authenticate({ var: { services } }: McpContext, presented: Presented): Promise<Identified> {
  const first = await services.authenticate(presented, false);
  const isOld = isDenied(first) && first.record && isOlder(first.record, REFUSES_FOR_MS, services.now());
  const found = isOld ? await services.authenticate(presented, true) : first;
  if (!isDenied(found)) return found;
  const seconds = services.rates.waitAt('stranger', presented.ip);
  if (seconds > 0) throw tooMany('address', seconds);
  throw new AppError(found.denied, found.detail?.message, found.detail?.fields);
}

/** Of what no limiter is asked about: it has a rate, and nobody who was revoked gets an answer. @throws AppError */
async function authenticateFree({ var: { services } }: McpContext, presented: Presented, known: Identified) {
  services.rates.take('mcp', known.record.id);
  const found = await services.identify(presented, true);
  if (isDenied(found)) throw new AppError(found.denied, found.detail?.message, found.detail?.fields);
  return found;
}

/** Of who proved itself already, what it used up is used up. */
const proved = ({ record, from, retiredHash }: Identified): Identified => ({
  record,
  from,
  retiredHash,
  nonce: undefined,
});

const PASSED_ON = ['cf-connecting-ip', 'user-agent', 'traceparent'];

/** The call that a tool means, of the caller of this request. */
const apiCaller =
  (context: McpContext, presented: Presented, known: Identified): McpCaller['callApi'] =>
  async ({ method, path, query, headers, body }) => {
    const { services } = context.var;
    const { cf, headers: own } = context.req.raw;
    const { origin } = new URL(context.req.url);
    const passed = PASSED_ON.flatMap((name) => {
      const value = own.get(name);
      return value === null ? [] : [[name, value]];
    });
    const request = new Request(origin + path + query, {
      method,
      headers: { ...headers, ...Object.fromEntries(passed) },
      body,
      cf: cf as RequestInitCfProperties,
    });
    const called = await services.callAs(
      async (_, fresh) => {
        const found = fresh ? await services.identify(presented, true) : known;
        return isDenied(found) ? found : proved(found);
      },
      request,
      presented.keepAlive,
    );
    return { ...called, url: request.url };
  };

const parsed = (bytes: Uint8Array): unknown => {
  try {
    return bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
};

/** Batches left the protocol in 2025: one proof is for one message. */
const BATCH_REFUSED = {
  jsonrpc: '2.0',
  id: null,
  error: { code: -32600, message: 'Send one message a request: there are no batches' },
};

async function answerMessage(context: McpContext, bytes: Uint8Array<ArrayBuffer>): Promise<Response> {
  const { services } = context.var;
  const presented = presentedBy(context, bytes);
  const known = await authenticate(context, presented);
  const message = parsed(bytes);
  if (Array.isArray(message)) return Response.json(BATCH_REFUSED, { status: 400 });
  const catalog = await services.catalogs.whole();
  const api = context.req.param('api');
  const tools = toolsOf(catalog, [...OWN_TOOLS.keys()]).filter(
    (each) => api === undefined || each.api === api,
  );
  const called = calledTool(message);
  const tool = called && tools.find(({ shape }) => shape.name === called.name);
  const wanted = called && tool && toolRequest(tool, called.given);
  const isCounted = wanted !== undefined && !('problems' in wanted);
  const { record, retiredHash } = isCounted ? known : await authenticateFree(context, presented, known);
  if (api !== undefined && !documentOf(catalog, api)) throw new AppError('not_found', 'No such API');
  // The protocol is loaded with its first message: pages have no use for it.
  answer ??= (await import('./mcp-server.ts')).createMcp(services.log, MAX_REQUEST_BYTES);
  const { url, method, headers } = context.req.raw;
  const request = new Request(url, { method, headers, body: bytes.length > 0 ? bytes : undefined });
  return answer(request, message, {
    record,
    services,
    origin: portalOriginOf(services.config, url),
    actor: retiredHash === undefined ? actorOf(context, `key:${record.keyId}`) : undefined,
    tools,
    wanted,
    callApi: apiCaller(context, presented, known),
  });
}

mcp.on(['GET', 'POST', 'DELETE'], ['/mcp', '/mcp/:api'], async (context) => {
  const requestId = newId();
  context.set('requestId', requestId);
  const read = await readBody(context.req.raw, MAX_REQUEST_BYTES);
  if (read === 'too_large') throw new AppError('payload_too_large');
  if (read === 'cut_short') throw new AppError('invalid_request', ENDED_EARLY);
  const response = await answerMessage(context, read);
  const answered = new Response(response.body, response);
  answered.headers.set('x-request-id', requestId);
  answered.headers.set('cache-control', 'no-store');
  return answered;
});
