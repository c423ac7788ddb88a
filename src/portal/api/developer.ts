// /api/dev/*: for developers, by JWT or by the portal's session. Which partner a request acts for, what its developer
// may do there, and the API that its routes are added to.

import type { Context } from 'hono';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError } from '../../core/errors.ts';
import { type ApiEnv, actorOf, createApi } from '../../http/api.ts';
import { idempotent } from '../../http/idempotent.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import { may, type Permission } from '../../partners/permissions.ts';
import { isFromHere } from '../../web/same-origin.ts';
import { callerOf, originOf } from '../../web/web.ts';
import type { Services } from '../services.ts';

export interface Developer {
  partner: PartnerView;
  /** The member: an account's id, or the `sub` of a token. */
  subject: string;
  actor: Actor;
}

const developers = new WeakMap<Request, Developer>();
const READS = new Set(['GET', 'HEAD']);

export const developerApi = createApi<Services>();

interface Person {
  subject: string;
  email: string | undefined;
  name?: string;
}

async function personOf(context: Context<ApiEnv<Services>>): Promise<Person> {
  const { verifyToken, accountsFor, config } = context.var.services;
  const authorization = context.req.header('authorization');
  if (authorization !== undefined || !context.req.header('cookie')) {
    const { sub, email } = await verifyToken(authorization);
    return { subject: sub, email };
  }
  // A cookie comes along by itself, so what changes something must come from our own pages.
  if (!isFromHere(context.req.raw, originOf(context, config))) throw new AppError('forbidden');
  const session = await accountsFor(callerOf(context, config)).session();
  if (!session) throw new AppError('invalid_token');
  const { id, email, name } = session.account;
  return { subject: id, email, name };
}

/** What changing something under a path needs; `develop` elsewhere. */
const PERMISSIONS: readonly (readonly [path: string, permission: Permission])[] = [
  ['/api/dev/members', 'own'],
  ['/api/dev/billing', 'pay'],
];

const permissionFor = (context: Context): Permission =>
  READS.has(context.req.method)
    ? 'read'
    : (PERMISSIONS.find(([path]) => context.req.path.startsWith(path))?.[1] ?? 'develop');

developerApi.use(async (context, next) => {
  const { partners, idempotency, rates } = context.var.services;
  const person = await personOf(context);
  rates.take('developer', person.subject);
  const actor = actorOf(context, `developer:${person.subject}`);
  const workspace = await partners.ofDeveloper(person.subject, person.email, actor, person.name);
  const { partner, role, subject } = workspace;
  // The chain is gone through for whoever looks at it.
  if (context.req.path.startsWith('/api/dev/audit')) rates.take('audit', partner.id);
  if (!may(role, permissionFor(context))) throw new AppError('forbidden', 'Your role does not allow this');
  developers.set(context.req.raw, { partner, subject, actor });
  return idempotent(context, next, idempotency, `partner:${partner.id}`);
});

export function developerOf(context: Context<ApiEnv<Services>>): Developer {
  const developer = developers.get(context.req.raw);
  if (!developer) throw new AppError('invalid_token');
  return developer;
}
