// `npm start -- --openapi <file or address> [--upstream <address>]`: Passerelle in front of anybody's API. The document is read
// before anything starts, so that what is wrong with it is said at once; it is published as an operator would.

import { readFileSync } from 'node:fs';
import pg from 'pg';
import { adoptDocument } from '../catalog/adopt/adopt.ts';
import { UnfitDocument } from '../catalog/adopt/problems.ts';
import { isObject, readDocument } from '../catalog/adopt/read-document.ts';
import { routesOf } from '../catalog/routes.ts';
import { isOwnPart } from '../http/own-paths.ts';
import type { Stack } from './stack.ts';

const FETCH_TIMEOUT_MS = 10_000;

export interface WantedApi {
  /** A file, or where it is on the web. */
  openapi: string;
  /** Where live keys' calls go; the examples of the document where there is none. */
  upstream?: string;
}

export interface LocalApi {
  id: string;
  title: string;
  text: string;
  upstream?: string;
  /** A call that needs nothing to be known, or the first. */
  call: { method: string; path: string };
  routes: number;
  leftOut: number;
}

async function textOf(source: string): Promise<string> {
  if (!/^https?:\/\//.test(source)) return readFileSync(source, 'utf8');
  const response = await fetch(source, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`its server answered ${response.status}`);
  return response.text();
}

/** `/api/v3` of the document's first server: upstreams of their own have it, too. */
function serverPath(text: string): string {
  const { servers } = readDocument(text);
  const [first] = Array.isArray(servers) ? servers : [];
  const url =
    isObject(first) && typeof first.url === 'string' ? URL.parse(first.url, 'http://here.invalid') : null;
  return url && !/[{}]|%7b/i.test(url.pathname) ? url.pathname.replace(/\/+$/, '') : '';
}

/** An origin alone is taken to have the API where its document says; with a path, it is as given. */
const upstreamOf = (upstream: string, text: string): string =>
  new URL(upstream).pathname === '/' && !upstream.endsWith('/')
    ? upstream + serverPath(text)
    : upstream.replace(/\/+$/, '');

/** @throws an error in words for whoever reads the terminal */
export async function readApi({ openapi, upstream }: WantedApi): Promise<LocalApi> {
  let text: string;
  try {
    text = await textOf(openapi);
  } catch (error) {
    throw new Error(`${openapi} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  try {
    const first = adoptDocument(text);
    const { id } = first.document['x-passerelle'];
    // A title like `Portal API` is no reason to refuse it.
    const { document, notes } = isOwnPart(id) ? adoptDocument(text, { id: `${id}-api` }) : first;
    const routes = routesOf(document);
    const shown = Object.values(document.paths).flatMap((item) => item.get?.['x-first-call'] ?? [])[0];
    const route = routes.find(({ method }) => method === 'GET') ?? routes[0];
    return {
      id: document['x-passerelle'].id,
      title: document.info.title,
      text,
      upstream: upstream && upstreamOf(upstream, text),
      call: shown
        ? { method: 'GET', path: shown.path }
        : { method: route?.method ?? 'GET', path: (route?.path ?? '/').replace(/\{[^}]*\}/g, '1') },
      routes: routes.length,
      leftOut: notes.length,
    };
  } catch (error) {
    if (!(error instanceof UnfitDocument)) throw error;
    const wrong = error.problems.map(({ pointer, message }) => `  ${pointer || '/'} ${message}`);
    throw new Error(`${openapi} cannot be offered:\n${wrong.join('\n')}`);
  }
}

/** Publishes it, and lets the demo's keys call it. @throws an error in words */
export async function offerApi(
  { url, demoFile, databaseUrl, demo }: Stack,
  { id, text, upstream }: LocalApi,
): Promise<void> {
  const { operator } = demoFile as { operator: { token: string } };
  const answer = await fetch(`${url}/api/admin/apis/${id}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${operator.token}` },
    body: JSON.stringify({
      document: text,
      upstreams: upstream ? [{ url: upstream }] : [],
      reason: 'npm start',
    }),
  });
  if (!answer.ok) {
    const { message, details = [] } = (await answer.json()) as {
      message: string;
      details?: { field: string; message: string }[];
    };
    throw new Error([message, ...details.map(({ field, message: why }) => `  ${field} ${why}`)].join('\n'));
  }
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(
      `UPDATE api_key SET scopes = ARRAY(SELECT DISTINCT unnest(scopes || $2::text[]) ORDER BY 1)
       WHERE partner_id = $1 AND is_active AND parent_id IS NULL AND NOT scopes @> $2::text[]`,
      [demo.partner.id, [`read:${id}`, `write:${id}`]],
    );
  } finally {
    await client.end();
  }
}
