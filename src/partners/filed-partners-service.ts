// Partners as a configuration file names them, by their addresses: what they are called, their plan, and their own limits. Never
// their keys, nor whether they may call.

import { type SQL, sql } from 'drizzle-orm';
import type { PlanService } from '../billing/plan-service.ts';
import { invalid } from '../core/errors.ts';
import { newId } from '../core/ids.ts';
import type { OverageAction } from '../limits/limit.ts';
import { eventRow } from '../outbox/event-store.ts';
import { command, type Query } from '../platform/query.ts';
import { assignments } from '../platform/sql.ts';
import type { Inviting } from './invitation-mail.ts';
import { limitsOfPlan, overageGiven, ownLimits, partnerInsertion } from './partner-service.ts';
import { type InvitePorts, inviteIfItCanBe } from './provisioning.ts';

export interface FiledLimits {
  rate_limit_per_second: number;
  rate_limit_per_day: number;
  rate_limit_per_month: number;
}

/** What is left out stays as it is. */
export interface FiledPartner {
  email: string;
  /** Null where there is none yet. */
  id: string | null;
  name?: string;
  company?: string | null;
  plan?: string;
  /** null: its plan's. */
  limits?: FiledLimits | null;
  overage_action?: OverageAction;
}

interface Ports {
  plans: Pick<PlanService, 'plans' | 'plansFor' | 'applyDue' | 'tellAssigned'>;
  announce(partnerId: string): Promise<void>;
  invite: InvitePorts;
  now(): number;
}

const limitsSet = ({ limits, plan, overage_action: overage }: FiledPartner): SQL[] => [
  ...(limits === undefined
    ? []
    : [
        limits === null
          ? limitsOfPlan(plan === undefined ? sql`partner.tier` : sql`${plan}`)
          : ownLimits({
              perSecond: limits.rate_limit_per_second,
              perDay: limits.rate_limit_per_day,
              perMonth: limits.rate_limit_per_month,
            }),
      ]),
  ...(overage ? [overageGiven(overage, plan === undefined ? undefined : sql`${plan}`)] : []),
];

/** What an operator assigns is not the partner's to undo. */
function changeOf(id: string, wish: FiledPartner, reason: string | undefined): Query<number>[] {
  const { name, company, plan } = wish;
  const named = assignments({ name, company });
  const assigned = plan !== undefined ? [sql`tier = ${plan}, plan_changed_at = NULL`] : [];
  const sets = [...(named ? [named] : []), ...assigned, ...limitsSet(wish)];
  if (sets.length === 0) return [];
  return [
    command(sql`WITH changed AS (UPDATE partner SET ${sql.join(sets, sql`, `)}, updated_at = now()
        WHERE id = ${id}::uuid RETURNING id AS partner_id),
      event AS (${eventRow('plan.changed', { tier: plan, reason })} WHERE ${plan !== undefined})
      SELECT partner_id FROM changed`),
  ];
}

export function createFiledPartners({ plans, announce, invite, now }: Ports) {
  async function checkPlan({ id, plan }: FiledPartner, made: readonly string[]): Promise<void> {
    if (plan === undefined || made.includes(plan)) return;
    const offered =
      id === null
        ? (await plans.plans()).filter((each) => each.partnerId === null)
        : await plans.plansFor(id);
    if (!offered.some(({ tier }) => tier === plan))
      throw invalid('plan', `Plans are: ${offered.map(({ tier }) => tier).join(', ')}`);
  }

  function make(wish: FiledPartner): Query<number>[] {
    const { email, name, company, plan } = wish;
    if (name === undefined) throw invalid('name', 'is needed: there is no such partner yet');
    if (plan === undefined) throw invalid('plan', 'is needed: there is no such partner yet');
    const id = newId();
    const inserted = partnerInsertion(id, { email, name, company, tier: plan, status: 'active' });
    return [
      command(sql`WITH ${inserted} SELECT partner_id FROM changed`),
      ...changeOf(
        id,
        { email, id, limits: wish.limits ?? undefined, overage_action: wish.overage_action },
        undefined,
      ),
    ];
  }

  async function tell({ id, email, plan }: FiledPartner, reason: string | undefined, inviting: Inviting) {
    if (id === null) await inviteIfItCanBe(invite, email, inviting);
    else {
      await announce(id);
      if (plan !== undefined) await plans.tellAssigned(id, reason);
    }
  }

  return {
    /** `made`: plans that the file makes. @throws AppError validation_error */
    async prepare(
      wish: FiledPartner,
      { made, reason }: { made: readonly string[]; reason: string | undefined },
    ): Promise<Query<number>[]> {
      await checkPlan(wish, made);
      return wish.id === null ? make(wish) : changeOf(wish.id, wish, reason);
    },

    /** What waited for the end of a period that is over: before anything is looked at. */
    settleBefore: () => plans.applyDue(now()),

    /** After the commit: limiters and mails. Whoever cannot be told keeps nobody else from being told. */
    async settle(
      wishes: readonly FiledPartner[],
      reason: string | undefined,
      inviting: Inviting,
    ): Promise<void> {
      const failures: unknown[] = [];
      for (const wish of wishes)
        await tell(wish, reason, inviting).catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
}

export type FiledPartners = ReturnType<typeof createFiledPartners>;
