// What a document of the catalogue is: OpenAPI, with the `x-passerelle` extension, which is the whole configuration of an
// offered API. Only what the gateway reads is described here.

import * as z from 'zod';
import { versionsSchema } from './versions.ts';

/** Of all variables only those that hold an upstream's origin: others are secrets, or lead to ourselves. */
const UPSTREAM_VARIABLE = /^(?!PORTAL_ORIGIN$)(?:[A-Z][A-Z0-9_]*_)?ORIGIN$/;

/** Of one call, in units. */
const MAX_COST = 1_000_000;
const DAY_SECONDS = 86_400;
/** What a call came to is told within ten minutes, or it was none. */
const MAX_TIMEOUT_MS = 300_000;
/** The edge takes no more. */
const MAX_BODY_BYTES = 500 * 1024 * 1024;

const headerNames = z.array(z.string()).default([]);
const defaults = z.strictObject({
  cost: z.int().min(1).max(MAX_COST),
  cacheSeconds: z.int().min(0).max(DAY_SECONDS),
  timeoutMs: z.int().min(1).max(MAX_TIMEOUT_MS),
  bodyBytes: z.int().min(0).max(MAX_BODY_BYTES),
  /** Whether one cached answer is for all keys of a partner, or each key has its own. */
  cacheSharedBy: z.enum(['key', 'partner']).optional(),
  /** Whether a path parameter may hold `%2f`. */
  encodedSlashes: z.boolean().optional(),
});
const parameter = z.looseObject({
  name: z.string().optional(),
  in: z.string().optional(),
  required: z.unknown().optional(),
  schema: z.unknown().optional(),
  $ref: z.string().optional(),
  /** `secret`: its value is kept nowhere. */
  'x-passerelle': z.object({ secret: z.boolean().optional() }).optional(),
});
const answer = z.looseObject({
  headers: z.record(z.string(), z.unknown()).optional(),
  $ref: z.string().optional(),
});
export const shownAnswer = z.object({
  content: z.object({ 'application/json': z.object({ example: z.unknown() }) }),
});
/** Headers that pass although the document's parameters and answers do not show them. */
const unshown = { requestHeaders: headerNames, answerHeaders: headerNames };
/** `bound`: signatures must cover the whole request, also where there is a body. */
const signatureRule = z.literal('bound').optional();

/** By language; English stands where one is missing. */
const words = z.object({ en: z.string() }).catchall(z.string());
export type Words = z.infer<typeof words>;
/** A call that shows the operation: it succeeds in the sandbox as it stands. Guides quote it within `'` and backticks. */
const firstCall = z.object({
  path: z.string().regex(/^\/[\x21-\x7e]*$/),
  body: z
    .looseObject({})
    .refine(
      (body) => /^[ -&(-[\]-_a-~]*$/.test(JSON.stringify(body)),
      'must be printable ASCII, without apostrophes, backticks and backslashes',
    )
    .optional(),
});

export const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head'] as const;
/** Our own are of keys, and let nobody call an API. */
const scopeName = z.string().regex(/^(?!keys:(?:read|write)$)[\w.:-]{1,100}$/);
const operation = z.looseObject({
  summary: z.string().optional(),
  requestBody: z.looseObject({}).optional(),
  parameters: z.array(parameter).optional(),
  responses: z.record(z.string(), answer).optional(),
  'x-first-call': firstCall.optional(),
  'x-passerelle': z.strictObject({
    ...defaults.partial().shape,
    scope: scopeName.nullable(),
    ...unshown,
    signatureRule,
  }),
});
/** Scopes of keys: that programs make without any, and that forms propose at first. */
const keyScopes = z
  .object({
    bearer: z.array(z.string()).default([]),
    signing: z.array(z.string()).default([]),
    first: z.array(z.string()).default([]),
  })
  .default({ bearer: [], signing: [], first: [] });
export type KeyScopes = z.infer<typeof keyScopes>;

export const documentSchema = z.looseObject({
  openapi: z.string().startsWith('3.'),
  info: z.looseObject({
    title: z.string(),
    version: z.string(),
    description: z.string().default(''),
    contact: z.looseObject({}).optional(),
    license: z.looseObject({}).optional(),
  }),
  tags: z.array(z.looseObject({ name: z.string(), description: z.string().default('') })).default([]),
  'x-passerelle': z.strictObject({
    id: z.string(),
    /** What each of its paths begins with that its upstreams do not know. */
    prefix: z
      .string()
      .regex(/^(?:\/[^/{}?#\s]+)*$/)
      .default(''),
    /** Names of variables; the first that is set is the origin of the upstream. Upstreams of the catalogue go before them. */
    upstream: z.array(z.string().regex(UPSTREAM_VARIABLE)).default([]),
    /** `transit` or `payments`; any other answers with the examples of the document. */
    sandbox: z.string(),
    defaults,
    ...unshown,
    /** What each scope allows. */
    scopes: z.record(z.string(), words).default({}),
    keyScopes,
    /** Summaries and descriptions in other languages, by their English. */
    translations: z.record(z.string(), z.record(z.string(), z.string())).default({}),
    /** Dated ones, oldest first; none where the API has no dates. */
    versions: versionsSchema,
    /** What guides (by their names) and the page of the sandbox say of this API. */
    notes: z.record(z.string(), words).default({}),
  }),
  components: z
    .looseObject({
      parameters: z.record(z.string(), parameter).optional(),
      responses: z.record(z.string(), answer).optional(),
    })
    .optional(),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(METHODS), operation)),
});
export type CatalogDocument = z.infer<typeof documentSchema>;
export type Operation = z.infer<typeof operation>;

/** Of `#/components/parameters/Name`. */
export const nameOfReference = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** Defined by their own fields: OpenAPI 3.1, 4.8.12.1. As parameters they say nothing. */
export const OWN_FIELDS: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);

/** Of an operation, as given or referred to. */
export const parametersOf = ({ components }: CatalogDocument, { parameters = [] }: Operation) =>
  parameters.flatMap(({ $ref, ...given }) => {
    const parameter = $ref ? components?.parameters?.[nameOfReference($ref)] : given;
    const { name, in: place } = parameter ?? {};
    return name === undefined || (place === 'header' && OWN_FIELDS.has(name.toLowerCase()))
      ? []
      : [{ ...parameter, name }];
  });
