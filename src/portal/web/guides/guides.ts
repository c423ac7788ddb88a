// The guides, in reading order. Each is a Markdown file in each language: `# Title`, a first paragraph that says what it is
// about, and the rest. A file that does not begin so fails at start, by name.

import type { Catalog } from '../../../catalog/catalog.ts';
import { hasSandbox } from '../../../catalog/document-words.ts';
import { markdownInFrenchType } from '../../../core/french.ts';
import type { Language } from '../../../web/format.ts';
import budgetKeysEn from './en/budget-keys.md';
import environmentsEn from './en/environments.md';
import firstCallEn from './en/first-call.md';
import goingLiveEn from './en/going-live.md';
import handlingErrorsEn from './en/handling-errors.md';
import idempotencyEn from './en/idempotency.md';
import limitsEn from './en/limits.md';
import mcpEn from './en/mcp.md';
import oauthEn from './en/oauth.md';
import paginationEn from './en/pagination.md';
import plansEn from './en/plans.md';
import retriesEn from './en/retries.md';
import scopesEn from './en/scopes.md';
import signingEn from './en/signing.md';
import testCardsEn from './en/test-cards.md';
import versionsEn from './en/versions.md';
import webhooksEn from './en/webhooks.md';
import budgetKeysFr from './fr/budget-keys.md';
import environmentsFr from './fr/environments.md';
import firstCallFr from './fr/first-call.md';
import goingLiveFr from './fr/going-live.md';
import handlingErrorsFr from './fr/handling-errors.md';
import idempotencyFr from './fr/idempotency.md';
import limitsFr from './fr/limits.md';
import mcpFr from './fr/mcp.md';
import oauthFr from './fr/oauth.md';
import paginationFr from './fr/pagination.md';
import plansFr from './fr/plans.md';
import retriesFr from './fr/retries.md';
import scopesFr from './fr/scopes.md';
import signingFr from './fr/signing.md';
import testCardsFr from './fr/test-cards.md';
import versionsFr from './fr/versions.md';
import webhooksFr from './fr/webhooks.md';

export interface Guide {
  slug: string;
  title: Record<Language, string>;
  /** The first paragraph, as Markdown. */
  about: Record<Language, string>;
  /** The whole file, title included. */
  text: Record<Language, string>;
}

const BEGINNING = /^# (.+)\n\n((?:.+\n)+)/;

function guide(slug: string, written: Record<Language, string>): Guide {
  const text = { en: written.en, fr: markdownInFrenchType(written.fr) };
  const [en, fr] = [BEGINNING.exec(text.en), BEGINNING.exec(text.fr)];
  if (!en || !fr) throw new Error(`guides: ${slug} needs a title and a first paragraph, in both languages`);
  const inBoth = (group: 1 | 2) => ({ en: (en[group] ?? '').trim(), fr: (fr[group] ?? '').trim() });
  return { slug, title: inBoth(1), about: inBoth(2), text };
}

export const GUIDES: readonly Guide[] = [
  guide('first-call', { en: firstCallEn, fr: firstCallFr }),
  guide('environments', { en: environmentsEn, fr: environmentsFr }),
  guide('scopes', { en: scopesEn, fr: scopesFr }),
  guide('limits', { en: limitsEn, fr: limitsFr }),
  guide('pagination', { en: paginationEn, fr: paginationFr }),
  guide('handling-errors', { en: handlingErrorsEn, fr: handlingErrorsFr }),
  guide('retries', { en: retriesEn, fr: retriesFr }),
  guide('idempotency', { en: idempotencyEn, fr: idempotencyFr }),
  guide('signing', { en: signingEn, fr: signingFr }),
  guide('budget-keys', { en: budgetKeysEn, fr: budgetKeysFr }),
  guide('oauth', { en: oauthEn, fr: oauthFr }),
  guide('mcp', { en: mcpEn, fr: mcpFr }),
  guide('webhooks', { en: webhooksEn, fr: webhooksFr }),
  guide('versions', { en: versionsEn, fr: versionsFr }),
  guide('plans', { en: plansEn, fr: plansFr }),
  guide('test-cards', { en: testCardsEn, fr: testCardsFr }),
  guide('going-live', { en: goingLiveEn, fr: goingLiveFr }),
];

/** Of the payment sandbox. */
const OF_PAYMENTS = 'test-cards';

/** Those that are true of what is offered. */
export const guidesFor = (catalog: Pick<Catalog, 'documents'>): readonly Guide[] =>
  hasSandbox(catalog, 'payments') ? GUIDES : GUIDES.filter(({ slug }) => slug !== OF_PAYMENTS);

export const guideOf = (slug: string): Guide | undefined => GUIDES.find((each) => each.slug === slug);
