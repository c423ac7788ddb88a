// What guides show that is data, not text: a fenced block with a name and nothing in it becomes a Markdown table, of what is
// so now. `plans`, `scopes`, `test-cards`; `snippets <name>` is left for whoever renders.

import type { Plan } from '../../billing/plan-store.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { CARDS } from '../../sandbox/payments/payments.ts';
import type { View } from '../../web/view.ts';
import { scopesOf } from './key-parts.tsx';

/** Whoever reads: a page's viewer, or an assistant that asked for a language. */
export type Reader = Pick<View, 'language' | 'm' | 'format' | 'origin' | 'product'>;

export interface DocsFacts {
  catalog: Catalog;
  /** Those of everybody, cheapest first. */
  plans(): Promise<readonly Plan[]>;
}

/** Text that others wrote, as text. */
const plain = (text: string): string => text.replace(/[\\`*_{}[\]<>|~#]/g, '\\$&');

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

function priceOf({ m, format }: Reader, { prices, selfServe }: Plan): string {
  const shown = Object.entries(prices).filter(([, { price }]) => selfServe || price > 0);
  if (shown.length === 0) return m.billing.ask;
  return shown.map(([currency, { price }]) => format.money(price, currency)).join(' · ');
}

function overageOf({ format }: Reader, { prices, overageActions }: Plan): string {
  const shown = Object.entries(prices).filter(([, each]) => each.overage_per_1000 > 0);
  if (!overageActions.includes('charge') || shown.length === 0) return '–';
  return shown.map(([currency, each]) => format.money(each.overage_per_1000, currency)).join(' · ');
}

function plansTable(reader: Reader, plans: readonly Plan[]): string {
  const { m, format } = reader;
  const { docsPages: words } = m;
  const count = (value: number) => (value < 0 ? words.unlimited : format.number(value));
  return table(
    [
      words.plan,
      words.pricePerMonth,
      words.perSecond,
      words.perDay,
      words.perMonth,
      words.overage,
      words.keys,
      m.webhooks.nav,
    ],
    plans.map((plan) => [
      `**${plain(plan.tier)}**`,
      priceOf(reader, plan),
      count(plan.perSecond),
      count(plan.perDay),
      count(plan.perMonth),
      overageOf(reader, plan),
      count(plan.maxKeys),
      plan.features.webhooks === true ? words.yes : words.no,
    ]),
  );
}

function scopesTable({ m }: Reader, catalog: Catalog): string {
  const endpointsOf = (scope: string): string[] =>
    catalog.documents.flatMap(({ paths }) =>
      Object.entries(paths).flatMap(([path, operations]) =>
        Object.entries(operations)
          .filter(([, operation]) => operation['x-passerelle'].scope === scope)
          .map(([method]) => `\`${method.toUpperCase()} ${path}\``),
      ),
    );
  const own: Record<string, string[]> = {
    'keys:read': ['`GET /dashboard/api-keys`'],
    'keys:write': ['`POST /dashboard/api-keys`', '`DELETE /dashboard/api-keys/{id}`'],
  };
  const words: Record<string, string> = m.scopes;
  return table(
    [m.docsPages.scope, m.docsPages.allows, m.docsPages.endpoints],
    scopesOf(catalog).map((scope) => [
      `\`${scope}\``,
      words[scope] ?? '',
      (own[scope] ?? endpointsOf(scope)).join(', '),
    ]),
  );
}

function cardsTable({ m }: Reader): string {
  return table(
    [m.sandbox.card, m.sandbox.does, m.docs.answer],
    Object.entries(CARDS).map(([number, { status, code }], i) => [
      `\`${number}\``,
      m.sandbox.cardDoes[i] ?? '',
      code ? `402 \`${code}\`` : `201 \`${status}\``,
    ]),
  );
}

const BLOCK = /^```(plans|scopes|test-cards)\n```$/gm;

/** A guide's text with its data in it, and this origin. */
export async function withData(text: string, reader: Reader, facts: DocsFacts): Promise<string> {
  const plans = /^```plans$/m.test(text) ? await facts.plans() : [];
  const blocks: Record<string, () => string> = {
    plans: () => plansTable(reader, plans),
    scopes: () => scopesTable(reader, facts.catalog),
    'test-cards': () => cardsTable(reader),
  };
  return text
    .replace(BLOCK, (_, name: string) => blocks[name]?.() ?? '')
    .replaceAll('{{origin}}', reader.origin);
}
