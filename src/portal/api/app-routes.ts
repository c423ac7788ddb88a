// /api/dev/apps

import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { errorAnswers, idOr404, jsonAnswer, jsonBody, page, pageQuery, uuidCursor } from '../../http/api.ts';
import { newApp } from '../app-schemas.ts';
import { developerApi, developerOf } from './developer.ts';

const app = z.object({
  id: z.string(),
  name: z.string(),
  description: z.string().nullable(),
  website: z.string().nullable(),
  allowed_ips: z.array(z.string()),
  allowed_origins: z.array(z.string()),
  scopes: z.array(z.string()),
  /** Day of the version of dated APIs that it is pinned to; null: its partner's. */
  api_version: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  archived_at: z.string().nullable(),
  /** Until when an archived app can be restored. */
  restorable_until: z.string().nullable(),
});
const listQuery = pageQuery.extend({ archived: z.stringbool().optional() });

const params = z.object({ appId: z.string() });
developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/apps',
    tags: ['Apps'],
    summary: 'Create an app',
    request: { body: jsonBody(newApp) },
    responses: { 201: jsonAnswer('The app', app), ...errorAnswers(400, 401, 413) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    return context.json(
      await context.var.services.apps.create(partner.id, context.req.valid('json'), actor),
      201,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/apps',
    tags: ['Apps'],
    summary: 'List apps, newest first; with archived=true those that are archived',
    request: { query: listQuery },
    responses: {
      200: jsonAnswer('Apps', z.object({ data: z.array(app), next_cursor: z.string().nullable() })),
      ...errorAnswers(400, 401),
    },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const { limit, cursor, archived: isArchived } = context.req.valid('query');
    const seen = { before: uuidCursor(cursor), isArchived };
    const rows = await context.var.services.apps.list(partner.id, limit + 1, seen);
    return context.json(
      page(context, rows, limit, ({ id }) => id),
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/apps/{appId}',
    tags: ['Apps'],
    summary: 'Retrieve an app',
    request: { params },
    responses: { 200: jsonAnswer('The app', app), ...errorAnswers(401, 404) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    const id = idOr404(context.req.valid('param').appId, 'app');
    return context.json(await context.var.services.apps.get(partner.id, id), 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'patch',
    path: '/apps/{appId}',
    tags: ['Apps'],
    summary: 'Update an app',
    request: { params, body: jsonBody(newApp.partial()) },
    responses: { 200: jsonAnswer('The app', app), ...errorAnswers(400, 401, 404) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const id = idOr404(context.req.valid('param').appId, 'app');
    return context.json(
      await context.var.services.apps.change(partner.id, id, context.req.valid('json'), actor),
      200,
    );
  },
);

developerApi.openapi(
  createRoute({
    method: 'delete',
    path: '/apps/{appId}',
    tags: ['Apps'],
    summary: 'Archive an app; its keys stop working at once. It can be restored for 30 days',
    request: { params },
    responses: {
      200: jsonAnswer('Archived', z.object({ id: z.string(), message: z.string() })),
      ...errorAnswers(401, 404),
    },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const id = idOr404(context.req.valid('param').appId, 'app');
    await context.var.services.apps.archive(partner.id, id, actor);
    return context.json({ id, message: 'The app is archived and its keys are refused' }, 200);
  },
);

developerApi.openapi(
  createRoute({
    method: 'post',
    path: '/apps/{appId}/restore',
    tags: ['Apps'],
    summary: 'Restore an archived app, within 30 days; its keys work again at once',
    request: { params },
    responses: { 200: jsonAnswer('The app', app), ...errorAnswers(400, 401, 404, 409) },
  }),
  async (context) => {
    const { partner, actor } = developerOf(context);
    const id = idOr404(context.req.valid('param').appId, 'app');
    return context.json(await context.var.services.apps.restore(partner.id, id, actor), 200);
  },
);
