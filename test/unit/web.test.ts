// What pages are made of: ranges, bars, safe paths, CSV, words.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { items as consoleItems } from '../../src/operator/console/console-web.tsx';
import { operatorConsole } from '../../src/operator/console/pages.ts';
import { may, ROLES } from '../../src/partners/permissions.ts';
import { portal } from '../../src/portal/web/pages.ts';
import { items as portalItems } from '../../src/portal/web/portal-web.tsx';
import { rangeBefore, rangeOf } from '../../src/portal/web/usage-range.ts';
import { dayBars, hourBars, totalOf } from '../../src/web/bars.ts';
import { roundUp } from '../../src/web/components/chart.tsx';
import { isHere } from '../../src/web/components/layout.tsx';
import { toCsv } from '../../src/web/csv.ts';
import { fits } from '../../src/web/folded.ts';
import { en } from '../../src/web/messages/en.ts';
import { safePath, withQuery } from '../../src/web/redirects.ts';
import { isFromHere } from '../../src/web/same-origin.ts';
import { routesOf } from '../support/routes.ts';

const NOW = Date.parse('2026-11-22T08:30:00Z');

describe('the sidebar', () => {
  const surfaces = [
    { app: portal, home: '/portal', items: portalItems({ m: en }) },
    { app: operatorConsole, home: '/operator', items: consoleItems({ m: en }) },
  ];
  /** Where nothing is lit, and why. */
  const UNLIT: Record<string, string> = {
    '/portal/search': 'of everything',
    '/portal/search/options': 'a part of every page',
    '/portal/arrived': 'a part of the overview',
    '/portal/usage.csv': 'a file',
    '/portal/audit.csv': 'a file',
    '/operator/search': 'of everything',
    '/operator/search/options': 'a part of every page',
    '/operator/audit.csv': 'a file',
    '/operator/usage.csv': 'a file',
  };
  it.each(surfaces)('of $home lights the one item that a page belongs to', ({ app, home, items }) => {
    const paths = routesOf(app)
      .filter((route) => route === `GET ${home}` || route.startsWith(`GET ${home}/`))
      .map((route) => route.replace('GET ', ''));
    expect(paths.length).toBeGreaterThan(15);
    for (const path of paths) {
      const lit = items.filter((item) => isHere(item, path, home)).map(({ href }) => href);
      expect([path, lit.length]).toEqual([path, path in UNLIT ? 0 : 1]);
    }
  });
  it.each([
    ['/portal/keys/pk', '/portal/apps'],
    ['/portal/deliveries/d', '/portal/webhooks'],
    ['/portal/invoices/i', '/portal/billing'],
    ['/portal/live-access', '/portal'],
    ['/operator/requests/r', '/operator/usage'],
    ['/operator/keys/k', '/operator/keys'],
  ])('%s belongs to %s', (path, item) => {
    const { home, items } = surfaces[path.startsWith('/operator') ? 1 : 0] ?? { home: '', items: [] };
    expect(items.filter((each) => isHere(each, path, home)).map(({ href }) => href)).toEqual([item]);
  });
});

it.each([
  ['Nouvelle clé de test', 'cle nouv', true],
  ['Nouvelle clé de test', 'CLÉ', true],
  ['New test key', 'new live', false],
  ['anything', '', true],
])('%s is found by "%s": %s', (text, words, isFound) => {
  expect(fits(text, words)).toBe(isFound);
});

