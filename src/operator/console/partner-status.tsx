// Whether a partner may call, as a badge.

import type { View } from '../../web/view.ts';

export const PartnerStatus = ({ view, status }: { view: View; status: string }) => (
  <span
    class={`badge ${status === 'active' ? 'good' : status === 'suspended' || status === 'inactive' ? 'bad' : 'warn'}`}
  >
    {view.m.operator.statuses[status] ?? status}
  </span>
);
