// A brand's file: what is wrong in it is said by pointers, editors know it by its schema, and ours is one.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { BRAND, DOCUMENTS, textIn } from '../../src/brand/brand.ts';
import { brandSchema } from '../../src/brand/brand-schema.ts';
import { brandModule, readBrand } from '../../src/brand/build-brand.ts';
import { accentStyle, contrast, GROUNDS, inkOn, MIN_CONTRAST, softOf } from '../../src/brand/contrast.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { scopeWords, shownCalls } from '../../src/catalog/document-words.ts';
import { readLocalSettings } from '../../src/dev/settings.ts';
import { securityText } from '../../src/operator/security-text.ts';

const root = new URL('../..', import.meta.url).pathname;
const OURS = join(root, 'src/brand/brand.json');
const BAKERY = join(root, 'test/support/bakery/brand.json');
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'passerelle-brand-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is said of the bakery's file with this in it. */
function refused(change: object): string {
  const file = join(folder, 'brand.json');
  const documents = [join(dirname(BAKERY), 'bakery.openapi.json')];
  writeFileSync(file, JSON.stringify({ ...read(BAKERY), documents, ...change }));
  try {
    readBrand(file);
    return '';
  } catch (error) {
    return (error as Error).message.replaceAll(folder, '');
  }
}

describe('the file', () => {
  it('of ours is what it is without any, documents too', () => {
    const { brand, documents } = readBrand(OURS);
    expect(BRAND).toEqual(brand);
    expect(DOCUMENTS).toEqual(documents.map(read));
  });

  it('has a schema for editors, made of the one that reads it', () => {
    const { title: _title, ...schema } = read(join(root, 'src/brand/brand.schema.json'));
    expect(schema).toEqual(JSON.parse(JSON.stringify(z.toJSONSchema(brandSchema, { io: 'input' }))));
  });

  it.for([
    [{ name: '' }, '/name '],
    [{ mark: { path: '<script>' } }, '/mark/path must be the data of an SVG path'],
    [{ accent: { light: 'red', dark: '#f0b27a' } }, '/accent/light must be a colour like #0b6259'],
    [{ headline: { fr: 'Du pain' } }, '/headline/en '],
    [{ links: { terms: 'javascript:alert(1)' } }, '/links/terms '],
    [{ links: { supportEmail: 'us' } }, '/links/supportEmail '],
    [{ payment: { EUR: { fr: 'IBAN' } } }, '/payment/EUR'],
    [{ currencies: ['GBP'] }, '/currencies must have EUR'],
    [{ currencies: ['EUR', 'ZZZ'] }, '/currencies/1 is no currency'],
    [{ documents: ['nope.json'] }, '/documents/0 /nope.json: there is no such file'],
    [{ documents: ['brand.json'] }, '/documents/0 /brand.json: '],
    [{ colour: 'blue' }, '/ Unrecognized key: "colour"'],
  ] as const)('with %j is refused', ([change, said]) => {
    expect(refused(change)).toContain(`\n  ${said}`);
  });

  it('that is right is not refused; all that is wrong is said at once', () => {
    expect(refused({})).toBe('');
    expect(refused({ name: '', currencies: [] }).split('\n').length).toBeGreaterThan(3);
    expect(() => readBrand('/nowhere.json')).toThrow('/nowhere.json is no brand:\n  there is no such file');
  });

  it('becomes a module of its own documents alone, or of ours with more', () => {
    expect(brandModule(BAKERY)).toContain('bakery.openapi.json');
    expect(brandModule(BAKERY)).not.toMatch(/transit|payments\.openapi|default\.ts/);
    expect(brandModule(undefined, { links: { terms: 'https://x.example' } })).toContain('https://x.example');
  });

  it('is named at start, from where whoever starts it stands', () => {
    const named = (env: NodeJS.ProcessEnv, ...args: string[]) => readLocalSettings(env, args).brand;
    expect(named({ INIT_CWD: '/home/ada' }, '--brand', './mine.json')).toBe('/home/ada/mine.json');
    expect(named({ INIT_CWD: '/home/ada' }, '--watch', '--brand=mine.json')).toBe('/home/ada/mine.json');
    expect(named({ BRAND: 'mine.json' })).toBe(resolve('mine.json'));
    expect(named({})).toBeUndefined();
  });
});

describe('the accent', () => {
  it('that can be read too little is refused, with how little', () => {
    expect(refused({ accent: { light: '#f0b27a', dark: '#f0b27a' } })).toMatch(
      /\/accent\/light has a contrast of 1\.\d\d:1 on #[0-9a-f]{6}, and needs 4\.5:1/,
    );
    expect(refused({ accent: { light: '#7a3e0a', dark: '#7a3e0a' } })).toContain(
      '/accent/dark has a contrast',
    );
  });

  it('is measured as WCAG does, on the grounds of the stylesheet', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21);
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2);
    const css = readFileSync(join(root, 'src/web/styles/elements.css'), 'utf8');
    for (const [i, name] of ['ground', 'raised', 'sunken'].entries())
      expect(css).toContain(`--${name}: light-dark(${GROUNDS.light[i]}, ${GROUNDS.dark[i]});`);
  });

  it('can be written on, and its style closes no tag', () => {
    for (const accent of ['#7a3e0a', '#f0b27a', '#767676', '#0b6259'])
      expect(contrast(accent, inkOn(accent))).toBeGreaterThanOrEqual(MIN_CONTRAST);
    expect(softOf('#000000', 'light')).toBe('#e0e0e0');
    expect(accentStyle(BRAND.accent)).toMatch(/^[:\w{}#(),;-]+$/);
  });
});

it('a missing translation falls back to English', () => {
  expect([textIn({ en: 'Bread' }, 'pt'), textIn({ en: 'Bread', fr: 'Pain' }, 'fr')]).toEqual([
    'Bread',
    'Pain',
  ]);
  const catalog = loadCatalog(DOCUMENTS);
  expect(scopeWords(catalog, 'read:stops', 'pt')).toBe('Stops and departures');
  expect(scopeWords(catalog, 'read:stops', 'fr')).toBe('Arrêts et départs');
});

it('where no document shows a call, the guides make our own', () => {
  expect(shownCalls({ documents: [] })).toEqual({
    read: '/dashboard/me',
    write: '/dashboard/api-keys',
    body: '{"name":"Example"}',
    list: '/dashboard/me',
  });
});

describe('security.txt', () => {
  const origin = 'https://api.example.com';
  it('names whom the brand names, and ends within a year', () => {
    const nowMs = Date.parse('2026-11-30T12:00:00Z');
    const links = { supportEmail: 'help@x.example', support: 'https://x.example/help' };
    expect(securityText(links, origin, nowMs)?.split('\n')).toEqual([
      'Contact: mailto:help@x.example',
      'Contact: https://x.example/help',
      'Expires: 2027-05-29T00:00:00.000Z',
      'Preferred-Languages: en, fr',
      'Canonical: https://api.example.com/.well-known/security.txt',
      '',
    ]);
  });
  it('is none where nobody is named', () => expect(securityText({}, origin, 0)).toBeUndefined());
});
