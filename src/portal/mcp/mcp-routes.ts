// POST /mcp and /mcp/{api}: the APIs, or one of them, as an MCP server, for whoever has a key or a token. What costs nothing has
// a rate; a tool's call is limited as the operation's.

import { type Context, Hono } from 'hono';
import { documentOf } from '../../catalog/catalog.ts';
import { isDenied } from '../../core/denied.ts';
import { AppError, RESOURCE_METADATA } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import { type ApiEnv, answeredTo, renderError } from '../../http/api.ts';
import { readBody } from '../../http/body.ts';
import { portalOriginOf } from '../../http/portal-origin.ts';
import type { Presented } from '../../keys/authenticator.ts';
import { tooMany } from '../../platform/door-rates.ts';
import type { Services } from '../services.ts';
import { createMcp, MAX_REQUEST_BYTES, type McpCaller } from './mcp-server.ts';
import { OWN_TOOLS } from './own-tools.ts';
import type { ToolRequest } from './tool-request.ts';
import { toolsOf } from './tools.ts';

type McpContext = Context<ApiEnv<Services>>;

export const mcp = new Hono<ApiEnv<Services>>();
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

/** The name of the tool that it calls, where it does. */
function calledTool(body: unknown): string | undefined {
  const { method, params } = (body ?? {}) as { method?: unknown; params?: { name?: unknown } };
  return method === 'tools/call' && typeof params?.name === 'string' ? params.name : undefined;
}

/** Who calls. Of what no limiter is asked about, the record is read anew: nobody revoked gets an answer. @throws AppError */
async function authenticate(context: McpContext, bytes: Uint8Array<ArrayBuffer>, isCounted: boolean) {
  const { services } = context.var;
  const request = context.req.raw;
  const ip = request.headers.get('cf-connecting-ip') ?? '';
  const presented: Presented = {
    request,
    ip,
    rule: 'bound',
    isHeard: () => true,
    body: async () => bytes,
    keepAlive: (work) => context.executionCtx.waitUntil(work),
  };
  const found = await services.authenticate(presented, !isCounted);
  if (isDenied(found)) {
    const seconds = services.rates.waitAt('stranger', ip);
    if (seconds > 0) throw tooMany('address', seconds);
    throw new AppError(found.denied, found.detail?.message, found.detail?.fields);
  }
  if (!isCounted) services.rates.take('mcp', found.record.id);
  return { presented, record: found.record, retiredHash: found.retiredHash };
}

/** The call that a tool means, of the caller of this request, who has proved itself: what it used up stays used. */
const apiCaller =
  (
    context: McpContext,
    { presented, record, retiredHash }: Awaited<ReturnType<typeof authenticate>>,
  ): McpCaller['callApi'] =>
  async ({ method, target, headers, body }: ToolRequest) => {
    const { services } = context.var;
    const { cf, headers: own } = context.req.raw;
    const request = new Request(new URL(target, context.req.url), {
      method,
      headers: {
        ...headers,
        ...Object.fromEntries(
          ['cf-connecting-ip', 'user-agent', 'traceparent'].flatMap((name) => {
            const value = own.get(name);
            return value === null ? [] : [[name, value]];
          }),
        ),
      },
      body,
      cf: cf as RequestInitCfProperties,
    });
    const called = await services.callAs(
      async (_, fresh) => {
        if (!fresh) return { record, retiredHash, nonce: undefined };
        const found = await services.identify(presented, true);
        return isDenied(found)
          ? found
          : { record: found.record, retiredHash: found.retiredHash, nonce: undefined };
      },
      request,
      presented.keepAlive,
    );
    return { ...called, url: request.url };
  };

mcp.on(['GET', 'POST', 'DELETE'], ['/mcp', '/mcp/:api'], async (context) => {
  const { services } = context.var;
  const requestId = newId();
  context.set('requestId', requestId);
  const read = await readBody(context.req.raw, MAX_REQUEST_BYTES);
  if (read === 'too_large') throw new AppError('payload_too_large');
  const bytes = typeof read === 'string' ? new Uint8Array() : read;
  let body: unknown;
  try {
    body = bytes.length === 0 ? undefined : JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    body = undefined;
  }
  const tool = calledTool(body);
  const known = await authenticate(context, bytes, tool !== undefined && !OWN_TOOLS.has(tool));
  await services.catalogs.whole();
  const { catalog } = services.gateway;
  const api = context.req.param('api');
  if (api !== undefined && !documentOf(catalog, api)) throw new AppError('not_found', 'No such API');
  const tools = toolsOf(catalog, [...OWN_TOOLS.keys()]).filter(
    (each) => api === undefined || each.api === api,
  );
  answer ??= createMcp(services.log);
  const request = new Request(context.req.url, {
    method: context.req.method,
    headers: context.req.raw.headers,
    body: bytes.length > 0 ? bytes : undefined,
  });
  const response = await answer(request, body, {
    record: known.record,
    services,
    origin: portalOriginOf(services.config, context.req.url),
    tools,
    callApi: apiCaller(context, known),
  });
  const answered = new Response(response.body, response);
  answered.headers.set('x-request-id', requestId);
  answered.headers.set('cache-control', 'no-store');
  return answered;
});
