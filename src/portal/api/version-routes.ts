// /api/dev/versions: the dated versions of the APIs, and which of them a partner calls.

import { createRoute } from '@hono/zod-openapi';
import { errorAnswers, jsonAnswer } from '../../http/api.ts';
import { versionList, versionsSaid } from '../../http/version-schemas.ts';
import { developerApi, developerOf } from './developer.ts';

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/versions',
    tags: ['Usage'],
    summary: 'List the dated versions of the APIs, and which of your keys call each',
    responses: { 200: jsonAnswer('Versions', versionList), ...errorAnswers(401, 403) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    return context.json(versionsSaid(await context.var.services.versions.ofPartner(partner.id)), 200);
  },
);
