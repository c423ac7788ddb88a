// An independent biller, the long way round: every unit is looked at by itself, in the order in which it was used, under
// the terms of its moment. Shares no code with src/billing.

export interface NaiveTerms {
  atMs: number;
  tier: string;
  currency: string;
  isBilled: boolean;
  price: number;
  included: number;
  action: string;
  per1000: number;
  cap: number | null;
  taxBps: number;
}

export interface NaiveEvent {
  atMs: number;
  units: number;
  app: string | null;
  /** When the biller can know of it. */
  knownMs: number;
}

export interface NaiveInvoice {
  month: string;
  currency: string;
  lines: string[];
  subtotal: number;
  tax: number;
  total: number;
}

const monthName = (year: number, month: number) =>
  new Date(Date.UTC(year, month, 1)).toISOString().slice(0, 10);
const bounds = (name: string): [number, number] => {
  const date = new Date(`${name}T00:00:00Z`);
  return [date.getTime(), Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)];
};
export const monthAfter = (name: string, by = 1): string => {
  const date = new Date(`${name}T00:00:00Z`);
  return monthName(date.getUTCFullYear(), date.getUTCMonth() + by);
};

/** Shares of a whole in proportion: each gets its floor, and those with the largest remainders one more. */
function portions(whole: bigint, weights: bigint[]): bigint[] {
  const all = weights.reduce((a, b) => a + b, 0n);
  const rows = weights.map((weight, at) => ({
    at,
    part: (whole * weight) / all,
    rest: (whole * weight) % all,
  }));
  let missing = whole - rows.reduce((sum, { part }) => sum + part, 0n);
  for (const row of [...rows].sort((a, b) => (a.rest === b.rest ? a.at - b.at : a.rest > b.rest ? -1 : 1))) {
    if (missing === 0n) break;
    row.part += 1n;
    missing -= 1n;
  }
  return rows.map(({ part }) => part);
}

interface Bill {
  lines: string[];
  sums: Map<string, bigint>;
  overage: Map<string, bigint>;
}

/** `terms`: in order of time. `apps`: names by id, in the order of their names. */
function bill(
  name: string,
  terms: NaiveTerms[],
  events: NaiveEvent[],
  apps: [string | null, string][],
): Bill {
  const [start, end] = bounds(name);
  const used = events.filter(({ atMs }) => atMs >= start && atMs < end).sort((a, b) => a.atMs - b.atMs);
  const lines: string[] = [];
  const sums = new Map<string, bigint>();
  const add = (currency: string, amount: bigint) => sums.set(currency, (sums.get(currency) ?? 0n) + amount);

  // Plans: walk from change to change; a stretch goes on while plan, price and currency stay.
  let open: { key: string; from: number; to: number; terms: NaiveTerms } | undefined;
  const finish = () => {
    if (!open) return;
    const units = used.filter(({ atMs }) => atMs >= (open?.from ?? 0) && atMs < (open?.to ?? 0));
    const amount = (BigInt(open.terms.price) * BigInt(open.to - open.from)) / BigInt(end - start);
    if (amount > 0n) {
      const count = units.reduce((sum, event) => sum + event.units, 0);
      lines.push(`plan ${open.terms.tier} ${open.terms.currency} - ${count} ${amount}`);
      add(open.terms.currency, amount);
    }
    open = undefined;
  };
  for (const [at, each] of terms.entries()) {
    const from = Math.max(each.atMs, start);
    const to = Math.min(terms[at + 1]?.atMs ?? end, end);
    if (from >= to) continue;
    const key = `${each.tier}/${each.price}/${each.currency}`;
    if (!each.isBilled) {
      finish();
      continue;
    }
    if (open && open.key === key && open.to === from) open.to = to;
    else {
      finish();
      open = { key, from, to, terms: each };
    }
  }
  finish();

  // Overage: unit by unit.
  let count = 0;
  const spent = new Map<string, bigint>();
  const overages = new Map<string, { tier: string; currency: string; units: bigint; milli: bigint }>();
  for (const event of used) {
    const now = terms.filter(({ atMs }) => atMs <= event.atMs).at(-1);
    for (let unit = 0; unit < event.units; unit++) {
      count++;
      if (!now?.isBilled || now.action !== 'charge' || now.included < 0 || count <= now.included) continue;
      const key = `${now.tier} ${now.currency} ${now.per1000}`;
      const known = overages.get(key) ?? { tier: now.tier, currency: now.currency, units: 0n, milli: 0n };
      known.units += 1n;
      const before = spent.get(now.currency) ?? 0n;
      const room = now.cap === null ? undefined : BigInt(now.cap) * 1000n - before;
      const price = BigInt(now.per1000);
      const cost = room === undefined || room >= price ? price : room > 0n ? room : 0n;
      known.milli += cost;
      spent.set(now.currency, before + cost);
      overages.set(key, known);
    }
  }
  const users = apps
    .map(([id, app]) => ({
      app,
      units: used.filter((event) => event.app === id).reduce((sum, event) => sum + event.units, 0),
    }))
    .filter(({ units }) => units > 0);
  const weights = users.map(({ units }) => BigInt(units));
  const overage = new Map<string, bigint>();
  for (const { tier, currency, units, milli } of overages.values()) {
    const amounts = portions(milli / 1000n, weights);
    const quantities = portions(units, weights);
    users.forEach(({ app }, at) => {
      const amount = amounts[at] ?? 0n;
      const quantity = quantities[at] ?? 0n;
      if (amount === 0n && quantity === 0n) return;
      lines.push(`overage ${tier} ${currency} ${app} ${quantity} ${amount}`);
      add(currency, amount);
    });
    overage.set(currency, (overage.get(currency) ?? 0n) + milli / 1000n);
  }
  return { lines, sums, overage };
}

