// What all pages share: the request id, security headers, the cross-site check, preferences, the session, and errors as
// pages. A surface adds its routes to an app that `createWeb` made.

import { type Context, Hono } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { HtmlEscapedString } from 'hono/utils/html';
import type * as z from 'zod';
import type { Accounts, AccountsFor, Caller, SignedIn } from '../accounts/account-service.ts';
import type { SignInGuard } from '../accounts/sign-in-guard.ts';
import type { Actor } from '../audit/audit-store.ts';
import type { Brand } from '../brand/brand.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { type Config, isLocal } from '../config.ts';
import { toBase64Url } from '../core/encoding.ts';
import { AppError, ERRORS, PageError } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import { actorOf, boundBodies, clientIp, type Larger } from '../http/api.ts';
import { announceAhead, type ChangeServices } from '../http/changes.ts';
import { toAppError } from '../http/errors.ts';
import { isStorable } from '../http/fields.ts';
import { portalOriginOf } from '../http/portal-origin.ts';
import type { PartnerService } from '../partners/partner-service.ts';
import type { AssetServer } from './assets.ts';
import { cookieName, environmentOf, languageOf, themeOf } from './chosen.ts';
import { contactOf } from './contact.ts';
import { errorPage, type Frame } from './error-page.tsx';
import { fieldErrorText } from './field-error.ts';
import { createFormat } from './format.ts';
import { messagesOf } from './messages/messages.ts';
import { withQuery } from './redirects.ts';
import { isFromHere } from './same-origin.ts';
import type { View } from './view.ts';

export { cookieName } from './chosen.ts';
export interface WebServices extends ChangeServices {
  config: Config;
  brand: Brand;
  gateway: { catalog: Catalog };
  now(): number;
  log(line: Record<string, unknown>): void;
  accountsFor: AccountsFor;
  signInGuard: SignInGuard;
  partners: PartnerService;
  assetServer: AssetServer;
}

export type WebEnv<Services> = {
  Bindings: Record<string, unknown>;
  Variables: {
    services: Services;
    requestId: string;
    view: View;
    accounts: Accounts;
    session: SignedIn['session'];
  };
};
export type WebContext<Services> = Context<WebEnv<Services>>;

const MAX_FORM_BYTES = 64 * 1024;
const NONCE_BYTES = 16;
export const PREFERENCE_SECONDS = 400 * 86_400;

/** A cookie that proves something: no other host of the domain can set one of its name. */
export const proofCookie = (config: Config, name: string, seconds: number) => {
  const secure = config.ENVIRONMENT !== 'development';
  return {
    name: secure ? `__Host-${name}` : cookieName(config, name),
    options: { path: '/', httpOnly: true, sameSite: 'Lax', secure, maxAge: seconds } as const,
  };
};

export const originOf = (context: Context, config: Config): string => portalOriginOf(config, context.req.url);

export const hasOutbox = isLocal;

export function callerOf(
  context: Context,
  { config, signInGuard }: Pick<WebServices, 'config' | 'signInGuard'>,
): Caller {
  const device = getCookie(context, deviceCookie(config).name);
  return {
    origin: originOf(context, config),
    headers: context.req.raw.headers,
    language: languageOf(context, config),
    ip: clientIp(context),
    actorOf: (accountId) => accountActor(context, accountId),
    isKnownTo: async (email) => device !== undefined && device === (await signInGuard.deviceOf(email)),
    keepAlive: (work) => context.executionCtx.waitUntil(work),
  };
}

async function viewOf<Services extends WebServices>(context: WebContext<Services>): Promise<View> {
  const { services, requestId } = context.var;
  const { config, brand } = services;
  const language = languageOf(context, config);
  const url = new URL(context.req.url);
  const nowMs = services.now();
  return {
    language,
    m: messagesOf(language),
    format: createFormat(language, nowMs),
    theme: themeOf(context, config),
    here: url.pathname + url.search,
    path: url.pathname,
    origin: originOf(context, config),
    nonce: toBase64Url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES))),
    requestId,
    assets: await services.assetServer.current(),
    brand,
    catalog: services.gateway.catalog,
    product: brand.name,
    contact: contactOf(brand, language),
    nowMs,
    environment: environmentOf(context, config),
    done: url.searchParams.get('done') ?? undefined,
    hasOutbox: hasOutbox(config),
    identity: config.OIDC_ISSUER && config.OIDC_CLIENT_ID ? brand.signIn : undefined,
    demoCode: config.DEMO_CODE_PATH,
  };
}

