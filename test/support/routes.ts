// The routes that answer, taken from the routers themselves: what walks them misses none.

import { DOCUMENTS } from '../../src/brand/brand.ts';
import { loadCatalog } from '../../src/catalog/catalog.ts';
import { oauth } from '../../src/oauth/oauth-routes.ts';
import { adminApi } from '../../src/operator/admin-routes.ts';
import { operatorConsole } from '../../src/operator/console/pages.ts';
import { dashboard } from '../../src/portal/api/dashboard-routes.ts';
import { developerApi } from '../../src/portal/api/dev-routes.ts';
import { mcp } from '../../src/portal/mcp/mcp-routes.ts';
import { portal } from '../../src/portal/web/pages.ts';

/** `GET /path/:id`. Middleware is for all methods, or ends in a star. */
export const routesOf = (app: { routes: readonly { method: string; path: string }[] }): string[] => [
  ...new Set(
    app.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.endsWith('*'))
      .map(({ method, path }) => `${method} ${path}`),
  ),
];

const under = (prefix: string, app: Parameters<typeof routesOf>[0]): string[] =>
  routesOf(app).map((route) => route.replace(' ', ` ${prefix}`));

const offered = loadCatalog(DOCUMENTS).documents.flatMap(({ paths }) =>
  Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ':$1')}`),
  ),
);

const changes = (routes: string[]): string[] => routes.filter((route) => !/^(GET|HEAD) /.test(route));

/** Every route that changes something, by who opens its door. */
export const CHANGING = {
  /** Pages: a session's cookie, and our own form. */
  page: changes([...routesOf(portal), ...routesOf(operatorConsole)]),
  /** A developer's token or session. */
  developer: changes(under('/api/dev', developerApi)),
  /** An operator's token. */
  operator: changes(under('/api/admin', adminApi)),
  /** A key. */
  key: changes([...under('/dashboard', dashboard), ...offered]),
  /** A key or a token, for a model. */
  tool: changes(routesOf(mcp)).filter((route) => route.startsWith('POST ')),
  /** A client's secret, key or certificate. */
  client: changes(routesOf(oauth)),
  /** A signature of somebody whom we know. */
  machine: ['POST /leaks/github'],
};

/** Its path with `id` wherever it takes one. */
export const filled = (route: string, id: string): { method: string; path: string } => {
  const [method = '', path = ''] = route.split(' ');
  return { method, path: path.replace(/:\w+/g, id) };
};