describe('ranges', () => {
  it.each([
    [{}, '30d', '2026-10-24', '2026-11-22', false],
    [{ range: '7d' }, '7d', '2026-11-16', '2026-11-22', false],
    [{ range: '24h' }, '24h', '2026-11-21', '2026-11-22', true],
    [{ range: '', from: '', to: '' }, '30d', '2026-10-24', '2026-11-22', false],
    [{ from: '2026-11-01', to: '2026-11-01' }, 'custom', '2026-11-01', '2026-11-01', true],
    [{ from: '2025-10-19', to: '2026-11-22' }, 'custom', '2025-10-19', '2026-11-22', false],
  ])('%j', (query, name, from, to, isHourly) => {
    const range = rangeOf(query, NOW, '30d');
    expect(range).toMatchObject({ name, from, to, isHourly });
    expect(range.wrong).toBeUndefined();
    expect(range.toMs).toBeGreaterThan(range.fromMs);
  });
  it.each([
    [{ range: 'nonsense' }, 'name', 'nonsense', '2026-10-24', '2026-11-22'],
    [{ range: 'custom' }, 'name', 'custom', '2026-10-24', '2026-11-22'],
    [{ from: '2026-11-05', to: '2026-11-01' }, 'order', '2026-11-05', '2026-11-01', '2026-11-05'],
    [{ from: '2026-02-30', to: '2026-11-01' }, 'day', '2026-02-30', '2026-10-24', '2026-11-22'],
    [{ from: '2026-11-01', to: '2026-13-01' }, 'day', '2026-13-01', '2026-10-24', '2026-11-22'],
    [{ from: '0000-01-01', to: '2026-11-01' }, 'day', '0000-01-01', '2026-10-24', '2026-11-22'],
    [{ from: "'; DROP", to: '2026-11-01', range: '7d' }, 'day', "'; DROP", '2026-11-16', '2026-11-22'],
    [{ from: '2026-11-01' }, 'half', '2026-11-01', '2026-10-24', '2026-11-22'],
    [{ from: '', to: '2026-11-01' }, 'half', '2026-11-01', '2026-10-24', '2026-11-22'],
    [{ from: '2025-10-18', to: '2026-11-22' }, 'long', '2025-10-18', '2025-10-19', '2026-11-22'],
  ])('%j is not what is shown, and says why', (query, what, given, from, to) => {
    expect(rangeOf(query, NOW, '30d')).toMatchObject({ from, to, wrong: { what, given } });
  });
  it.each(['24h', '7d', '30d'])('of %s is as asked', (range) => {
    expect(rangeOf({ range }, NOW, '30d').wrong).toBeUndefined();
  });
  it('the one before is as long, and ends where this begins', () => {
    fc.assert(
      fc.property(fc.constantFrom('24h', '7d', '30d'), (range) => {
        const now = rangeOf({ range }, NOW, '30d');
        const then = rangeBefore(now);
        expect(then.toMs).toBe(now.fromMs);
        expect(then.toMs - then.fromMs).toBe(now.toMs - now.fromMs);
      }),
    );
  });
  it('bars lose no call and have one for each step', () => {
    const lines = [
      { at: '2026-11-20', outcome: 'succeeded' as const, calls: 3 },
      { at: '2026-11-20', outcome: 'limited' as const, calls: 2 },
      { at: '2026-11-22', outcome: 'input' as const, calls: 1 },
    ];
    expect(dayBars(lines, '2026-11-19', '2026-11-22').map(totalOf)).toEqual([0, 5, 0, 1]);
    const range = rangeOf({ range: '24h' }, NOW, '30d');
    expect(
      hourBars([{ at: '2026-11-22T08:00:00Z', outcome: 'upstream', calls: 4 }], range)
        .map(totalOf)
        .at(-1),
    ).toBe(4);
    expect(hourBars([], range)).toHaveLength(24);
  });
  it('the axis ends at a round number at or above', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e12 }),
        (value) => roundUp(value) >= value && roundUp(value) <= value * 4 + 4,
      ),
    );
  });
});

/** What paths that leave are made of. */
const PIECES = [
  '/',
  '//',
  '.',
  '..',
  '/./',
  '/../',
  '%2e',
  '%2E%2e',
  '%2f',
  '\\',
  'x',
  'evil.example',
  '@',
  ':',
  '?',
  '#',
];

describe('where a form leads', () => {
  it.each([
    ['/portal/keys?x=1', '/portal/keys?x=1'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example/', '/'],
    ['javascript:alert(1)', '/'],
    ['/a\nb', '/'],
    [undefined, '/'],
    ['/.//evil.example', '/'],
    ['/..//evil.example', '/'],
    ['/%2e//evil.example', '/'],
    ['/x/..//evil.example', '/'],
    ['/portal/../..//evil.example', '/'],
  ])('%s', (target, path) => expect(safePath(target, '/')).toBe(path));
  it('never leaves, whatever the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.webUrl(),
          fc.string().map((text) => `/${text}`),
          fc.array(fc.constantFrom(...PIECES), { maxLength: 8 }).map((pieces) => `/${pieces.join('')}`),
        ),
        (text) => {
          const path = safePath(text, '/');
          for (const target of [path, withQuery(path, { done: 'x' })])
            expect(new URL(target, 'https://here.example').origin).toBe('https://here.example');
        },
      ),
      { numRuns: 2000 },
    );
  });
  it('adds and drops query parameters', () =>
    expect(withQuery('/a?x=1&y=2', { x: undefined, z: 'é&' })).toBe('/a?y=2&z=%C3%A9%26'));
});

