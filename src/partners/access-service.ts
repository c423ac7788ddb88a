// Who may call: partners are approved, suspended and reinstated.

import { type SQL, sql } from 'drizzle-orm';
import type { Actor, AuditAction } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { Notify } from '../mail/notices.ts';
import { eventRow } from '../outbox/event-store.ts';
import type { PartnerView } from './partner-view-store.ts';
import type { PartnerReader, PartnerWriter } from './partner-write-store.ts';

/** What an operator does about a partner's access. */
export type AccessAction = 'approve' | 'suspend' | 'reinstate';
interface AccessChange {
  /** Of the partner as it is, `b`: where it is not so, it stays as it is. */
  when: SQL;
  status: SQL;
  audit: AuditAction;
  event(id: string, reason: string | null): SQL;
}
/** Who was never approved, and is reinstated, has no live access by that. */
const ACCESS: Record<AccessAction, AccessChange> = {
  approve: {
    when: sql`b.status NOT IN ('active', 'suspended')`,
    status: sql`'active'`,
    audit: 'partner.approved',
    event: (id) => eventRow('partner.approved', { partner_id: id }),
  },
  suspend: {
    when: sql`b.status <> 'suspended'`,
    status: sql`'suspended'`,
    audit: 'partner.suspended',
    event: (id, reason) => eventRow('partner.suspended', { partner_id: id, reason }),
  },
  reinstate: {
    when: sql`b.status = 'suspended'`,
    status: sql`coalesce(p.status_before, 'active')`,
    audit: 'partner.reinstated',
    event: (id) =>
      eventRow('partner.approved', { partner_id: id }, { from: sql`changed WHERE status = 'active'` }),
  },
};

function mailOf(action: AccessAction, { status }: Pick<PartnerView, 'status'>) {
  if (action === 'reinstate') return status === 'active' ? 'reinstated' : 'reinstatedInTest';
  return action === 'suspend' ? 'suspended' : 'approved';
}

type Parts = Pick<PartnerWriter, 'write' | 'published'> & { get: PartnerReader; notify: Notify };

export function createAccessChanges({ write, published, get, notify }: Parts) {
  return {
    /**
     * Its owners are told, and where it is reinstated, whether it is live. A partner that is there already stays as it is, and
     * nobody is told. `origin`: of the portal. @throws AppError conflict where it has to be reinstated first
     */
    async changeAccess(
      id: string,
      action: AccessAction,
      reason: string | null,
      actor: Actor,
      origin: string,
    ): Promise<PartnerView> {
      const { when, status, audit, event } = ACCESS[action];
      const set = sql`status = ${status}, suspended_reason = ${action === 'suspend' ? reason : null}`;
      const changed = await write(id, set, actor, audit, { reason }, event(id, reason), when);
      if (!changed) {
        const partner = await get(id);
        if (action === 'approve' && partner.status === 'suspended')
          throw new AppError('conflict', 'This partner is suspended: reinstate it first');
        return partner;
      }
      const partner = await published(id);
      const why = action === 'suspend' ? (reason ?? undefined) : undefined;
      const about = { name: partner.name, path: '/portal', origin, detail: why };
      const mail = mailOf(action, partner);
      await Promise.all((changed.owners ?? []).map((owner) => notify(owner, mail, about)));
      return partner;
    },
  };
}
