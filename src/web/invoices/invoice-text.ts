// What an invoice says, as text: the page, the PDF and the CSV say the same. Pure.

import { decimalOf } from '../../billing/amounts.ts';
import type { Invoice, InvoiceLine } from '../../billing/invoice-service.ts';
import type { Format, Language } from '../format.ts';
import type { Messages } from '../messages/messages.ts';
import { planName } from '../plan-text.ts';

export interface Words {
  language: Language;
  m: Messages;
  format: Format;
}

/** The last moment of a stretch, for people: a stretch ends where the next begins. */
const lastDay = (at: string): string => new Date(Date.parse(at) - 1).toISOString();

export function lineText(
  words: Words,
  line: Pick<InvoiceLine, 'kind' | 'tier' | 'app_name' | 'app_id' | 'from_at' | 'to_at'> & {
    note?: string | null;
  },
): string {
  const {
    m: { invoice: m },
    format,
  } = words;
  const tier = planName(words, { tier: line.tier ?? '', names: {} });
  if (line.kind === 'plan') return m.plan(tier, format.day(line.from_at), format.day(lastDay(line.to_at)));
  if (line.kind === 'overage') return m.overage(tier, line.app_name ?? m.noApp);
  if (line.kind === 'adjustment') return m.adjustment(format.month(line.from_at));
  return line.note ? `${m.credit}${words.m.common.colon} ${line.note}` : m.credit;
}

export function unitPriceText(
  { m: { invoice: m }, format }: Words,
  line: InvoiceLine,
  currency: string,
): string {
  if (line.unit_price_minor === null) return '';
  const price = format.money(line.unit_price_minor, currency);
  return `${price} ${line.kind === 'plan' ? m.perMonth : m.per1000}`;
}

export const quantityText = (
  { format }: Words,
  { kind, quantity }: Pick<InvoiceLine, 'kind' | 'quantity'>,
): string => (kind === 'plan' || kind === 'overage' ? format.number(quantity) : '');

export const taxText = ({ m, format }: Words, taxBps: number): string =>
  m.invoice.tax(format.percent(taxBps / 10_000));

/** Why the plan was not charged for the whole period; a sentence for each stretch. */
export const notBilledTexts = (
  { m, format }: Words,
  { not_billed: stretches }: Pick<Invoice, 'not_billed'>,
): string[] =>
  stretches.map(({ from_at, to_at }) => m.invoice.notBilled(format.day(from_at), format.day(lastDay(to_at))));

/** Sums below the lines: label and amount in minor units. */
export function sumsText(words: Words, invoice: Invoice): [label: string, minor: number][] {
  const { invoice: m } = words.m;
  return [
    [m.subtotal, invoice.subtotal_minor],
    [taxText(words, invoice.tax_bps), invoice.tax_minor],
    [m.total, invoice.total_minor],
    ...(invoice.credited_minor > 0
      ? ([
          [m.credited, -invoice.credited_minor],
          [m.left, invoice.status === 'open' ? invoice.total_minor - invoice.credited_minor : 0],
        ] as [string, number][])
      : []),
  ];
}

/** The same for machines: amounts as decimals, times in RFC 3339. */
export const csvRows = (words: Words, invoice: Invoice): (string | number | null)[][] =>
  invoice.lines.map((line) => [
    invoice.number,
    line.kind,
    lineText(words, line),
    line.app_id,
    line.from_at,
    line.to_at,
    line.quantity,
    decimalOf(line.amount_minor, invoice.currency),
    invoice.currency,
  ]);
export const CSV_HEADER = [
  'invoice',
  'kind',
  'description',
  'app_id',
  'from',
  'to',
  'calls',
  'amount',
  'currency',
];

type Standing = Pick<Invoice, 'kind' | 'status' | 'overdue_days'>;

/** Whether it is to be paid. */
export const isOwed = ({ kind, status }: Standing): boolean => kind === 'invoice' && status === 'open';

export function statusText({ m }: Pick<Words, 'm'>, { kind, status, overdue_days: days }: Standing): string {
  if (kind === 'credit_note') return m.invoice.creditStatuses[status];
  return days === null ? m.invoice.statuses[status] : m.invoice.overdue(days);
}
