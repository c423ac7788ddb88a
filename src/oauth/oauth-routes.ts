// /oauth/token, /oauth/introspect, /oauth/revoke, and the documents by which programs find them. For clients: by form, answered
// as the RFCs say, never cached. A token costs no units, and shows in its client's usage.

import { type Context, Hono } from 'hono';
import { AppError, RESOURCE_METADATA } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { type ApiEnv, answeredTo, renderError } from '../http/api.ts';
import { firstPart } from '../http/path.ts';
import { portalOriginOf } from '../http/portal-origin.ts';
import type { OAuthClient } from '../keys/oauth-client.ts';
import type { Asked, TokenAnswer } from './access-token-service.ts';
import { isDocumentId } from './client-document.ts';
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

type Request = Omit<Asked, 'client'>;

/** Reads the form. @throws OAuthError */
async function read(context: OAuthContext): Promise<Request> {
  const request = context.req.raw;
  return {
    request,
    form: await readForm(request),
    issuer: issuerOf(context),
    requestId: context.var.requestId,
    ip: request.headers.get('cf-connecting-ip') || null,
    keepAlive: (work) => context.executionCtx.waitUntil(work),
  };
}

/** Which client sent it, that has something to prove. @throws OAuthError */
async function authenticated(context: OAuthContext, asked: Request): Promise<Asked> {
  const { services } = context.var;
  const { request, form, issuer, ip, keepAlive } = asked;
  const client = await services.authenticateClient({
    headers: request.headers,
    cf: request.cf,
    form,
    ip: ip ?? '',
    audiences: [issuer, issuer + context.req.path, `${issuer}/oauth/token`],
    keepAlive,
  });
  const wait = services.rates.wait('token', client.record.id);
  if (wait > 0) throw new OAuthError('temporarily_unavailable', 'Too many requests of this client', wait);
  return { ...asked, client };
}

const ask = async (context: OAuthContext): Promise<Asked> => authenticated(context, await read(context));

/** The id of a program, which has nothing to prove: what it shows besides was given to it alone. */
function programOf({ request, form }: Request): string | undefined {
  const { client_id: id = '', client_secret: secret, client_assertion: assertion } = form;
  const isProving = request.headers.has('authorization') || secret !== undefined || assertion !== undefined;
  return !isProving && isDocumentId(id) ? id : undefined;
}

interface Redeeming {
  clientId: string;
  /** Of a client that proved itself. */
  terms?: OAuthClient;
}

/** Who asks. A program that asks too often is held back with its address. @throws OAuthError */
async function redeeming(context: OAuthContext, asked: Request): Promise<Redeeming> {
  const program = programOf(asked);
  if (program === undefined) {
    const { record } = (await authenticated(context, asked)).client;
    return { clientId: record.keyId, terms: record.client ?? undefined };
  }
  const wait = context.var.services.rates.waitAt('token', asked.ip ?? '');
  if (wait > 0) throw new OAuthError('temporarily_unavailable', 'Too many requests of this address', wait);
  return { clientId: program };
}

/** A page of the portal asks the person: it says who may, and what is wrong with what was asked. */
oauth.get('/oauth/authorize', (context) =>
  context.redirect(`${issuerOf(context)}/portal/authorize${new URL(context.req.url).search}`, 303),
);

/** By a code or a refresh token: a token is made before either is used up, so that nothing is lost where that fails. */
async function redeem(context: OAuthContext, asked: Request): Promise<[Asked, TokenAnswer]> {
  const { grants, oauthTokens } = context.var.services;
  const { form, keepAlive } = asked;
  const by = await redeeming(context, asked);
  const isCode = form.grant_type === 'authorization_code';
  const redeemable = await (isCode
    ? grants.ofCode(form, by.clientId, keepAlive)
    : grants.ofRefreshToken(form, by.clientId, keepAlive));
  const client = { record: redeemable.record, ...by };
  const { answer, jkt } = await oauthTokens.issue({ ...asked, client }, redeemable);
  return [
    { ...asked, client },
    { ...answer, refresh_token: await redeemable.use(jkt) },
  ];
}

async function issue(context: OAuthContext, asked: Request): Promise<[Asked, TokenAnswer]> {
  switch (asked.form.grant_type) {
    case undefined:
      throw new OAuthError('invalid_request', 'grant_type is missing');
    case 'authorization_code':
    case 'refresh_token':
      return redeem(context, asked);
    case 'client_credentials': {
      if (programOf(asked))
        throw new OAuthError(
          'unauthorized_client',
          'A program that proves nothing acts for a person: use authorization_code',
        );
      const by = await authenticated(context, asked);
      return [by, (await context.var.services.oauthTokens.issue(by)).answer];
    }
    default:
      throw new OAuthError(
        'unsupported_grant_type',
        'grant_type must be client_credentials, authorization_code or refresh_token',
      );
  }
}

oauth.post('/oauth/token', async (context) => {
  const { gateway, now } = context.var.services;
  const startedMs = now();
  const [asked, answer] = await issue(context, await read(context));
  gateway.usage.add(tokenEvent(asked, startedMs, now()), asked.keepAlive);
  return context.json(answer, 200, NOT_STORED);
});

oauth.post('/oauth/introspect', async (context) => {
  const asked = await ask(context);
  return context.json(await context.var.services.oauthTokens.introspect(asked), 200, NOT_STORED);
});

oauth.post('/oauth/revoke', async (context) => {
  const { grants, oauthTokens } = context.var.services;
  const asked = await read(context);
  const { clientId } = await redeeming(context, asked);
  const { token = '' } = asked.form;
  if (!(await grants.endByRefreshToken(token, clientId, asked))) await oauthTokens.revoke(asked, clientId);
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
