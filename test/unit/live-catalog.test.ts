// The catalogue in force, of what came with the Worker and what was published, also while either changes.

import { describe, expect, it } from 'vitest';
import {
  type CatalogDocument,
  type Match,
  type OfferedApi,
  offeredApi,
  parseDocument,
} from '../../src/catalog/catalog.ts';
import type { Published } from '../../src/catalog/catalog-store.ts';
import { createLiveCatalog } from '../../src/catalog/live-catalog.ts';
import { PublishedCatalog } from '../../src/catalog/published-catalog.ts';

const documentOf = (id: string, path: string): CatalogDocument =>
  parseDocument(
    {
      openapi: '3.1.0',
      info: { title: id, version: '1' },
      'x-passerelle': {
        id,
        sandbox: 'none',
        defaults: { cost: 1, cacheSeconds: 0, timeoutMs: 1000, bodyBytes: 0 },
      },
      paths: { [path]: { get: { 'x-passerelle': { scope: null } } } },
    },
    id,
  );
const published = (
  version: number,
  documents: CatalogDocument[],
  more: Partial<Published> = {},
): Published => ({
  version,
  apis: documents.map((document) => offeredApi(document, { version, targets: [] })),
  retired: [],
  unreadable: [],
  upstreams: [],
  policies: [],
  ...more,
});
const apiOf = (match: Match) => (match.found === 'route' ? match.route.api : match.found);

describe('the catalogue in force', () => {
  it('offers all that was published, although a deployment brought an API with the same paths', () => {
    const held = new PublishedCatalog([documentOf('old', '/v1/old'), documentOf('new', '/v1/things/{a}')]);
    const mine = documentOf('mine', '/v1/things/{id}');
    expect(held.adopt(published(1, [mine, documentOf('other', '/v1/other')]))).toEqual(['new']);
    const { current } = held;
    expect(['/v1/things/1', '/v1/other', '/v1/old'].map((path) => apiOf(current.match('GET', path)))).toEqual(
      ['mine', 'other', 'old'],
    );
    expect(current.documents.map((each) => each['x-passerelle'].id)).toEqual(['old']);
  });

  it('lets nothing pass where a policy’s settings are not known any more, and says so', async () => {
    const held = new PublishedCatalog([documentOf('a', '/v1/a'), documentOf('b', '/v1/b')]);
    const policy = { route: null, partnerId: null, position: 0, policy: 'addresses', settings: { allow: 7 } };
    held.adopt(published(1, [], { policies: [{ ...policy, id: '1', api: 'a' }] }));
    expect(held.current.unfit.map(({ id }) => id)).toEqual(['1']);
    const steps = ['/v1/a', '/v1/b'].map((path) => {
      const found = held.current.match('GET', path);
      return found.found === 'route' ? found.route.policies.before.length : -1;
    });
    expect(steps).toEqual([1, 0]);
  });
});

describe('with its documents', () => {
  const documents = [documentOf('one', '/v1/one'), documentOf('two', '/v1/two')];
  /** A store whose documents are read while `meanwhile` happens. */
  const catalogOf = (meanwhile: (reads: number) => Published | undefined, fails = false) => {
    let now = published(1, documents);
    let reads = 0;
    const lines: object[] = [];
    const catalogs = createLiveCatalog({
      bundled: [],
      store: {
        version: async () => now.version,
        published: async () => now,
        documentOf: async () => undefined,
        async documents(apis: readonly Pick<OfferedApi, 'id'>[]) {
          reads++;
          if (fails) throw new Error('down');
          const next = meanwhile(reads);
          if (next) {
            now = next;
            await catalogs.refresh();
          }
          return documents.filter((each) => apis.some(({ id }) => id === each['x-passerelle'].id));
        },
      },
      cache: { get: async () => null, put: async () => undefined },
      now: () => Date.now(),
      log: (line) => lines.push(line),
    });
    return { catalogs, reads: () => reads, lines };
  };

  it('is read again when it was changed meanwhile', async () => {
    const { catalogs, reads } = catalogOf((time) => (time <= 2 ? published(1 + time, documents) : undefined));
    const whole = await catalogs.whole('now');
    expect([whole.version, whole.documents.length, reads()]).toEqual([3, 2, 3]);
  });

  it('is not given to who changes it while it cannot be had; pages show what there is', async () => {
    const { catalogs, lines } = catalogOf(() => undefined, true);
    await expect(catalogs.whole('now')).rejects.toThrow('down');
    expect((await catalogs.whole()).documents).toEqual([]);
    expect(lines).toContainEqual(expect.objectContaining({ message: 'catalogue not read' }));
  });
});
