// What the pages of simulations say, in English.

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

export const simulationEn = {
  simulation: {
    title: 'What would it have cost?',
    link: 'Try other plans and limits on what you called',
    about: 'Your requests, made again with other settings. Nothing changes by it.',
    partner: (name: string) => `Simulate ${name}`,
    partnerAbout: 'The partner’s requests, made again with other settings. Nothing changes by it.',
    settings: 'Settings to try',
    limitsStay: 'The partner’s limits were set for it alone: another plan does not change them.',
    period: 'Period',
    lastDays: 'Last 30 days',
    asItWas: 'as it was',
    limitHint: 'Leave empty for as it was; -1 is unlimited.',
    cap: 'Monthly overage cap',
    run: 'Simulate',
    result: (from: string, to: string) => `${from} to ${to}`,
    headline: (would: string, was: string) => `${would} instead of ${was}, tax included.`,
    was: 'As it was',
    would: 'Simulated',
    change: 'Difference',
    accepted: 'Requests accepted',
    refused: {
      per_second: 'Refused: limit per second',
      burst: 'Refused: burst of a key',
      rate: 'Refused: per second or burst',
      per_day: 'Refused: daily quota',
      per_month: 'Refused: monthly quota',
      cap: 'Refused: spending cap',
    },
    overageUnits: 'Requests over the quota',
    planCost: 'Plan',
    overageCost: 'Overage',
    tax: 'Tax',
    total: 'Total',
    same: 'Nothing would have been different.',
    byDay: 'Day by day',
    day: 'Day',
    acceptedShort: 'Accepted',
    refusedShort: 'Refused',
    overageShort: 'Over quota',
    costShort: 'Cost so far, before tax',
    how: 'How this is worked out',
    demand:
      'Each request is made again at its moment, by the rules that limit and bill, also those that were refused. It is assumed that the same requests would have been sent, and that those refused would have succeeded.',
    share: 'Part of a month costs its share of the plan, and the overage of its days.',
    sumsOnly: (days: number, why: string) =>
      `${days} ${plural(days, 'day is', 'days are')} worked out from daily totals: ${why}. Quotas and prices follow from these; limits per second and bursts do not.`,
    bases: {
      not_kept: 'single requests are no longer kept',
      imported: 'use was imported as one figure a day',
      incomplete: 'some single requests are missing',
      too_many: 'there are more requests than one simulation replays',
    },
    ratesUnknown:
      'What other limits per second or bursts would have refused on these days is unknown, so their requests end as they did.',
    unknown: 'unknown',
    andUnknown: (calls: string) => `${calls} + unknown`,
    late: (units: string) =>
      `${units} requests arrived after their month was closed. They count as they did.`,
    unexplained: (calls: string, all: string) =>
      `Of ${all} requests, ${calls} ended otherwise than the limits known today say: limits may have changed, or requests came at the same moment. They end as they did wherever both settings say the same.`,
    plan: (plan: string) => `Simulate prices of ${plan}`,
    planLink: 'Simulate',
    planAbout:
      'A month of all partners that were on the plan, with other prices. Worked out from daily totals; nothing changes by it.',
    included: 'Requests included per month',
    partners: (count: number, text: string) => `${text} ${plural(count, 'partner', 'partners')}`,
    nobody: 'Nobody was on this plan',
    partial:
      'More partners were on this plan than one simulation takes: the sums are of those that are counted here.',
    largest: 'Largest differences first',
    sums: 'All together, before tax',
  },
};