it.each([
  ['GET', {}, true],
  ['POST', { origin: 'https://here.example' }, true],
  ['POST', { origin: 'https://evil.example' }, false],
  ['POST', { origin: 'null' }, false],
  ['POST', { 'sec-fetch-site': 'cross-site' }, false],
  ['POST', { 'sec-fetch-site': 'same-origin' }, true],
])('%s %j is from here: %s', (method, headers, expected) => {
  // Node's Request drops headers that only browsers set.
  const request = {
    method,
    url: 'https://here.example/x',
    headers: new Headers(headers as Record<string, string>),
  };
  expect(isFromHere(request as Request, 'https://here.example')).toBe(expected);
});

it('CSV: quotes, newlines, and nothing that a spreadsheet runs', () => {
  expect(
    toCsv(
      ['a', 'b'],
      [
        ['x,"y"', '=1+1'],
        [null, -5],
      ],
    ),
  ).toBe('"a","b"\r\n"x,""y""","\'=1+1"\r\n,-5\r\n');
});

describe('no cell begins a formula', () => {
  const cellOf = (value: string) =>
    toCsv([], [[value]])
      .split('\r\n')
      .slice(1)
      .join('\r\n')
      .trimEnd();
  const STARTS = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];
  const BLANKS = [
    '',
    ' ',
    '\u00a0',
    '\u3000',
    '\u200b',
    '\ufeff',
    '\u2060',
    '\t',
    '\r',
    '\n',
    '\v',
    '\f',
    '\0',
    '"',
  ];
  const ENDS = ['', 'x;', 'x\t', 'x\n', 'x\r\n', 'x|', ';;'];
  const cases = ENDS.flatMap((end) =>
    BLANKS.flatMap((blank) => STARTS.map((start) => `${end}${blank}${start}1+1`)),
  );

  it.for(['excel', 'at semicolons', 'at tabs'])('as %s reads it', (how) => {
    const splitter = how === 'excel' ? /(?!)/ : how === 'at tabs' ? /\t/ : /;/;
    for (const text of cases) {
      const cell = cellOf(text);
      // A reader of RFC 4180 gives back the text; one that knows nothing of it splits where it will.
      const read = cell.slice(1, -1).replaceAll('""', '"');
      for (const part of [read, ...read.split(splitter), ...read.split(/[\r\n]+/)])
        expect(part.normalize('NFKC').replace(/^[\s\p{C}\p{Z}"]+/u, ''), JSON.stringify(text)).not.toMatch(
          /^[=+\-@]/,
        );
    }
  });

  it('numbers, and all else, stay as they are', () => {
    for (const text of ['-12.50', '+1', '30.00', 'a-b', "it's", 'x; y', 'a=b', '2026-11-24', 'a@example.com'])
      expect(cellOf(text)).toBe(`"${text}"`);
  });
});

it.each([
  [
    'active',
    {
      own: ['read', 'develop', 'pay', 'subscribe', 'own'],
      dev: ['read', 'develop'],
      pay: ['read', 'pay', 'subscribe'],
    },
  ],
  // Nothing new is made.
  ['suspended', { own: ['read', 'pay'], dev: ['read'], pay: ['read', 'pay'] }],
])('roles: who may do what, of a partner that is %s', (status, { own, dev, pay }) => {
  const table = ROLES.map((role) => [
    role,
    ...(['read', 'develop', 'pay', 'subscribe', 'own'] as const).filter((what) =>
      may({ role, partner: { status } }, what),
    ),
  ]);
  expect(table).toEqual([
    ['owner', ...own],
    ['developer', ...dev],
    ['billing', ...pay],
    ['viewer', 'read'],
  ]);
});
