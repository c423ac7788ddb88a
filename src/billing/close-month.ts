// Closes months: reckons each from what is known, and issues its invoice. Keyed by partner and month, each in one
// transaction: run twice, late, concurrently or killed between any two steps, it closes what is still open and no more.

import { DAY_MS, isoDay, monthStart } from '../core/time.ts';
import type { Recipient } from '../mail/notices.ts';
import { DatabaseRejected } from '../platform/database.ts';
import type { BillingStore, MonthFacts, OpenMonth, PartnerFacts } from './billing-store.ts';
import { documentOf } from './billing-store.ts';
import { draftsOf, type Earlier } from './invoice.ts';
import type { IssuedInvoice } from './money-notices.ts';
import { type Line, monthLines, segmentsWithUnits, sumsOf, type Terms } from './month.ts';

/** Closed months that are looked at again for late events. */
const MONTHS_LOOKED_AT_AGAIN = 3;
/** Each takes two calls of Postgres, and an invocation may make a thousand: the rest is for the next run. */
const MAX_MONTHS_A_RUN = 300;
const MAX_AT_ONCE = 6;
const MAX_TRIES = 3;
const SERIALIZATION_FAILURE = '40001';

export interface ClosePorts {
  store: BillingStore;
  newId(): string;
  seller: Record<string, unknown>;
  dueDays: number;
  /** Tells the partner that invoices are there. Fails without harm: they are there anyway. */
  tell(recipient: Recipient, invoices: readonly IssuedInvoice[]): Promise<unknown>;
  log(line: Record<string, unknown>): void;
}

const startMsOf = (start: string): number => Date.parse(`${start}T00:00:00Z`);

export function linesOf(terms: readonly Terms[], month: MonthFacts): Line[] {
  const startMs = startMsOf(month.start);
  return monthLines(segmentsWithUnits(terms, month), month.apps, monthStart(startMs, 1) - startMs);
}

function earlierOf(terms: readonly Terms[], month: MonthFacts): Earlier[] {
  if (!month.billed) return [];
  const fromMs = startMsOf(month.start);
  const due = sumsOf(linesOf(terms, month));
  return [{ periodStart: month.start, fromMs, toMs: monthStart(fromMs, 1), billed: month.billed, due }];
}

/** What a month asks for, by what is known now. Pure. */
export function reckon({ terms, months }: PartnerFacts) {
  const month = months.at(-1);
  if (!month) throw new Error('no month to reckon');
  const lines = linesOf(terms, month);
  const endMs = monthStart(startMsOf(month.start), 1);
  const taxBps = terms.filter(({ effectiveMs }) => effectiveMs < endMs).at(-1)?.taxBps ?? 0;
  const earlier = months.slice(0, -1).flatMap((each) => earlierOf(terms, each));
  return { month, lines, ...draftsOf(lines, earlier, taxBps) };
}

/** First days of the month and of the closed ones before it, oldest first. */
export const monthsUpTo = (start: string): string[] =>
  Array.from({ length: MONTHS_LOOKED_AT_AGAIN + 1 }, (_, i) =>
    isoDay(monthStart(startMsOf(start), i - MONTHS_LOOKED_AT_AGAIN)),
  );

async function closeOne(
  { partnerId, start }: OpenMonth,
  nowMs: number,
  ports: ClosePorts,
): Promise<string[]> {
  const facts = await ports.store.facts(partnerId, monthsUpTo(start));
  if (!facts) return [];
  const { month, lines, drafts, adjusted } = reckon(facts);
  const dueMs = nowMs + ports.dueDays * DAY_MS;
  const numbers = await ports.store.close({
    partnerId,
    start,
    atMs: nowMs,
    units: month.units,
    billed: sumsOf(lines),
    adjusted,
    documents: drafts.map((draft) =>
      documentOf(draft, {
        id: ports.newId(),
        partnerId,
        start,
        end: isoDay(monthStart(startMsOf(start), 1) - DAY_MS),
        issuedMs: nowMs,
        dueMs,
        seller: ports.seller,
        buyer: facts.buyer,
      }),
    ),
  });
  // Numbered in the order of the documents.
  const issued = drafts.flatMap(({ currency, totalMinor }, i) => {
    const number = numbers[i];
    return number
      ? [{ number, currency, total_minor: totalMinor, due_at: new Date(dueMs).toISOString() }]
      : [];
  });
  if (issued.length > 0) await ports.tell(facts, issued);
  return numbers;
}

/** A month that changed while it was reckoned is reckoned anew. One partner's trouble does not keep others waiting. */
async function closeWithRetries(month: OpenMonth, nowMs: number, ports: ClosePorts): Promise<string[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await closeOne(month, nowMs, ports);
    } catch (error) {
      const isRace = error instanceof DatabaseRejected && error.code === SERIALIZATION_FAILURE;
      if (isRace && tries < MAX_TRIES) continue;
      ports.log({ message: 'month not closed', level: 'error', ...month, error: String(error) });
      return [];
    }
  }
}

export interface ClosedMonths {
  /** Those that were open, as many as one run takes. */
  months: number;
  invoices: number;
}

/** Oldest months first, so that adjustments and numbers follow time; within a month several partners at once. */
export async function closeMonths(ports: ClosePorts, nowMs: number): Promise<ClosedMonths> {
  const open = await ports.store.openMonths(nowMs, MAX_MONTHS_A_RUN);
  let invoices = 0;
  for (let i = 0; i < open.length; ) {
    const { start } = open[i] ?? { start: '' };
    const together = open.slice(i, i + MAX_AT_ONCE).filter((month) => month.start === start);
    const numbers = await Promise.all(together.map((month) => closeWithRetries(month, nowMs, ports)));
    invoices += numbers.flat().length;
    i += together.length;
  }
  return { months: open.length, invoices };
}
