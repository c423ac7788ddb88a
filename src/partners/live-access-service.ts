// Requests for live access: what a partner says of itself, the queue that operators answer, and the answer. Approving is the
// partner's status (partner-service.ts); a declined partner may ask again.

import { sql } from 'drizzle-orm';
import { type Actor, auditRow } from '../audit/audit-store.ts';
import { AppError } from '../core/errors.ts';
import type { Notify, Recipient } from '../mail/notices.ts';
import { recipientsOf } from '../mail/recipients-store.ts';
import type { Database } from '../platform/database.ts';
import { json, number, oneOf, type RowOf, row, text, time, uuid } from '../platform/row.ts';
import { PARTNER_STATUSES } from './partner-view-store.ts';

const answers = {
  company: text,
  website: text.nullable(),
  useCase: text,
  monthlyRequests: number,
  askedAt: time,
};
const LiveAccessRequest = row('request for live access', {
  ...answers,
  declinedAt: time.nullable(),
  declineReason: text.nullable(),
});
export type LiveAccessRequest = RowOf<typeof LiveAccessRequest>;
const Waiting = row('request for live access that waits', {
  ...answers,
  partnerId: uuid,
  partner: text,
  email: text,
  status: oneOf(PARTNER_STATUSES),
});
export type WaitingRequest = RowOf<typeof Waiting>;
const Count = row('requests for live access that wait', { waiting: number });
const Declined = row('declined request', { name: text, recipients: json<Recipient[]>().nullable() });

export interface LiveAccessAnswers {
  company: string;
  website?: string | null;
  useCase: string;
  monthlyRequests: number;
}

export type LiveAccessStatus = 'none' | 'requested' | 'declined' | 'approved';

/** Where a partner of this status stands with it. */
export function statusOf(
  partnerStatus: string,
  request: Pick<LiveAccessRequest, 'declinedAt'> | undefined,
): LiveAccessStatus {
  if (partnerStatus === 'active') return 'approved';
  if (!request) return 'none';
  return request.declinedAt === null ? 'requested' : 'declined';
}

interface Ports {
  database: Database;
  notify: Notify;
  /** Where operators hear of it; nobody does where there is none. */
  operatorEmail: string | undefined;
}

const ANSWERS = sql`r.company, r.website, r.use_case AS "useCase", r.monthly_requests AS "monthlyRequests", r.asked_at AS "askedAt"`;
const OPEN = sql`r.declined_at IS NULL AND p.status IN ('sandbox_only', 'pending')`;

const createViews = (database: Database) => ({
  /** What the partner asked last. */
  async of(partnerId: string): Promise<LiveAccessRequest | undefined> {
    const [found] = await database.rows(
      LiveAccessRequest,
      sql`
        SELECT ${ANSWERS}, r.declined_at AS "declinedAt", r.decline_reason AS "declineReason"
        FROM live_access_request r WHERE r.partner_id = ${partnerId}`,
    );
    return found;
  },

  /** Those that wait, the oldest first. */
  queue: (limit: number): Promise<WaitingRequest[]> =>
    database.rows(
      Waiting,
      sql`
        SELECT ${ANSWERS}, r.partner_id AS "partnerId", p.name AS partner, p.email, p.status
        FROM live_access_request r JOIN partner p ON p.id = r.partner_id WHERE ${OPEN}
        ORDER BY r.asked_at, r.partner_id LIMIT ${limit}`,
    ),

  async waiting(): Promise<number> {
    const [found] = await database.rows(
      Count,
      sql`SELECT count(*) AS waiting FROM live_access_request r JOIN partner p ON p.id = r.partner_id WHERE ${OPEN}`,
    );
    return found?.waiting ?? 0;
  },
});

const createAsking = ({ database, notify, operatorEmail }: Ports) => ({
  /**
   * Asks, once: the same again changes nothing and tells nobody; other answers take the place of those that wait, and keep
   * their place in the queue. @throws AppError conflict, where the partner is approved
   */
  async ask(
    partner: { id: string; name: string; status: string },
    { company, website = null, useCase, monthlyRequests }: LiveAccessAnswers,
    actor: Actor,
    origin: string,
  ): Promise<void> {
    if (partner.status === 'active') throw new AppError('conflict', 'This account has live access already');
    const changed = await database.run(sql`
        WITH changed AS (
          INSERT INTO live_access_request AS r (partner_id, company, website, use_case, monthly_requests, asked_by)
          SELECT id, ${company}, ${website}, ${useCase}, ${monthlyRequests}, ${actor.name} FROM partner
          WHERE id = ${partner.id} AND status IN ('sandbox_only', 'pending')
          ON CONFLICT (partner_id) DO UPDATE SET company = excluded.company, website = excluded.website,
            use_case = excluded.use_case, monthly_requests = excluded.monthly_requests, asked_by = excluded.asked_by,
            asked_at = CASE WHEN r.declined_at IS NULL THEN r.asked_at ELSE now() END, declined_at = NULL, decline_reason = NULL
          WHERE (r.company, r.website, r.use_case, r.monthly_requests, r.declined_at) IS DISTINCT FROM
            (excluded.company, excluded.website, excluded.use_case, excluded.monthly_requests, NULL::timestamptz)
          RETURNING partner_id),
        audit AS (${auditRow(
          actor,
          'live_access.requested',
          { partner_id: partner.id },
          { company, website, use_case: useCase, monthly_requests: monthlyRequests },
        )})
        SELECT * FROM changed`);
    if (changed === 0 || !operatorEmail) return;
    const about = {
      name: partner.name,
      detail: company,
      path: `/operator/partners/${partner.id}`,
      origin,
    };
    await notify({ email: operatorEmail, language: 'en' }, 'liveAccessRequested', about);
  },
});

export function createLiveAccessService(ports: Ports) {
  const { database, notify } = ports;
  return {
    ...createViews(database),
    ...createAsking(ports),

    /** Its owners hear why. @throws AppError not_found, where nothing waits */
    async decline(partnerId: string, reason: string, actor: Actor, origin: string): Promise<void> {
      const [declined] = await database.rows(
        Declined,
        sql`
        WITH changed AS (
          UPDATE live_access_request r SET declined_at = now(), decline_reason = ${reason} FROM partner p
          WHERE r.partner_id = ${partnerId}::uuid AND p.id = r.partner_id AND ${OPEN} RETURNING r.partner_id, p.name),
        audit AS (${auditRow(actor, 'live_access.declined', { partner_id: partnerId }, { reason })})
        SELECT name, ${recipientsOf(sql`changed.partner_id`)} AS recipients FROM changed`,
      );
      if (!declined) throw new AppError('not_found', 'No request for live access waits');
      const about = { name: declined.name, detail: reason, path: '/portal/live-access', origin };
      await Promise.all(
        (declined.recipients ?? []).map((recipient) => notify(recipient, 'liveAccessDeclined', about)),
      );
    },
  };
}

export type LiveAccessService = ReturnType<typeof createLiveAccessService>;
