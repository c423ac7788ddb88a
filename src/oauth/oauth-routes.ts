// /oauth/token, /oauth/introspect, /oauth/revoke, and the documents by which programs find them. For clients: by form, answered
// as the RFCs say, never cached. A token costs no units, and shows in its client's usage.

import { type Context, Hono } from 'hono';
import { AppError, RESOURCE_METADATA } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { type ApiEnv, answeredTo, renderError } from '../http/api.ts';
import { firstPart } from '../http/path.ts';
import { portalOriginOf } from '../http/portal-origin.ts';
import type { Asked } from './access-token-service.ts';
import { readForm } from './form.ts';
import { resourceMetadata, serverMetadata } from './metadata.ts';
import { OAuthError, oauthErrorResponse } from './oauth-error.ts';
import type { Services } from './services.ts';
import { tokenEvent } from './token-event.ts';

type OAuthContext = Context<ApiEnv<Services>>;

const METADATA_KEPT_SECONDS = 300;
const NOT_STORED = { 'cache-control': 'no-store', pragma: 'no-cache' };

export const oauth = new Hono<ApiEnv<Services>>();

oauth.use('/oauth/*', async (context, next) => {
  context.set('requestId', newId());
  await next();
  context.header('X-Request-Id', context.var.requestId);
});

oauth.onError((error, context) => {
  if (error instanceof AppError && error.code === 'not_found') return renderError(error, answeredTo(context));
  const { requestId = newId(), services } = context.var;
  const isBasic = /^basic /i.test(context.req.header('authorization') ?? '');
  const response = oauthErrorResponse(error, requestId, isBasic);
  if (response.status >= 500)
    services?.log({
      message: `${context.req.method} ${context.req.path} failed`,
      level: 'error',
      request_id: requestId,
      error: String(error),
    });
  return response;
});

const issuerOf = ({ req, var: { services } }: OAuthContext): string =>
  portalOriginOf(services.config, req.url);

/** Reads the form, and who sent it. @throws OAuthError */
async function ask(context: OAuthContext): Promise<Asked> {
  const { services, requestId } = context.var;
  const request = context.req.raw;
  const ip = request.headers.get('cf-connecting-ip') ?? '';
  const issuer = issuerOf(context);
  const keepAlive = (work: Promise<unknown>) => context.executionCtx.waitUntil(work);
  const form = await readForm(request);
  const client = await services.authenticateClient({
    headers: request.headers,
    cf: request.cf,
    form,
    ip,
    audiences: [issuer, issuer + context.req.path, `${issuer}/oauth/token`],
    keepAlive,
  });
  const wait = services.rates.wait('token', client.record.id);
  if (wait > 0) throw new OAuthError('temporarily_unavailable', 'Too many requests of this client', wait);
  return { request, form, client, issuer, requestId, ip: ip || null, keepAlive };
}

oauth.get('/oauth/authorize', () => {
  throw new OAuthError(
    'unsupported_response_type',
    'No client here is authorised by people. Use client_credentials',
  );
});

oauth.post('/oauth/token', async (context) => {
  const startedMs = context.var.services.now();
  const asked = await ask(context);
  const { grant_type: grant } = asked.form;
  if (grant === undefined) throw new OAuthError('invalid_request', 'grant_type is missing');
  if (grant !== 'client_credentials')
    throw new OAuthError('unsupported_grant_type', 'grant_type must be client_credentials');
  const answer = await context.var.services.oauthTokens.issue(asked);
  const { gateway, now } = context.var.services;
  gateway.usage.add(tokenEvent(asked, startedMs, now()), asked.keepAlive);
  return context.json(answer, 200, NOT_STORED);
});

oauth.post('/oauth/introspect', async (context) => {
  const asked = await ask(context);
  return context.json(await context.var.services.oauthTokens.introspect(asked), 200, NOT_STORED);
});

oauth.post('/oauth/revoke', async (context) => {
  const asked = await ask(context);
  await context.var.services.oauthTokens.revoke(asked);
  return context.body(null, 200, NOT_STORED);
});

for (const path of ['/oauth/token', '/oauth/introspect', '/oauth/revoke'])
  oauth.all(path, (context) => {
    const error = new OAuthError('invalid_request', 'This takes POST');
    const { body, headers } = oauthErrorResponse(error, context.var.requestId, false);
    headers.set('allow', 'POST');
    return new Response(body, { status: 405, headers });
  });

const KEPT = {
  'cache-control': `public, max-age=${METADATA_KEPT_SECONDS}`,
  'access-control-allow-origin': '*',
};
oauth.get('/.well-known/oauth-authorization-server', (context) =>
  context.json(serverMetadata(issuerOf(context), context.var.services.keys.knownScopes()), 200, KEPT),
);

/** Beside the offered APIs, who takes tokens. */
const TAKES_TOKENS: ReadonlySet<string> = new Set(['', 'dashboard', 'mcp']);

oauth.get(`${RESOURCE_METADATA}/*`, (context) => {
  const { keys, gateway } = context.var.services;
  const path = context.req.path.slice(RESOURCE_METADATA.length).replace(/\/+$/, '');
  const first = firstPart(path);
  if (!TAKES_TOKENS.has(first) && !gateway.catalog.isOffered(first)) throw new AppError('not_found');
  return context.json(resourceMetadata(issuerOf(context), path, keys.knownScopes()), 200, KEPT);
});
