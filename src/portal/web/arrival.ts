// Where whoever has just signed in goes, and what a first arrival is given: the partner without members that has the verified
// address, or one of their own, with an app and a test key.

import type { Account } from '../../accounts/account-service.ts';
import { createFirstKey } from '../../partners/provisioning.ts';
import { accountActor } from '../../web/web.ts';
import { carryFirstKey } from './first-key.ts';
import type { PortalContext } from './portal-web.tsx';

/** The partner that an operator created for this address, or that was moved here, where nobody is a member of it yet. */
const enter = (context: PortalContext, { id, email }: Account): Promise<boolean> =>
  context.var.services.members.enter(id, email, accountActor(context, id));

/** A new account gets a partner: false where another one has its address, and members. */
export async function register(context: PortalContext, account: Account): Promise<boolean> {
  const { services, view } = context.var;
  const { id, email, name } = account;
  const actor = accountActor(context, id);
  const own = await services.partners.ofDeveloper(id, email, actor, name);
  if (!own) return enter(context, account);
  if (own.isNew) {
    const { firstApp, firstKey } = view.m.overview;
    const names = { app: firstApp, key: firstKey };
    const made = await createFirstKey(services, own.partner.id, names, actor).catch((error) =>
      // The overview's steps lead to an app and a key as well.
      services.log({ message: 'first key not created', level: 'error', error: String(error) }),
    );
    if (made) await carryFirstKey(context, id, { keyId: made.key.keyId, secret: made.secret });
  }
  return true;
}

/** The path of the next page: first arrivals are made a partner, unless they were invited somewhere. */
export async function arrive(context: PortalContext, account: Account, back = '/portal'): Promise<string> {
  const { members, partners } = context.var.services;
  if (account.isOperator || (await partners.workspace(account.id))) return back;
  if (back.startsWith('/invite/')) return back;
  if (await enter(context, account)) return back;
  if ((await members.invitationsFor(account.email)).length > 0) return '/welcome';
  return (await register(context, account)) ? back : '/welcome';
}
