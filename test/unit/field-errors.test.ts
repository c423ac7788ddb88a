// What a form says is wrong: the unit, what is accepted, and how to correct it, in the language of the page.

import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { ipRange, ipRanges, lines, origins, text } from '../../src/http/fields.ts';
import { ruleForm } from '../../src/web/alert-form.ts';
import { amountText, fieldErrorText } from '../../src/web/field-error.ts';
import { createFormat, type Language } from '../../src/web/format.ts';
import { messagesOf } from '../../src/web/messages/messages.ts';
import { limitField, numberField, numberOrNone } from '../../src/web/number-field.ts';

function said(schema: z.ZodType, typed: unknown, language: Language = 'en'): string | undefined {
  const words = { m: messagesOf(language), format: createFormat(language, 0) };
  const issue = schema.safeParse(typed, { reportInput: true }).error?.issues[0];
  return issue && fieldErrorText(words, issue).replaceAll('\u202f', ' ');
}

describe('an address or a range', () => {
  const CASES: [typed: string, en: string, fr: string][] = [
    ['nonsense', 'is not an IP address: enter one like 203.0.113.7', 'n’est pas une adresse IP'],
    ['203.0.113.300', '“203.0.113.300” is not an IP address', '« 203.0.113.300 » n’est pas une adresse IP'],
    ['10.0.0.7/8', 'first address of its range: enter 10.0.0.0/8', 'sa plage : saisissez 10.0.0.0/8'],
    ['2001:db8::1/32', 'enter 2001:db8::/32', 'saisissez 2001:db8::/32'],
    ['10.0.0.0/33', 'width from /0 to /32', 'largeur de /0 à /32'],
    ['2001:db8::/129', 'width from /0 to /128', 'largeur de /0 à /128'],
    ['::ffff:192.0.2.7', 'enter 192.0.2.7', 'saisissez 192.0.2.7'],
    [`${'9'.repeat(80)}`, `“${'9'.repeat(60)}…” is not an IP address`, 'n’est pas une adresse IP'],
  ];
  it.for(CASES)('%s', ([typed, en, fr]) => {
    expect(said(ipRange, typed)).toContain(en);
    expect(said(ipRange, typed, 'fr')).toContain(fr);
  });
  it('of a list, the entry that is wrong is named', () => {
    expect(said(ipRanges, ['192.0.2.7', '192.0.2.7/24'])).toContain('“192.0.2.7/24”');
    expect(said(origins, ['https://a.example', 'a.example/x'])).toContain('“a.example/x” is not an origin');
  });
});

it.for<[z.ZodType, unknown, string, string]>([
  [text(50), 'x'.repeat(63), 'Enter at most 50 characters, not 63', 'au plus 50 caractères, et non 63'],
  [z.string().min(10), 'short', 'at least 10 characters, not 5', 'au moins 10 caractères, et non 5'],
  [text(50, 1), ' ', 'Required', 'Champ obligatoire'],
  [text(50, 1), undefined, 'Required', 'Champ obligatoire'],
  [text(50), 'a\nb', 'one line of text', 'une seule ligne de texte'],
  [lines(50), 'a\u0000b', 'text without control characters', 'un texte sans caractères de contrôle'],
  [z.array(z.string()).min(1), [], 'Choose at least one', 'Choisissez-en au moins un'],
  [ipRanges, Array(101).fill('192.0.2.7'), 'Enter at most 100 entries', 'au plus 100 entrées'],
  [z.enum(['a', 'b']), 'c', 'Choose one of the list', 'Choisissez dans la liste'],
  [z.union([z.literal(''), z.iso.date()]), 'soon', 'a date, like 2027-01-31', 'une date, par exemple'],
])('%#: names the unit and what is accepted', ([schema, typed, en, fr]) => {
  expect(said(schema, typed)).toContain(en);
  expect(said(schema, typed, 'fr')).toContain(fr);
});

describe('a number', () => {
  const perSecond = limitField('perSecond');
  it('says its unit and its bounds', () => {
    for (const typed of ['many', '7.5', '-2', '3000000000'])
      expect(said(perSecond, typed)).toBe(
        'Enter a whole number of requests per second, from 0 to 2,000,000,000, or -1 for no limit',
      );
    expect(said(perSecond, 'x', 'fr')).toBe(
      'Saisissez un nombre entier de requêtes par seconde, de 0 à 2 000 000 000, ou -1 pour aucune limite',
    );
    expect(said(ruleForm('latency_p95'), { enabled: 'true', threshold: 'slow' })).toContain(
      'a number of milliseconds, from 0',
    );
    expect(said(ruleForm('error_rate'), { enabled: 'true', threshold: '-1' }, 'fr')).toContain(
      'un pourcentage, de 0 à',
    );
  });
  it('is read as people write it; nothing is not zero', () => {
    const percent = numberField({ unit: 'percent', from: 0, to: 100 });
    expect(['18', '5,5', ' 5.5 ', '100'].map((typed) => percent.parse(typed))).toEqual([18, 5.5, 5.5, 100]);
    expect(['1 000', '1\u202f000', '-1', '\u22121'].map((typed) => perSecond.parse(typed))).toEqual([
      1000, 1000, -1, -1,
    ]);
    expect([said(perSecond, ''), said(perSecond, undefined)]).toEqual(['Required', 'Required']);
    expect(numberOrNone({ unit: 'days', from: 0, to: 90 }).parse('')).toBeNull();
    for (const typed of ['1e3', '0x10', 'Infinity', '1,2,3', '9'.repeat(400)])
      expect(percent.safeParse(typed).success, typed).toBe(false);
  });
});

it('an amount names its currency, and cents only where there are some', () => {
  const [en, fr] = (['en', 'fr'] as const).map((language) => ({
    m: messagesOf(language),
    format: createFormat(language, 0),
  }));
  if (!en || !fr) throw new Error('no words');
  expect(amountText(en, 'EUR')).toBe('Enter an amount in EUR, like 49 or 49.90');
  expect(amountText(fr, 'XOF')).toBe('Saisissez un montant en XOF, par exemple 4900');
  expect(amountText(en, 'EUR', 100_000_000)).toContain(', of at most €1,000,000.00');
});
