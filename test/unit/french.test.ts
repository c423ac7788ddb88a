// What people read in French: no line breaks inside a number, before its punctuation, or within its guillemets.

import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BRAND, DOCUMENTS, textIn } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { scopeWords, translated } from '../../src/catalog/document-words.ts';
import { inFrenchType, markdownInFrenchType } from '../../src/core/french.ts';
import { MAILS } from '../../src/mail/texts.ts';
import { CHANGELOGS } from '../../src/portal/web/changelog/changelog.ts';
import { GUIDES } from '../../src/portal/web/guides/guides.ts';
import { isNamed } from '../../src/web/forms.ts';
import { endpointInFrench } from '../../src/web/messages/endpoints.fr.ts';
import { inFrench } from '../../src/web/messages/errors.fr.ts';
import { fr } from '../../src/web/messages/fr.ts';

/** A plain space, where French has a narrow one that breaks no line. */
const BREAKS = /\d \d{3}(?!\d)|[^\s|] [;:!?%»](?![\p{L}\p{N}])|« /u;
const CODE = /```[\s\S]*?```|`[^`\n]+`/g;

/** All texts, and what functions say of something. */
const texts = (of: unknown): string[] => {
  if (typeof of === 'string') return [of];
  if (typeof of === 'function') return texts(of(...Array(of.length).fill('12')));
  return typeof of === 'object' && of !== null ? Object.values(of).flatMap(texts) : [];
};
const broken = (of: readonly string[]): string[] => of.filter((text) => BREAKS.test(text.replace(CODE, '')));

describe('no plain space where a line must not break', () => {
  it('in the catalogue', () => {
    expect(texts(fr).length).toBeGreaterThan(1000);
    expect(broken(texts(fr))).toEqual([]);
    expect(fr.billing.overagePrice('1 €')).toBe('1 € les 1\u202f000 appels au-delà');
  });
  it('in guides, and in what changed; their code is left alone', () => {
    expect(broken(GUIDES.flatMap(({ title, about, text }) => [title.fr, about.fr, text.fr]))).toEqual([]);
    expect(broken(CHANGELOGS.fr.changes.flatMap(({ title, text }) => [title, text]))).toEqual([]);
    expect(markdownInFrenchType('`a ? b : 1 000` : non\n\n```\nx ? 1 : 2\n```\n| : |')).toBe(
      '`a ? b : 1 000`\u202f: non\n\n```\nx ? 1 : 2\n```\n| : |',
    );
  });
  it('in mails', () => {
    const letter = { product: 'P', name: 'N', url: 'https://p.example', detail: 'D', support: 'S' };
    const said = Object.values(MAILS).flatMap((mail) => texts(mail.fr(letter)));
    expect(said.length).toBeGreaterThan(50);
    expect(broken(said)).toEqual([]);
  });
  it('in what services refuse, and in what documents say', () => {
    const catalog = loadCatalog(DOCUMENTS);
    const words = catalog.documents.map((each) => each['x-passerelle'].translations.fr ?? {});
    const summaries = words
      .flatMap((each) => Object.keys(each))
      .map((text) => translated(catalog, text, 'fr'));
    expect(summaries.length).toBeGreaterThan(10);
    expect(broken([...summaries, textIn(BRAND.headline, 'fr')])).toEqual([]);
    expect(broken(catalog.scopes.map((scope) => scopeWords(catalog, scope, 'fr') ?? ''))).toEqual([]);
    expect(inFrench('A partner needs an owner: make someone else an owner first')).toContain(
      'propriétaire\u202f:',
    );
    expect(endpointInFrench('Keys of your apps: made, limited, rotated, revoked')).toContain(
      'applications\u202f:',
    );
  });
});

it.for([
  ['Une question ?', 'Une question_?'],
  ['« Facturation » : 50 %', '«_Facturation_»_: 50_%'],
  ['1 000 appels, 2 000 000 en tout', '1_000 appels, 2_000_000 en tout'],
  ['4000 0000 0000 0002 et 2026 100', '4000 0000 0000 0002 et 2026 100'],
  ['https://a.example/?q=1 et :nom, printf %s', 'https://a.example/?q=1 et :nom, printf %s'],
])('%s', ([typed = '', set]) => {
  expect(inFrenchType(typed).replaceAll('\u202f', '_')).toBe(set);
});

it('a name that is copied from a page is the name', () => {
  expect(isNamed(inFrenchType(' Gare : 1 000 '), 'Gare : 1 000')).toBe(true);
  expect([isNamed('Gare', 'Gare : 1 000'), isNamed(undefined, 'Gare')]).toEqual([false, false]);
});

it('parts write no colon of their own after a text of the catalogue', () => {
  const root = new URL('../..', import.meta.url).pathname;
  const own = globSync(['src/web/**/*.{ts,tsx}', 'src/portal/web/**/*.tsx', 'src/operator/console/*.tsx'], {
    cwd: root,
  })
    .filter((file) => !file.includes('/messages/'))
    .flatMap((file) =>
      (readFileSync(join(root, file), 'utf8').match(/\{(?:\w+\.)?m\.[\w.[\]]+\}: /g) ?? []).map(
        (found) => `${file} ${found}`,
      ),
    );
  expect(own).toEqual([]);
});
