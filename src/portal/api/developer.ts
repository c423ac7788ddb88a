// /api/dev/*: for developers, by JWT or by the portal's session. Which partner a request acts for, what its developer
// may do there, and the API that its routes are added to.

import type { Context } from 'hono';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError } from '../../core/errors.ts';
import { type ApiEnv, actorOf, createApi } from '../../http/api.ts';
import { announceAhead } from '../../http/changes.ts';
import { idempotent } from '../../http/idempotent.ts';
import type { PartnerView } from '../../partners/partner-service.ts';
import {
  isEnding,
  type Permission,
  type Role,
  refusalOf,
  type Standing,
} from '../../partners/permissions.ts';
import { isPersonalToken, type TokenHolder } from '../../partners/token-service.ts';
import type { Workspace } from '../../partners/workspace-service.ts';
import { isFromHere } from '../../web/same-origin.ts';
import { callerOf, originOf } from '../../web/web.ts';
import type { Services } from '../services.ts';

export interface Developer {
  partner: PartnerView;
  role: Role;
  /** The member: an account's id, or issuer and `sub` of a token. */
  subject: string;
  actor: Actor;
  /** What its token may do at most, where it comes by one. */
  only?: readonly string[];
}

const NO_PARTNER =
  'You work for no partner yet. Sign in to the portal, or ask an owner of the partner with your address for an invitation';

const NO_FACTOR =
  'Your organisation asks its members for two-factor authentication. Turn it on in the portal first';

const developers = new WeakMap<Request, Developer>();
const READS = new Set(['GET', 'HEAD']);

export const developerApi = createApi<Services>();

interface Person {
  subject: string;
  email: string | undefined;
  /** By a token. A cookie comes along with a link from anywhere: it makes nobody a partner. */
  mayRegister: boolean;
  /** Was shown: in this session, or to the issuer. */
  hasFactor: boolean;
  /** A personal one: for which partner, and what it may do at most. */
  token?: TokenHolder;
}

async function personOf(context: Context<ApiEnv<Services>>): Promise<Person> {
  const { verifyToken, accountsFor, config, tokens } = context.var.services;
  const authorization = context.req.header('authorization');
  const bearer = /^bearer (\S+)$/i.exec(authorization ?? '')?.[1] ?? '';
  if (isPersonalToken(bearer)) {
    const token = await tokens.holder(bearer);
    if (!token) throw new AppError('invalid_token');
    return { subject: token.subject, email: undefined, mayRegister: false, hasFactor: false, token };
  }
  if (authorization !== undefined || !context.req.header('cookie')) {
    const { subject, email, hasSecondFactor } = await verifyToken(authorization);
    return { subject, email, mayRegister: true, hasFactor: hasSecondFactor };
  }
  // A cookie comes along by itself, so what changes something must come from our own pages.
  if (!isFromHere(context.req.raw, originOf(context, config))) throw new AppError('forbidden');
  const signedIn = await accountsFor(callerOf(context, context.var.services)).session();
  if (!signedIn) throw new AppError('invalid_token');
  const { id, email } = signedIn.account;
  return { subject: id, email, mayRegister: false, hasFactor: signedIn.session.factorAtMs !== undefined };
}

/** What changing something under a path needs; `develop` elsewhere. */
const PERMISSIONS: readonly (readonly [path: string, permission: Permission])[] = [
  ['/api/dev/members', 'own'],
  ['/api/dev/billing', 'pay'],
  ['/api/dev/live-access', 'own'],
];

/** Whoever works for a partner may leave it, and chooses which mails they get. */
const OF_ONESELF = new Set(['DELETE /api/dev/members/me', 'PATCH /api/dev/members/me/mails']);
const isOfOneself = (method: string, path: string): boolean => OF_ONESELF.has(`${method} ${path}`);

/** What a request needs, its path from `/api/dev` on. */
export const permissionAt = (method: string, path: string): Permission =>
  READS.has(method) || isOfOneself(method, path)
    ? 'read'
    : (PERMISSIONS.find(([under]) => path.startsWith(under))?.[1] ?? 'develop');

/** @throws AppError forbidden, partner_suspended */
export function checkMay(standing: Standing, permission: Permission, ends = false): void {
  const refusal = refusalOf(standing, permission, ends);
  if (!refusal) return;
  if (refusal !== 'forbidden') throw new AppError(refusal);
  // Where its member may, it is the token that lacks it.
  const lacks = refusalOf({ ...standing, only: undefined }, permission, ends) !== 'forbidden';
  if (lacks)
    throw new AppError('forbidden', 'This token does not allow this', { required_scope: permission });
  throw new AppError('forbidden', 'Your role does not allow this');
}

/** A token is judged by what its member has; a session by what was shown in it. @throws AppError forbidden */
function checkFactor({ requiresFactor, hasFactor }: Workspace, person: Person): void {
  const isByToken = person.mayRegister || person.token !== undefined;
  if (!requiresFactor || person.hasFactor || (isByToken && hasFactor)) return;
  throw new AppError('forbidden', NO_FACTOR);
}

/**
 * The workspace of whoever asks; whoever comes with a token for the first time gets a partner of their own, or the
 * one without members that has their address.
 */
async function workspaceOf(
  context: Context<ApiEnv<Services>>,
  { subject, email, mayRegister, token }: Person,
  actor: Actor,
): Promise<Workspace> {
  const { services } = context.var;
  const find = () =>
    mayRegister
      ? services.partners.ofDeveloper(subject, email, actor)
      : services.partners.workspace(subject, token?.partnerId);
  const known = await find();
  if (known) return known;
  // A token carries an address only where its issuer has verified it.
  const isIn = mayRegister && email !== undefined && (await services.members.enter(subject, email, actor));
  const entered = isIn ? await find() : undefined;
  if (!entered) throw new AppError('forbidden', NO_PARTNER);
  return entered;
}

developerApi.use(async (context, next) => {
  const { rates, idempotency } = context.var.services;
  const person = await personOf(context);
  rates.take('developer', person.subject);
  const newcomer = actorOf(context, `developer:${person.subject}`);
  const workspace = await workspaceOf(context, person, newcomer);
  const { partner, role, subject } = workspace;
  checkFactor(workspace, person);
  // The member, as on the pages: whoever comes with a token may be an account of ours.
  const actor = actorOf(context, `developer:${subject}`);
  // The chain is gone through for whoever looks at it.
  if (context.req.path.startsWith('/api/dev/audit')) rates.take('audit', partner.id);
  const { method, path } = context.req;
  const only = person.token?.permissions;
  checkMay({ partner, role, only }, permissionAt(method, path), isEnding(method, path));
  developers.set(context.req.raw, { partner, role, subject, actor, only });
  announceAhead(context);
  await context.var.services.catalogs.whole();
  return idempotent(context, next, idempotency, { owner: `partner:${partner.id}`, actor: actor.name });
});

export function developerOf(context: Context<ApiEnv<Services>>): Developer {
  const developer = developers.get(context.req.raw);
  if (!developer) throw new AppError('invalid_token');
  return developer;
}
