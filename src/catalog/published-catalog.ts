// What was published, laid over what came with the Worker. Pure, but for what it holds.

import { type Catalog, type CatalogDocument, createCatalog, type OfferedApi, offeredApi } from './catalog.ts';
import type { Published } from './catalog-store.ts';
import { needsRules } from './policies/installed.ts';

/** An API that came with the Worker, with its upstreams, and with rules where a policy asks for them. */
const bundledApi = (document: CatalogDocument, { upstreams, policies }: Published): OfferedApi => {
  const { id } = document['x-passerelle'];
  return offeredApi(document, { version: 0, targets: upstreams[id] ?? [] }, needsRules(policies, id));
};

/** What was published goes before what came with the Worker, in its place; new APIs come after. */
function together(
  bundled: readonly CatalogDocument[],
  published: Published,
  documents: readonly CatalogDocument[],
): Catalog {
  const { version, apis, retired, policies } = published;
  const idOf = ({ 'x-passerelle': { id } }: CatalogDocument): string => id;
  const inPlace = new Map(apis.map((api) => [api.id, api]));
  const kept = bundled.filter((each) => !retired.includes(idOf(each)));
  const first = kept.map((each) => inPlace.get(idOf(each)) ?? bundledApi(each, published));
  const taken = new Set(first.map(({ id }) => id));
  const all = [...first, ...apis.filter(({ id }) => !taken.has(id))];
  const shown = all.flatMap(
    (api) => (api.version === 0 ? kept : documents).find((each) => idOf(each) === api.id) ?? [],
  );
  return createCatalog(version, all, shown, policies);
}

const NOTHING: Published = { version: 0, apis: [], retired: [], upstreams: {}, policies: [] };

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
