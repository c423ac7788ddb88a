// The documents of what partners' programs and developers call. Made when first asked for, and kept.

import type { Catalog, CatalogDocument } from '../../catalog/catalog.ts';
import { scopeWords } from '../../catalog/document-words.ts';
import { byKey, createDocument, describeOffered, describeRoutes } from '../../openapi/document.ts';
import type { OpenApiDocument, Paths } from '../../openapi/types.ts';
import { EVENTS_TAG, webhooksOf } from '../../openapi/webhooks.ts';
import { may, ROLES } from '../../partners/permissions.ts';
import { messagesOf } from '../../web/messages/messages.ts';
import { dashboard } from './dashboard-routes.ts';
import { developerApi } from './dev-routes.ts';
import { permissionAt } from './developer.ts';

/** All that operations need, and what each is for. */
const scopesOf = (documents: readonly CatalogDocument[]): Record<string, string> =>
  Object.fromEntries(
    documents
      .flatMap(({ paths }) => Object.values(paths).flatMap((item) => Object.values(item)))
      .flatMap(({ 'x-passerelle': { scope } }) => scope ?? [])
      .map((scope) => [scope, scopeWords({ documents }, scope, 'en') ?? scope]),
  );

const keySchemes = (documents: readonly CatalogDocument[]) => ({
  bearer: { type: 'http', scheme: 'bearer', description: 'A bearer key: pk_test_… or pk_live_…' },
  signed: {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description:
      'ak_…:<hex HMAC-SHA256> of the whole request (X-Signature-Version: 2), or of the body alone. See /docs/signing',
  },
  oauth: {
    type: 'oauth2',
    description: 'An access token of an OAuth client, for 15 minutes. See /docs/oauth',
    flows: {
      clientCredentials: {
        tokenUrl: '/oauth/token',
        scopes: scopesOf(documents),
      },
    },
  },
});

const DEVELOPER_TAGS = {
  Apps: 'What your keys belong to: one for each program of yours',
  Keys: 'Keys of your apps: made, limited, rotated, revoked',
  Grants: 'Programs that you let in by OAuth',
  Usage: 'What was called, and whether all counts agree',
  Audit: 'Who did what for your partner',
  Sandbox: 'What test keys may do with time, and with what they made',
  Members: 'Who works for your partner, and who is invited',
  'Live access': 'Whether live keys may be created, and how to request it',
  Webhooks: 'Where events are sent, and what became of them',
  Billing: 'Plans, invoices and what the month will cost',
  Alerts: 'What is watched for you, and what was found',
  [EVENTS_TAG]: 'What arrives at your webhook endpoints',
};

const INFO = { openapi: '3.1.0', info: { title: '', version: '' } };
const pathsOf = (api: { getOpenAPI31Document(info: typeof INFO): { paths?: object } }): Paths =>
  (api.getOpenAPI31Document(INFO).paths ?? {}) as Paths;

/** Which roles may, where not all do. */
function audienceOf(method: string, path: string): string {
  const permission = permissionAt(method.toUpperCase(), `/api/dev${path}`);
  const roles = ROLES.filter((role) => may({ role, partner: { status: 'active' } }, permission));
  return roles.length === ROLES.length ? 'Every member may.' : `Needs the role ${roles.join(' or ')}.`;
}

/** By what they are made of. */
const made = new WeakMap<object, OpenApiDocument>();
function kept(source: object, make: () => OpenApiDocument): OpenApiDocument {
  const document = made.get(source) ?? make();
  made.set(source, document);
  return document;
}

const offeredTags = (documents: readonly CatalogDocument[]) =>
  Object.fromEntries(
    documents.flatMap(({ tags }) => tags.map(({ name, description }) => [name, description])),
  );

/** One offered API. */
export const offeredDocument = (document: CatalogDocument, product: string): OpenApiDocument =>
  kept(document, () =>
    createDocument({
      ...document.info,
      product,
      tags: offeredTags([document]),
      schemes: keySchemes([document]),
      ...describeOffered(document),
    }),
  );

/** All that a partner's program may call with a key. */
export const partnerDocument = (catalog: Catalog, product: string): OpenApiDocument =>
  kept(catalog, () => {
    const { documents } = catalog;
    const offered = documents.map(describeOffered);
    return createDocument({
      title: `${product} for programs`,
      description: 'The offered APIs, and what a key says of itself, its usage and its limits.',
      product,
      tags: {
        ...offeredTags(documents),
        Dashboard: 'What a key may know and do about its partner',
      },
      schemes: keySchemes(documents),
      paths: Object.assign(
        {},
        ...offered.map(({ paths }) => paths),
        describeRoutes(pathsOf(dashboard), {
          prefix: '/dashboard',
          security: byKey(),
          audience: () => 'Not counted, and limited by a rate alone.',
        }),
      ),
      schemas: Object.assign({}, ...offered.map(({ schemas }) => schemas)),
    });
  });

export const developerDocument = (product: string): OpenApiDocument =>
  kept(developerApi, () =>
    createDocument({
      title: `${product} for developers`,
      description: 'Apps, keys, usage, members, webhooks and bills of a partner: all that the portal does.',
      product,
      tags: DEVELOPER_TAGS,
      schemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description: 'An access token of the OIDC issuer (RFC 9068), or a personal token of the settings',
        },
        session: {
          type: 'apiKey',
          in: 'cookie',
          name: '__Host-session',
          description: "The portal's session. What changes something must come from the portal's own origin",
        },
      },
      paths: describeRoutes(pathsOf(developerApi), {
        prefix: '/api/dev',
        security: [{ token: [] }, { session: [] }],
        audience: audienceOf,
      }),
      webhooks: webhooksOf(messagesOf('en').webhooks.eventNames),
    }),
  );