/** `more`: what one page may do besides. */
export const pagePolicy = (nonce: string, ...more: string[]): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'self'`,
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    ...more,
  ].join('; ');

/** The reference's components set inline styles: its pages alone allow them. */
export const referencePolicy = (nonce: string): string =>
  pagePolicy(nonce)
    .replace(`style-src 'self' 'nonce-${nonce}'`, "style-src 'self' 'unsafe-inline'")
    .replace("font-src 'self'", "font-src 'self' data:");

const HEADERS = {
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
  'cache-control': 'no-store',
};

interface WebOptions {
  /** Such a path says whose it is and uses no cookie: it may be sent from anywhere. */
  provesItself?(path: string): boolean;
  larger?: Larger;
}

/** `under`: the paths of this surface. `frameOf`: what its errors stand in; by themselves where nobody is known. */
export function createWeb<Services extends WebServices>(
  under: string,
  frameOf: (view: View) => Frame | undefined,
  { provesItself = () => false, larger }: WebOptions = {},
) {
  const web = new Hono<WebEnv<Services>>();
  web.use(under, async (context, next) => {
    context.set('requestId', newId());
    const view = await viewOf(context);
    context.set('view', view);
    context.set('accounts', context.var.services.accountsFor(callerOf(context, context.var.services)));
    context.header('content-security-policy', pagePolicy(view.nonce));
    for (const [name, value] of Object.entries(HEADERS)) context.header(name, value);
    context.header('x-request-id', context.var.requestId);
    if (context.req.url.includes('%00')) throw new AppError('invalid_request');
    if (!isFromHere(context.req.raw, view.origin) && !provesItself(view.path))
      throw new PageError('forbidden', view.m.errors.crossSite);
    await next();
  });
  web.use(under, boundBodies(MAX_FORM_BYTES, larger));
  web.onError((error, context) => failed(context, error, frameOf));
  return web;
}

async function failed<Services extends WebServices>(
  context: WebContext<Services>,
  thrown: unknown,
  frameOf: (view: View) => Frame | undefined,
): Promise<Response> {
  const error = toAppError(thrown);
  const [status] = ERRORS[error.code];
  if (status >= 500) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? String(thrown.cause) : undefined;
    const { method, path } = context.req;
    context.var.services.log({
      message: `${method} ${path} failed`,
      level: 'error',
      error: String(thrown),
      cause,
    });
  }
  const view = context.var.view ?? (await viewOf(context));
  context.header('x-request-id', context.var.requestId);
  return context.html(`<!doctype html>${errorPage({ view, error, status, Frame: frameOf(view) })}`, status);
}

/** Whoever looks, when signed in. Cookies that the session renews go with the answer. */
export async function signIn<Services extends WebServices>(context: WebContext<Services>): Promise<boolean> {
  if (!/(?:^|; )(?:__Host-)?session(?:-\w+)?=/.test(context.req.header('cookie') ?? '')) return false;
  const signedIn = await context.var.accounts.session();
  if (!signedIn) return false;
  addCookies(context, signedIn.cookies);
  context.var.view.account = signedIn.account;
  context.set('session', signedIn.session);
  announceAhead(context);
  await rememberDevice(context, signedIn.account.email);
  return true;
}

/** What can do harm asks for a proof that is younger than this. */
const PROVEN_MS = 10 * 60_000;

/** Whether whoever looks has just shown the factor, where one is on (or, for operators, at all), otherwise the password. */
export function isProven<Services extends WebServices>(context: WebContext<Services>): boolean {
  const { account } = context.var.view;
  const { provenAtMs, factorAtMs = 0 } = context.var.session;
  const atMs = account?.twoFactorEnabled || account?.isOperator ? factorAtMs : provenAtMs;
  return context.var.services.now() - atMs < PROVEN_MS;
}

/** To the page where that is shown, and from there to `back`. */
export const askProof = (context: Context, back: string): Response =>
  context.redirect(withQuery('/prove', { back }), 303);

const deviceCookie = (config: Config) => proofCookie(config, 'device', PREFERENCE_SECONDS);

/** What shows in which accounts' browser we are: sign-in-guard.ts. */
export const deviceCookieOf = <Services extends WebServices>(
  context: WebContext<Services>,
): string | undefined => getCookie(context, deviceCookie(context.var.services.config).name);

async function rememberDevice<Services extends WebServices>(
  context: WebContext<Services>,
  email: string,
): Promise<void> {
  const { config, signInGuard } = context.var.services;
  const device = await signInGuard.deviceOf(email);
  if (deviceCookieOf(context) === device) return;
  const { name, options } = deviceCookie(config);
  setCookie(context, name, device, options);
}

export function addCookies(context: Context, cookies: readonly string[]): void {
  for (const cookie of cookies) context.header('set-cookie', cookie, { append: true });
}

export const accountActor = (context: Context, id: string): Actor => actorOf(context, `developer:${id}`);

export function render<Services extends WebServices>(
  context: WebContext<Services>,
  page: HtmlEscapedString | Promise<HtmlEscapedString>,
  status: 200 | 400 | 401 | 403 | 404 | 409 | 412 | 429 | 503 = 200,
): Response | Promise<Response> {
  if (page instanceof Promise) return page.then((text) => context.html(`<!doctype html>${text}`, status));
  return context.html(`<!doctype html>${page}`, status);
}

export type FormErrors = Record<string, string>;
export type FormValues = Record<string, string>;
export type Read<Data> =
  | { values: FormValues; data: Data; errors?: undefined }
  | { values: FormValues; data?: undefined; errors: FormErrors };

/** A form's fields as text (several of one name joined by newlines), read by `schema`; or what is wrong with which. */
export async function readForm<Services extends WebServices, Schema extends z.ZodType>(
  context: WebContext<Services>,
  schema: Schema,
): Promise<Read<z.output<Schema>>> {
  const form = await context.req.formData().catch(() => {
    throw new AppError('invalid_request');
  });
  const values: FormValues = {};
  for (const [name, value] of form) {
    if (typeof value !== 'string') continue;
    if (!isStorable(name) || !isStorable(value)) throw new AppError('invalid_request');
    values[name] = values[name] === undefined ? value : `${values[name]}\n${value}`;
  }
  return readFields(context, values, schema);
}

/** What `readForm` does with fields that were read. An entry of a list is of its field. */
export function readFields<Services extends WebServices, Schema extends z.ZodType>(
  context: WebContext<Services>,
  values: FormValues,
  schema: Schema,
): Read<z.output<Schema>> {
  const result = schema.safeParse(values, { reportInput: true });
  if (result.success) return { values, data: result.data };
  const errors: FormErrors = {};
  for (const issue of result.error.issues)
    errors[String(issue.path[0])] ??= fieldErrorText(context.var.view, issue);
  return { values, errors };
}
