// What guides show that is data, not text: a fenced block with a name and nothing in it becomes a Markdown table, of what is
// so now. `plans`, `scopes`, `test-cards`; `snippets <name>` is left for whoever renders.

import { CURRENCIES, type Currency } from '../../billing/amounts.ts';
import type { Plan } from '../../billing/plan-store.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { notesOf } from '../../catalog/document-words.ts';
import { CARDS } from '../../sandbox/payments/payments.ts';
import { scopeText } from '../../web/scope-text.ts';
import type { View } from '../../web/view.ts';
import { filled } from './guides/snippets.ts';
import { scopesOf } from './key-form.tsx';

/** Whoever reads: a page's viewer, or an assistant that asked for a language. */
export type Reader = Pick<View, 'language' | 'm' | 'format' | 'origin' | 'product' | 'catalog'>;

export interface DocsFacts {
  catalog: Catalog;
  /** Those of everybody, cheapest first. */
  plans(): Promise<readonly Plan[]>;
}

/** Text that others wrote, as text. */
const plain = (text: string): string => text.replace(/[\\`*_{}[\]<>|~#]/g, '\\$&');

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

/** A column for each plan, a row for what they differ in; a price in each currency that some plan has one in. */
function plansTable({ m, format }: Reader, plans: readonly Plan[]): string {
  const { docsPages: words } = m;
  const count = (value: number) => (value < 0 ? words.unlimited : format.number(value));
  const price = (currency: Currency) => (plan: Plan) => {
    const minor = plan.prices[currency]?.price;
    if (minor === undefined) return '–';
    return minor === 0 && !plan.selfServe ? m.billing.ask : format.money(minor, currency);
  };
  const overage = (currency: Currency) => (plan: Plan) => {
    const minor = plan.prices[currency]?.overage_per_1000 ?? 0;
    return minor > 0 && plan.perMonth >= 0 && plan.overageActions.includes('charge')
      ? format.money(minor, currency)
      : '–';
  };
  const sold = CURRENCIES.filter((currency) => plans.some(({ prices }) => prices[currency]));
  const rows: [string, (plan: Plan) => string][] = [
    ...sold.map((each): [string, (plan: Plan) => string] => [`${words.pricePerMonth}, ${each}`, price(each)]),
    [words.perSecond, ({ perSecond }) => count(perSecond)],
    [words.perDay, ({ perDay }) => count(perDay)],
    [words.perMonth, ({ perMonth }) => count(perMonth)],
    ...sold.map((each): [string, (plan: Plan) => string] => [`${words.overage}, ${each}`, overage(each)]),
    [words.keys, ({ maxKeys }) => count(maxKeys)],
    [m.webhooks.nav, ({ features }) => (features.webhooks === true ? words.yes : words.no)],
  ];
  return table(
    [words.plan, ...plans.map(({ tier }) => plain(tier))],
    rows.map(([name, cellOf]) => [name, ...plans.map(cellOf)]),
  );
}

function scopesTable(reader: Reader, catalog: Catalog): string {
  const { m } = reader;
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
  return table(
    [m.docsPages.scope, m.docsPages.allows, m.docsPages.endpoints],
    scopesOf(catalog).map((scope) => [
      `\`${scope}\``,
      scopeText(catalog, scope, reader),
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

/** A paragraph of what the documents say of a subject; none where they say nothing. */
const NOTES = /\{\{notes ([\w-]+)\}\}\n\n/g;
const notesText = (notes: readonly string[]): string => (notes.length > 0 ? `${notes.join(' ')}\n\n` : '');

const BLOCK = /^```(plans|scopes|test-cards)\n```$/gm;

/** A guide's text with its data in it, and this origin. */
export async function withData(text: string, reader: Reader, facts: DocsFacts): Promise<string> {
  const plans = /^```plans$/m.test(text) ? await facts.plans() : [];
  const blocks: Record<string, () => string> = {
    plans: () => plansTable(reader, plans),
    scopes: () => scopesTable(reader, facts.catalog),
    'test-cards': () => cardsTable(reader),
  };
  const { catalog, language } = reader;
  return filled(
    text
      .replace(BLOCK, (_, name: string) => blocks[name]?.() ?? '')
      .replace(NOTES, (_, subject: string) => notesText(notesOf(catalog, subject, language))),
    reader,
  );
}
