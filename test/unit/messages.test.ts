// Texts of the pages: in both languages, of the same kind, and nowhere but in the catalogues.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../../src/core/errors.ts';
import { createFormat } from '../../src/web/format.ts';
import { en } from '../../src/web/messages/en.ts';
import { inFrench } from '../../src/web/messages/errors.fr.ts';
import { fr } from '../../src/web/messages/fr.ts';

const NOW = Date.parse('2026-11-22T08:30:00Z');

describe('words', () => {
  type Leaf = [path: string, value: unknown];
  const leaves = (node: unknown, path = ''): Leaf[] =>
    node !== null && typeof node === 'object'
      ? Object.entries(node).flatMap(([name, value]) => leaves(value, `${path}.${name}`))
      : [[path, node]];
  const [english, french] = [new Map(leaves(en)), new Map(leaves(fr))];

  it('every string is in both catalogues, and of the same kind', () => {
    expect([...french.keys()].sort()).toEqual([...english.keys()].sort());
    for (const [path, value] of english) {
      const other = french.get(path);
      expect(typeof other, path).toBe(typeof value);
      if (typeof value === 'string') expect(String(other).trim(), path).not.toBe('');
      if (typeof value === 'function') expect((other as () => void).length, path).toBe(value.length);
    }
  });
  /** The same in both languages, and rightly so. */
  const SHARED =
    /^(Sandbox|Audit|Actions|Test|Route|Routes|Code|Secret|Quotas|Sessions|24 h|Pause|Exact|E-mail|active|Invitations|Guides|Cache|Webhooks|PDF|Type|Total|URL|Description|Endpoint|Incidents|Pages|Version|MCP|Catalogue)$/;
  it('French is French: sentences are not left in English', () => {
    const same = [...english].filter(
      ([path, value]) => typeof value === 'string' && value === french.get(path) && !SHARED.test(value),
    );
    expect(same).toEqual([]);
  });
  it('every error code has its page in both languages', () => {
    expect(Object.keys(en.errorGuide).sort()).toEqual(Object.keys(ERRORS).sort());
    expect(Object.keys(fr.errorGuide).sort()).toEqual(Object.keys(ERRORS).sort());
  });
  it('what services refuse on pages is said in French, too', () => {
    const root = new URL('../../src', import.meta.url).pathname;
    const sources = [
      'accounts',
      'alerts',
      'billing',
      'blocks',
      'keys',
      'leaks',
      'partners',
      'status',
      'usage',
      'webhooks',
    ].flatMap((folder) =>
      readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), 'utf8')),
    );
    const SHOWN =
      /(?:AppError\(\s*'(?:conflict|forbidden|validation_error)',|tooMany\(|invalid\('\w+',|refused\()\s*(?:'([^']+)'|`([^`]+)`)/g;
    const messages = sources.flatMap((source) =>
      [...source.matchAll(SHOWN)].map(([, plain, counted]) => plain ?? counted?.replace(/\$\{\w+\}/g, '7')),
    );
    expect(messages.length).toBeGreaterThan(20);
    expect(messages.filter((message) => inFrench(message ?? '') === undefined)).toEqual([]);
    expect(inFrench('Tiers are: free, starter')).toBe('Choisissez parmi\u202f: free, starter');
    expect(inFrench('Too many replays: at most 60 in 61 seconds')).toContain('au plus 60 en 61 secondes');
    expect(inFrench('must not be wider than /32 in IPv6: block several narrower ranges')).toContain(
      '/32 en IPv6',
    );
  });
  it('the portal says nothing in the words of the console', () => {
    const root = new URL('../../src/portal', import.meta.url).pathname;
    const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      /\.tsx?$/.test(name),
    );
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((name) => /\bm\.console\b/.test(readFileSync(join(root, name), 'utf8')))).toEqual([]);
  });
  it('pages hold no words of their own: they are all in the catalogues', () => {
    const root = new URL('../..', import.meta.url).pathname;
    const files = [
      'src/portal/web',
      'src/operator/console',
      'src/web',
      'src/web/components',
      'src/web/invoices',
    ].flatMap((folder) =>
      readdirSync(join(root, folder))
        .filter((name) => name.endsWith('.tsx'))
        .map((name) => join(folder, name)),
    );
    const found = files.flatMap((file) => {
      const source = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      const texts = [...source.matchAll(/<[\w.]+[^<>]*>\s*([^<>{}]*[A-Za-zÀ-ÿ]{2,}[^<>{}]*)\s*<\//g)].map(
        ([, text = '']) => text.trim(),
      );
      const attributes = [
        ...source.matchAll(/(?:placeholder|title|aria-label|label)="([^"]*[A-Za-z]{2,}[^"]*)"/g),
      ].map(([, text = '']) => text);
      return [...texts, ...attributes].map((text) => `${file}: ${text}`);
    });
    const NAMES = /: (https:\/\/|pk_test_…|X-Request-Id|P95|Ctrl K|P50 \/ P95 \/ P99|\/docs\/api)$/;
    expect(found.filter((text) => !NAMES.test(text))).toEqual([]);
  });
  it('numbers and times are written as people of the language write them', () => {
    const [a, b] = [createFormat('en', NOW), createFormat('fr', NOW)];
    expect([a.number(1234567), b.number(1234567).replaceAll('\u202f', ' ')]).toEqual([
      '1,234,567',
      '1 234 567',
    ]);
    expect([a.ago('2026-11-22T08:27:00Z'), b.ago('2026-11-22T08:27:00Z')]).toEqual([
      '3 minutes ago',
      'il y a 3 minutes',
    ]);
    const money = (minor: number, currency: string) =>
      [a, b].map((format) => format.money(minor, currency).replaceAll(/[\u00a0\u202f]/g, ' '));
    expect(money(123_450, 'EUR')).toEqual(['€1,234.50', '1 234,50 €']);
    expect(money(123_450, 'XOF')).toEqual(['F CFA 123,450', '123 450 F CFA']);
    expect(money(-1770, 'EUR')).toEqual(['−€17.70', '−17,70 €']);
    expect([a.ms(37.21), a.ms(1495.5), b.ms(1495.5), a.ms(null)]).toEqual(['37.2 ms', '1.5 s', '1,5 s', '–']);
    expect(['2026-11-01', '2026-11-11'].map((text) => b.date(text))).toEqual([
      '1er novembre 2026',
      '11 novembre 2026',
    ]);
    expect([b.day('2026-11-01'), a.day('2026-11-01')]).toEqual(['1er nov.', '1 Nov']);
    expect([a.bytes(1500), b.bytes(1500)]).toEqual(['1.5 kB', '1,5 ko']);
    expect([a.country('SN'), b.country('SN'), a.country('??')]).toEqual(['Senegal', 'Sénégal', '??']);
  });
});
