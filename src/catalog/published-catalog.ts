// What was published, laid over what came with the Worker. Pure, but for what it holds.

import { type Catalog, type CatalogDocument, createCatalog, type OfferedApi, offeredApi } from './catalog.ts';
import type { Published } from './catalog-store.ts';

/** What was published goes before what came with the Worker, in its place; new APIs come after. */
function together(
  bundled: readonly CatalogDocument[],
  { version, apis, retired }: Published,
  documents: readonly CatalogDocument[],
): Catalog {
  const published = new Map(apis.map((api) => [api.id, api]));
  const documentsOf = new Map(documents.map((each) => [each['x-passerelle'].id, each]));
  const seeds = bundled.filter(({ 'x-passerelle': { id } }) => !retired.includes(id));
  const offered: OfferedApi[] = seeds.map(
    (seed) => published.get(seed['x-passerelle'].id) ?? offeredApi(seed),
  );
  const seeded = new Set(offered.map(({ id }) => id));
  const all = [...offered, ...apis.filter(({ id }) => !seeded.has(id))];
  const shown = all.flatMap(
    ({ id, version: published }) =>
      documentsOf.get(id) ??
      (published === 0 ? (seeds.find((seed) => seed['x-passerelle'].id === id) ?? []) : []),
  );
  return createCatalog(version, all, shown);
}

const NOTHING: Published = { version: 0, apis: [], retired: [] };

export class PublishedCatalog {
  private readonly bundled: readonly CatalogDocument[];
  private published: Published = NOTHING;
  private catalog: Catalog;

  constructor(bundled: readonly CatalogDocument[]) {
    this.bundled = bundled;
    this.catalog = together(bundled, NOTHING, []);
  }

  get current(): Catalog {
    return this.catalog;
  }

  /** Whether the documents of all APIs are at hand. */
  get isWhole(): boolean {
    return this.catalog.documents.length === this.catalog.apis.length;
  }

  /** Unless a newer one is in force. @throws when it does not fit together with what came with the Worker */
  adopt(next: Published): void {
    if (next.version <= this.published.version) return;
    this.catalog = together(this.bundled, next, []);
    this.published = next;
  }

  /** `read`: the documents of these APIs. Kept if none were published meanwhile. */
  async complete(read: (apis: Published['apis']) => Promise<CatalogDocument[]>): Promise<void> {
    const { published } = this;
    const documents = await read(published.apis);
    if (published === this.published) this.catalog = together(this.bundled, published, documents);
  }
}
