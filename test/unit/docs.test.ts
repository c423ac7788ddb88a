// The documentation's promises that a machine can check: links lead somewhere, commands and files exist, README stays short.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
const MAX_README_LINES = 90;
const TOP_LEVEL = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'README.md',
  'SECURITY.md',
  'docs',
  'drizzle',
  'durable-objects',
  'loadtest',
  'migrations',
  'node_modules',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
  'wrangler.toml',
];

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const exists = (path: string): boolean => existsSync(join(root, path));
const documents = [
  ...readdirSync(root).filter((name) => name.endsWith('.md')),
  ...['docs', 'durable-objects', 'loadtest'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
];
const withoutFences = (text: string): string => text.replace(/^```.*?^```$/gms, '');

/** As GitHub makes them. */
const anchors = (document: string): string[] =>
  [...withoutFences(read(document)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-'),
  );

function leadsNowhere(document: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? document : join(dirname(document), path);
  return !exists(file) || (anchor !== undefined && !anchors(file).includes(anchor));
}

const FOLDER = /^(?:src|test|docs|durable-objects|drizzle|migrations|loadtest|\.ci)\/[\w./-]+$/;
const FILE = /^[\w-][\w.-]*(?:\/[\w.-]+)*\.(?:tsx?|mjs|json|md|sql|toml|yml)$/;
const TESTS = ['unit', 'worker', 'api', 'dev', 'e2e'].map((name) => `test/${name}`);

function isMissing(document: string, name: string): boolean {
  if (!FOLDER.test(name) && !FILE.test(name)) return false;
  return ![name, join(dirname(document), name), `${name}.test.ts`].some(exists);
}

it(`README has ${MAX_README_LINES} lines at most`, () => {
  expect(read('README.md').trimEnd().split('\n').length).toBeLessThanOrEqual(MAX_README_LINES);
});

it('the top level holds what a reader looks for, and nothing else', () => {
  const names = readdirSync(root).filter((name) => !name.startsWith('.'));
  expect(names.filter((name) => !TOP_LEVEL.includes(name))).toEqual([]);
});

/** `document: what`, of all that is wrong. */
const wrong = (find: (document: string, text: string) => string[]): string[] =>
  documents.flatMap((document) => find(document, read(document)).map((what) => `${document}: ${what}`));
const all = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, what = '']) => what);

it('every link leads somewhere', () => {
  const links = wrong((document, text) =>
    all(withoutFences(text), /\]\(([^)\s]+)\)/g).filter(
      (target) => !/^(?:https?|mailto):/.test(target) && leadsNowhere(document, target),
    ),
  );
  expect(links).toEqual([]);
});

it('every command that is named is in package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(wrong((_, text) => all(text, /npm run ([\w:-]+)/g).filter((name) => !(name in scripts)))).toEqual(
    [],
  );
});

it('every file that is named exists', () => {
  const files = wrong((document, text) =>
    all(withoutFences(text), /`([^`\n]+)`/g).filter((name) => isMissing(document, name)),
  );
  expect(files).toEqual([]);
});

it('SECURITY.md names tests that exist, in the last column of its tables', () => {
  const cells = all(read('SECURITY.md'), /\| ([^|\n]*) \|$/gm);
  const tests = cells.flatMap((cell) => all(cell, /`((?:\w+\/)?[\w-]+)`/g));
  const missing = tests.filter((name) =>
    ['test', ...TESTS].every((folder) => !exists(`${folder}/${name}.test.ts`)),
  );
  expect(tests.length).toBeGreaterThan(30);
  expect(missing).toEqual([]);
});

it('decisions are numbered without a gap, and all are in the list', () => {
  const files = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d/.test(name));
  expect(files.map((name) => Number(name.slice(0, 4)))).toEqual(files.map((_, i) => i + 1));
  const list = read('docs/decisions/README.md');
  expect(files.filter((name) => !list.includes(`(${name})`))).toEqual([]);
});

it('every setting stands in the page on deploying, with what it is by default', () => {
  const names = all(read('src/config.ts'), /^ {2}([A-Z][A-Z_]+):/gm);
  expect(names.length).toBeGreaterThan(30);
  const page = read('docs/deploy.md');
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
