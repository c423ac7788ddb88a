// The catalogue's documents as a reference shows them: with this origin and how to authenticate, without our own settings.

import type { Catalog } from '../../catalog/catalog.ts';

export function referenceDocuments(catalog: Catalog, origin: string): Record<string, unknown>[] {
  return catalog.documents.map((document) => {
    const { 'x-passerelle': _, ...shown } = structuredClone(document) as Record<string, unknown>;
    const paths = shown.paths as Record<string, Record<string, Record<string, unknown>>>;
    for (const operations of Object.values(paths)) {
      for (const operation of Object.values(operations)) {
        delete operation['x-passerelle'];
        delete operation.security;
      }
    }
    const components = (shown.components ?? {}) as Record<string, unknown>;
    return {
      ...shown,
      servers: [{ url: origin }],
      security: [{ bearer: [] }],
      components: {
        ...components,
        securitySchemes: { bearer: { type: 'http', scheme: 'bearer', description: 'A test key: pk_test_…' } },
      },
    };
  });
}
