// What was left of each limit after a call, for its usage event and its explanation. -1 is unlimited. Pure.

import type { UsageEvent } from '../usage/usage-event.ts';
import type { Exchange } from './exchange.ts';

export const remainingOf = ({ gauges }: Exchange): UsageEvent['remaining'] =>
  gauges && {
    second: gauges.second.remaining,
    day: gauges.day.remaining,
    month: gauges.month.remaining,
    ...(gauges.budget && { budget: gauges.budget.remaining }),
  };
