// A configuration as fields: what differs, whose each is, and the schema that editors read.

import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  canonical,
  changesOf,
  driftOf,
  entryOf,
  fieldsOf,
  GONE,
  type Mark,
  pathOf,
  policyPlace,
  policyThing,
} from '../../src/configuration/config-fields.ts';
import { configFile, configSchema } from '../../src/configuration/config-file.ts';
import { ownerOf } from '../../src/configuration/config-owner.ts';

const SCHEMA = new URL('../../docs/passerelle.schema.json', import.meta.url).pathname;
const plan = (fields: object) =>
  ({ kind: 'plans', thing: 'free', fields: fieldsOf('plans', { ...fields }) }) as const;
const mark = (field: string, value: Mark['value']): Mark => ({
  kind: 'plans',
  thing: 'free',
  field,
  value,
  appliedAt: '2026-11-30T10:00:00.000Z',
  appliedBy: 'operator:x',
});

it('the schema of docs is made of the one that reads files', () => {
  expect(JSON.parse(readFileSync(SCHEMA, 'utf8'))).toEqual(JSON.parse(JSON.stringify(configSchema())));
});

describe('a file', () => {
  it.for([
    [
      { apis: { shop: { upstreams: [{ url: 'https://x.example', credential: 'X-Api-Key: x' }] } } },
      /must hold no credential/,
    ],
    [{ plans: { free: { max_keys: 1.5 } } }, /int/],
    [{ alert_rules: { error_rate: { enabled: true } } }, /error_rate|key/],
    [{ policies: { '*': { '*': { dance: {} } } } }, /Invalid key|dance/],
    [{ partners: { 'x@shop.example': { keys: [] } } }, /Unrecognized key/],
    [{ plans: { free: { partner_id: 'x' } } }, /Unrecognized key/],
  ] as const)('%j is refused', ([file, why]) => {
    expect(
      configFile
        .safeParse(file)
        .error?.issues.map(({ message }) => message)
        .join(),
    ).toMatch(why);
  });

  it('may name as little as it likes, and gets nothing added', () => {
    for (const file of [{}, { plans: {} }, { plans: { free: { max_keys: 3 } } }, { apis: { shop: null } }])
      expect(configFile.parse(file)).toEqual(file);
  });
});

it('fields go back to the entry that they are of', () => {
  const names = fc.constantFrom('max_keys', 'features', 'self_serve');
  const members = fc.dictionary(fc.constantFrom('EUR', 'XOF'), fc.nat(), { minKeys: 1 });
  const entries = fc.tuple(fc.dictionary(names, fc.jsonValue()), members);
  fc.assert(
    fc.property(entries, ([plain, prices]) => {
      const entry = { ...plain, prices };
      expect(canonical(entryOf(fieldsOf('plans', entry)))).toBe(canonical(entry));
    }),
  );
});

it('paths are JSON pointers', () => {
  const policy = policyThing({ api: 'shop', route: 'GET /x~y', policy: 'cache' });
  expect(pathOf({ kind: 'policies', thing: policy }, 'settings')).toBe(
    '/policies/shop/GET ~1x~0y/cache/settings',
  );
  expect(policyPlace(policy)).toEqual({ api: 'shop', route: 'GET /x~y', policy: 'cache' });
  const hook = { kind: 'apis', thing: 'https://x/~y' } as const;
  expect(pathOf(hook, 'upstreams')).toBe('/apis/https:~1~1x~1~0y/upstreams');
});

describe('changes', () => {
  it('are what is named and differs: in no order of members, nor of lists that have none', () => {
    const seen = plan({
      max_keys: 3,
      overage_actions: ['block', 'charge'],
      features: { a: 1, b: 2 },
      prices: { EUR: 1 },
    });
    expect(changesOf(plan({ overage_actions: ['charge', 'block'], features: { b: 2, a: 1 } }), seen)).toEqual(
      [],
    );
    expect(changesOf(plan({ max_keys: 4, prices: { XOF: 2 } }), seen)).toEqual([
      { kind: 'plans', thing: 'free', field: 'max_keys', before: 3, after: 4 },
      { kind: 'plans', thing: 'free', field: 'prices/XOF', before: null, after: 2 },
    ]);
  });

  it('of what is to be gone are none where it is', () => {
    const gone = { kind: 'apis', thing: 'shop', fields: { [GONE]: true } } as const;
    expect(changesOf(gone, { ...gone, fields: null })).toEqual([]);
    expect(changesOf(gone, { ...gone, fields: { document: 'x' } })).toMatchObject([
      { before: false, after: true },
    ]);
  });
});

describe('drift', () => {
  it('is what a file set and is not so any more', () => {
    const marks = [mark('max_keys', 3), mark('self_serve', true)];
    expect(driftOf(marks, plan({ max_keys: 9, self_serve: true }))).toMatchObject([
      { field: 'max_keys', value: 3, now: 9 },
    ]);
  });

  it('of what is gone is said once', () => {
    const marks = [mark('max_keys', 3), mark('self_serve', true)];
    expect(driftOf(marks, { ...plan({}), fields: null })).toMatchObject([{ field: GONE, now: true }]);
  });
});

describe('an owner', () => {
  const said = (at: string, details: Record<string, unknown>) => [
    { kind: 'plans', thing: 'free', actor: 'operator:y', at, details } as const,
  ];
  const of = (now: Mark['value'], marks: Mark[], last: Parameters<typeof ownerOf>[3]) =>
    ownerOf({ kind: 'plans', thing: 'free', field: 'max_keys' }, now, marks, last).owner;
  const [before, after] = ['2026-11-30T09:00:00.000Z', '2026-11-30T11:00:00.000Z'];

  it.for([
    [
      'the file, where it stands as it was set',
      3,
      [mark('max_keys', 3)],
      said(after, { maxKeys: 3 }),
      'file',
    ],
    [
      'the portal, where it was changed there since',
      9,
      [mark('max_keys', 3)],
      said(after, { maxKeys: 9 }),
      'portal',
    ],
    [
      'SQL, where the portal said another value',
      9,
      [mark('max_keys', 3)],
      said(after, { maxKeys: 3 }),
      'sql',
    ],
    [
      'SQL, where the portal was there before the file',
      9,
      [mark('max_keys', 3)],
      said(before, { maxKeys: 9 }),
      'sql',
    ],
    ['SQL, where nobody said anything', 9, [mark('max_keys', 3)], [], 'sql'],
    ['the portal, where the file never named it', 9, [], said(before, { maxKeys: 9 }), 'portal'],
    ['SQL, of what came with the migrations', 9, [], [], 'sql'],
  ] as const)('is %s', ([, now, marks, last, owner]) => {
    expect(of(now, [...marks], last)).toBe(owner);
  });
});
