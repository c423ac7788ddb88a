// /openapi.json, /openapi/developer.json and /openapi/<api>.json: public, and readable from any origin.

import { Hono } from 'hono';
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
  const found = (await catalogs.whole()).documents.find(
    (each) => `${each['x-passerelle'].id}.json` === context.req.param('file'),
  );
  if (!found) throw new AppError('not_found');
  return context.json(
    servedFrom(offeredDocument(found, brand.name), originOf(context, config)),
    200,
    HEADERS,
  );
});
