// What all JSON APIs share: request ids, validation, bounded bodies, and errors from the one table.

import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import type { Actor } from '../audit/audit-store.ts';
import type { Config } from '../config.ts';
import {
  type Answered,
  AppError,
  errorResponse,
  type FieldErrors,
  RESOURCE_METADATA,
} from '../core/errors.ts';
import { isUuid, newId } from '../core/ids.ts';
import { USUAL } from '../openapi/refusals.ts';
import { clientRequestId } from './client-request-id.ts';
import { toAppError } from './errors.ts';
import { isStorableJson } from './fields.ts';
import { portalOriginOf } from './portal-origin.ts';

const MAX_BODY_BYTES = 64 * 1024;
const NOT_STORABLE = 'Texts must be well-formed Unicode without NUL, in JSON of at most 64 levels';

export type ApiEnv<Services> = {
  Bindings: Record<string, unknown>;
  Variables: { services: Services; requestId: string };
};

/** Field errors without the input that caused them. */
export const fieldErrors = (error: z.ZodError): FieldErrors =>
  error.issues.map((issue) => ({ field: issue.path.join('.'), message: issue.message }));

export function renderError(error: unknown, answered: Answered): Response {
  const { code, message, fields } = toAppError(error);
  const response = errorResponse(code, answered, { message, fields });
  response.headers.set('cache-control', 'no-store');
  return response;
}

/** Also of a request that came to no service. */
export const answeredTo = ({
  req,
  var: { services, requestId },
}: {
  req: { url: string; raw: Request };
  var: { services: Pick<ApiServices, 'config'>; requestId: string | undefined };
}): Answered => ({
  requestId: requestId ?? newId(),
  portalOrigin: portalOriginOf(services.config, req.url),
  headers: req.raw.headers,
});

interface ApiServices {
  config: Pick<Config, 'PORTAL_ORIGIN'>;
  log(line: Record<string, unknown>): void;
}

/** Where bodies may be larger than usual. */
export interface Larger {
  paths: RegExp;
  bytes: number;
}

const bounded = (maxSize: number): MiddlewareHandler =>
  bodyLimit({ maxSize, onError: () => Promise.reject(new AppError('payload_too_large')) });

/** A larger body is refused before it is read. */
export function boundBodies(maxBytes: number, larger?: Larger): MiddlewareHandler {
  const usual = bounded(maxBytes);
  const large = bounded(larger?.bytes ?? maxBytes);
  return (context, next) => (larger?.paths.test(context.req.path) ? large : usual)(context, next);
}

/**
 * An API whose handlers find their services in `c.var.services`. `larger`: where bodies may be that large. `takesKeys`: callers
 * are keys and clients, and who issues tokens for it is said where one lacks.
 */
export function createApi<Services extends ApiServices>({
  larger,
  takesKeys = false,
}: {
  larger?: Larger;
  takesKeys?: boolean;
} = {}) {
  const api = new OpenAPIHono<ApiEnv<Services>>({
    defaultHook(result) {
      if (!result.success)
        throw new AppError('validation_error', undefined, { details: fieldErrors(result.error) });
    },
  });
  api.use(async (context, next) => {
    context.set('requestId', newId());
    await next();
    context.header('X-Request-Id', context.var.requestId);
    context.header('Cache-Control', 'no-store');
  });
  api.use(boundBodies(MAX_BODY_BYTES, larger));
  // Whatever a route makes of its fields: what cannot be stored is refused before anything is asked of the database.
  api.use(async (context, next) => {
    if (/%00/.test(context.req.url)) throw new AppError('invalid_request', NOT_STORABLE);
    if (/\bjson\b/i.test(context.req.header('content-type') ?? '')) {
      // A copy: who checks a signature reads the bytes.
      const body = await context.req.raw
        .clone()
        .json()
        .catch(() => undefined);
      if (!isStorableJson(body)) throw new AppError('invalid_request', NOT_STORABLE);
    }
    await next();
  });
  api.onError((error, context) => {
    const answered = answeredTo(context);
    const resourceMetadata = takesKeys ? `${answered.portalOrigin}${RESOURCE_METADATA}` : undefined;
    const response = renderError(error, { ...answered, resourceMetadata });
    if (response.status >= 500) {
      const { method, path } = context.req;
      const cause = error.cause instanceof Error ? String(error.cause) : undefined;
      context.var.services?.log({
        message: `${method} ${path} failed`,
        level: 'error',
        request_id: response.headers.get('x-request-id'),
        client_request_id: clientRequestId(context.req.raw.headers),
        error: String(error),
        cause,
      });
    }
    return response;
  });
  return api;
}

export const clientIp = (context: Context): string | null => context.req.header('cf-connecting-ip') ?? null;

export const actorOf = (context: Context, name: string): Actor => ({
  name,
  ip: clientIp(context),
  requestId: context.var.requestId,
});

/** A path id that is no uuid names nothing: 404, never 400 or 500. */
export function idOr404(id: string, what: string): string {
  if (!isUuid(id)) throw new AppError('not_found', `No such ${what}`);
  return id;
}

function checkedCursor(cursor: string | undefined, isGood: (text: string) => boolean): string | undefined {
  if (cursor !== undefined && !isGood(cursor))
    throw new AppError('invalid_request', 'The cursor is not valid');
  return cursor;
}
/** Cursor of a list whose rows have uuids. */
export const uuidCursor = (cursor: string | undefined): string | undefined => checkedCursor(cursor, isUuid);
/** Cursor of a list whose rows are numbered. */
export const numberCursor = (cursor: string | undefined): number | undefined => {
  const checked = checkedCursor(cursor, (text) => /^\d{1,15}$/.test(text));
  return checked === undefined ? undefined : Number(checked);
};

export const errorBody = z.looseObject({
  error: z.string(),
  message: z.string(),
  request_id: z.string().describe('The `X-Request-Id` of this answer'),
  doc_url: z.url().describe('The page that explains the code'),
});

/** The error answers that a route can give beside those that any can (src/openapi/refusals.ts), for the OpenAPI document. */
export const errorAnswers = (...statuses: number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      { description: USUAL, content: { 'application/json': { schema: errorBody } } },
    ]),
  );

export const jsonAnswer = <S extends z.ZodType>(description: string, schema: S) => ({
  description,
  content: { 'application/json': { schema } },
});
export const jsonBody = <S extends z.ZodType>(schema: S) => ({
  required: true,
  content: { 'application/json': { schema } },
});

/** Cursor pages: `limit` rows after the one whose id is `cursor`. */
export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  cursor: z.string().max(100).optional(),
});

/** Of `limit` rows and one more. The answer's `Link` names the page that follows, as `next_cursor` does (RFC 8288). */
export function page<Row>(
  context: Context,
  rows: Row[],
  limit: number,
  cursorOf: (row: Row) => string | number,
) {
  const data = rows.slice(0, limit);
  const last = data.at(-1);
  if (rows.length <= limit || last === undefined) return { data, next_cursor: null };
  const cursor = String(cursorOf(last));
  const { pathname, searchParams } = new URL(context.req.url);
  searchParams.set('cursor', cursor);
  context.header('Link', `<${pathname}?${searchParams}>; rel="next"`, { append: true });
  return { data, next_cursor: cursor };
}
