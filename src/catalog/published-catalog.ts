// What was published, laid over what came with the Worker. Pure, but for what it holds.

import {
  type Catalog,
  type CatalogDocument,
  createCatalog,
  documentOf,
  idOf,
  type OfferedApi,
  offeredApi,
  RouteConflict,
} from './catalog.ts';
import type { Published } from './catalog-store.ts';
import { needsRules } from './policies/installed.ts';

/** An API that came with the Worker, with its upstreams, and with rules where a policy asks for them. */
const bundledApi = (document: CatalogDocument, { upstreams, policies }: Published): OfferedApi => {
  const id = idOf(document);
  const targets = upstreams.find(({ api }) => api === id)?.targets ?? [];
  return offeredApi(document, { version: 0, targets }, needsRules(policies, id));
};

/** What was published goes before what came with the Worker, in its place; new APIs come after. */
function apisOf(bundled: readonly CatalogDocument[], published: Published): OfferedApi[] {
  const { apis, retired } = published;
  const inPlace = new Map(apis.map((api) => [api.id, api]));
  const first = bundled
    .filter((each) => !retired.includes(idOf(each)))
    .map((each) => inPlace.get(idOf(each)) ?? bundledApi(each, published));
  const taken = new Set(first.map(({ id }) => id));
  return [...first, ...apis.filter(({ id }) => !taken.has(id))];
}

interface Together {
  catalog: Catalog;
  /** Ids of APIs that have a path of another: what a deployment brought along goes, before what was published. */
  leftOut: readonly string[];
}

function together(bundled: readonly CatalogDocument[], published: Published): Together {
  const leftOut: string[] = [];
  let apis = apisOf(bundled, published);
  for (;;) {
    try {
      return { catalog: createCatalog(published.version, apis, [], published.policies), leftOut };
    } catch (error) {
      if (!(error instanceof RouteConflict)) throw error;
      const two = apis.filter(({ id }) => id === error.route.api || id === error.other.api);
      const out = two.find(({ version }) => version === 0) ?? two.at(-1);
      if (!out) throw error;
      leftOut.push(out.id);
      apis = apis.filter((api) => api !== out);
    }
  }
}

const NOTHING: Published = {
  version: 0,
  apis: [],
  retired: [],
  unreadable: [],
  upstreams: [],
  policies: [],
};

export class PublishedCatalog {
  private readonly bundled: readonly CatalogDocument[];
  private published: Published = NOTHING;
  private catalog: Catalog;

  constructor(bundled: readonly CatalogDocument[]) {
    this.bundled = bundled;
    this.catalog = together(bundled, NOTHING).catalog;
    this.show([]);
  }

  get current(): Catalog {
    return this.catalog;
  }

  /** Whether the documents of all APIs are at hand. */
  get isWhole(): boolean {
    return this.catalog.documents.length === this.catalog.apis.length;
  }

  /** Unless a newer one is in force. Ids of APIs that had to be left out. @throws when nothing fits together */
  adopt(next: Published): readonly string[] {
    if (next.version <= this.published.version) return [];
    const { catalog, leftOut } = together(this.bundled, next);
    this.catalog = catalog;
    this.published = next;
    this.show([]);
    return [...leftOut, ...next.unreadable];
  }

  /** `read`: the documents of these APIs. Kept if none were published meanwhile. */
  async complete(read: (apis: Published['apis']) => Promise<CatalogDocument[]>): Promise<void> {
    const { published } = this;
    const documents = await read(published.apis);
    if (published === this.published) this.show(documents);
  }

  /** Of what was published; what came with the Worker has its own. */
  private show(published: readonly CatalogDocument[]): void {
    const documents = this.catalog.apis.flatMap(
      ({ id, version }) => documentOf({ documents: version === 0 ? this.bundled : published }, id) ?? [],
    );
    this.catalog = { ...this.catalog, documents };
  }
}
