// What operators set up for a partner, by page and by API: the partner itself, whose address is invited to own it, and keys,
// of which its owners hear. A mail that could not be sent undoes nothing.

import type { Actor } from '../audit/audit-store.ts';
import type { Catalog } from '../catalog/catalog.ts';
import { AppError, type ErrorCode } from '../core/errors.ts';
import type { NewKey } from '../keys/key-creation-service.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { KeyView } from '../keys/key-view-store.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Notify } from '../mail/notices.ts';
import type { AppService } from './app-service.ts';
import { type Inviting, inviteOwner } from './invitation-mail.ts';
import type { MemberService } from './member-service.ts';
import type { NewPartner, PartnerService, PartnerView } from './partner-service.ts';

interface Ports {
  partners: PartnerService;
  apps: AppService;
  keys: KeyService;
  members: MemberService;
  mailer: Mailer;
  notify: Notify;
  brand: { name: string };
}

const UNSENT: ReadonlySet<string> = new Set<ErrorCode>(['rate_limit_exceeded', 'service_unavailable']);
/** The partner is there by then, and whoever signs up with its address gets in. */
function unlessUnsent(error: unknown): false {
  if (!(error instanceof AppError && UNSENT.has(error.code))) throw error;
  return false;
}

export type InvitePorts = Pick<Ports, 'members' | 'mailer' | 'brand'>;

/** Whether a link was sent. */
export const inviteIfItCanBe = (ports: InvitePorts, email: string, inviting: Inviting): Promise<boolean> =>
  inviteOwner(ports, email, inviting).catch(unlessUnsent);

/** A partner, and the invitation of its address to own it. `isInvited`: whether that was mailed. */
export async function createPartner(
  ports: Ports,
  wanted: NewPartner,
  inviting: Inviting,
): Promise<{ partner: PartnerView; isInvited: boolean }> {
  const partner = await ports.partners.create(wanted, inviting.actor);
  const isInvited = await inviteIfItCanBe(ports, partner.email, inviting);
  return { partner, isInvited };
}

/** A key of any partner. Its owners are told that an operator created it; the secret is in this answer and nowhere else. */
export async function createPartnerKey(
  { partners, apps, keys, notify }: Ports,
  partnerId: string,
  wanted: NewKey,
  { actor, origin }: { actor: Actor; origin: string },
): Promise<{ key: KeyView; secret: string }> {
  const app = wanted.appId ? await apps.get(partnerId, wanted.appId) : undefined;
  const scopes = wanted.scopes ?? (app && app.scopes.length > 0 ? app.scopes : undefined);
  const made = await keys.create(partnerId, { ...wanted, scopes }, actor);
  const optional = { partnerId, kind: 'keys' } as const;
  const about = { name: made.key.name, path: `/portal/keys/${made.key.keyId}`, origin, optional };
  const recipients = await partners.recipients(partnerId);
  await Promise.all(recipients.map((recipient) => notify(recipient, 'keyCreated', about)));
  return made;
}

/** What a partner that was just registered begins with: an app, and a test key in it. */
export async function createFirstKey(
  {
    apps,
    keys,
    gateway,
  }: Pick<Ports, 'apps' | 'keys'> & { gateway: { catalog: Pick<Catalog, 'keyScopes'> } },
  partnerId: string,
  names: { app: string; key: string },
  actor: Actor,
): Promise<{ key: KeyView; secret: string }> {
  const app = await apps.create(partnerId, { name: names.app }, actor);
  const wanted = { appId: app.id, kind: 'bearer', environment: 'test', name: names.key } as const;
  return keys.create(partnerId, { ...wanted, scopes: gateway.catalog.keyScopes.first }, actor);
}