/** `closings`: when which months were closed, in order. */
export function naiveInvoices(
  terms: NaiveTerms[],
  events: NaiveEvent[],
  apps: [string | null, string][],
  closings: { month: string; atMs: number }[],
): { invoices: NaiveInvoice[]; overages: { month: string; currency: string; amount: bigint }[] } {
  const billed = new Map<string, Map<string, bigint>>();
  const invoices: NaiveInvoice[] = [];
  const overages: { month: string; currency: string; amount: bigint }[] = [];
  for (const { month, atMs } of closings) {
    const known = events.filter(({ knownMs }) => knownMs <= atMs);
    const now = bill(month, terms, known, apps);
    const sums = new Map(now.sums);
    const lines = now.lines.map((line) => [line.split(' ')[2] ?? '', line] as const);
    for (const back of [3, 2, 1]) {
      const name = monthAfter(month, -back);
      const before = billed.get(name);
      if (!before) continue;
      const due = bill(name, terms, known, apps).sums;
      for (const currency of [...new Set([...before.keys(), ...due.keys()])].sort()) {
        const difference = (due.get(currency) ?? 0n) - (before.get(currency) ?? 0n);
        if (difference === 0n || (sums.get(currency) ?? 0n) + difference < 0n) continue;
        sums.set(currency, (sums.get(currency) ?? 0n) + difference);
        before.set(currency, due.get(currency) ?? 0n);
        lines.push([currency, `adjustment - ${currency} - 0 ${difference}`]);
      }
    }
    billed.set(month, now.sums);
    for (const [currency, amount] of now.overage) overages.push({ month, currency, amount });
    const [, end] = bounds(month);
    const taxBps = BigInt(terms.filter(({ atMs: at }) => at < end).at(-1)?.taxBps ?? 0);
    for (const currency of [...sums.keys()].sort()) {
      const own = lines.filter(([of]) => of === currency).map(([, line]) => line);
      if (own.every((line) => line.endsWith(' 0'))) continue;
      const subtotal = sums.get(currency) ?? 0n;
      // To the nearest, halves up: twice the tax, plus one half, halved.
      const tax = (subtotal * taxBps * 2n + 10_000n) / 20_000n;
      invoices.push({
        month,
        currency,
        lines: own.sort(),
        subtotal: Number(subtotal),
        tax: Number(tax),
        total: Number(subtotal + tax),
      });
    }
  }
  return { invoices, overages };
}
