// /api/dev/*: for developers, by JWT. Which partner a request acts for, and the API that its routes are added to.

import type { Context } from 'hono';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError } from '../../core/errors.ts';
import { type ApiEnv, actorOf, createApi } from '../../http/api.ts';
import { idempotent } from '../../http/idempotent.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import type { Services } from '../services.ts';

export interface Developer {
  partner: PartnerView;
  actor: Actor;
}

const developers = new WeakMap<Request, Developer>();

export const developerApi = createApi<Services>();

developerApi.use(async (context, next) => {
  const { verifyToken, partners, idempotency } = context.var.services;
  const claims = await verifyToken(context.req.header('authorization'));
  const actor = actorOf(context, `developer:${claims.sub}`);
  const partner = await partners.ofDeveloper(claims.sub, claims.email, actor);
  developers.set(context.req.raw, { partner, actor });
  return idempotent(context, next, idempotency, `partner:${partner.id}`);
});

export function developerOf(context: Context<ApiEnv<Services>>): Developer {
  const developer = developers.get(context.req.raw);
  if (!developer) throw new AppError('invalid_token');
  return developer;
}
