// The partner's quotas as its limiter counts them: what is billed, of what the plan has, and what happens beyond it.

import { isUnlimited } from '../../limits/limit.ts';
import type { PartnerStanding } from '../../limits/protocol.ts';
import { Meter } from '../../web/components/parts.tsx';
import { useView } from '../../web/view-context.ts';

export const QuotaMeters = ({ standing }: { standing: PartnerStanding }) => {
  const { m, format } = useView();
  const { gauges, used, plan } = standing;
  const cap = gauges.month.level === 'cap' ? gauges.month.limit : -1;
  const beyond = () => {
    if (plan.overage === 'block') return '';
    if (plan.overage === 'warn') return m.quota.beyondWarned;
    return isUnlimited(cap) ? m.quota.beyondCharged : m.quota.beyondCapped(format.number(cap));
  };
  return (
    <>
      {(['day', 'month'] as const).map((period) => {
        const limit = plan[period];
        const resets = m.quota.resets(format.ago(new Date(gauges[period].resetMs).toISOString()));
        return (
          <Meter
            label={m.quota[period]}
            used={used[period]}
            limit={limit}
            remaining={isUnlimited(limit) ? -1 : Math.max(0, limit - used[period])}
            note={isUnlimited(limit) ? resets : [resets, beyond()].filter(Boolean).join('. ')}
          />
        );
      })}
      <p class="hint">{m.quota.units}</p>
    </>
  );
};
