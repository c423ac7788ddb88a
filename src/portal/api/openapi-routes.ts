// /openapi.json, /openapi/developer.json and /openapi/<api>.json: public, and readable from any origin.

import { Hono } from 'hono';
import { documentOf } from '../../catalog/catalog.ts';
import { AppError } from '../../core/errors.ts';
import { type ApiEnv, answeredTo, renderError } from '../../http/api.ts';
import { servedFrom } from '../../openapi/document.ts';
import { originOf } from '../../web/web.ts';
import type { Services } from '../services.ts';
import { developerDocument, offeredDocument, partnerDocument } from './openapi.ts';

const HEADERS = { 'access-control-allow-origin': '*', 'cache-control': 'public, max-age=300' };

export const documents = new Hono<ApiEnv<Services>>();
documents.onError((error, context) => renderError(error, answeredTo(context)));

documents.get('/openapi.json', async (context) => {
  const { brand, config, catalogs } = context.var.services;
  const document = partnerDocument(await catalogs.whole(), brand.name);
  return context.json(servedFrom(document, originOf(context, config)), 200, HEADERS);
});

documents.get('/openapi/developer.json', (context) => {
  const { brand, config } = context.var.services;
  const document = developerDocument(brand.name);
  return context.json(servedFrom(document, originOf(context, config)), 200, HEADERS);
});

documents.get('/openapi/:file', async (context) => {
  const { brand, config, catalogs } = context.var.services;
  const id = /^(.+)\.json$/.exec(context.req.param('file'))?.[1];
  const current = id === undefined ? undefined : documentOf(await catalogs.whole(), id);
  if (!current || id === undefined) throw new AppError('not_found');
  const date = context.req.query('version');
  const isNewest = date === undefined || date === current['x-passerelle'].versions.at(-1)?.date;
  const found = isNewest ? current : await catalogs.documentOf(id, date);
  if (!found) throw new AppError('not_found', 'No such version of this API');
  return context.json(
    servedFrom(offeredDocument(found, brand.name), originOf(context, config)),
    200,
    HEADERS,
  );
});
