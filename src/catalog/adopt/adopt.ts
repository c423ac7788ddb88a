// Anybody's OpenAPI document -> one of the catalogue: what our extension would say is filled in, so that nothing needs to be
// changed by hand. Pure. Its paths begin with the API's id, unless it says another prefix: no two APIs take each other's.

import type * as z from 'zod';
import { pointerTo } from '../../core/json-pointer.ts';
import { createCatalog, offeredApi } from '../catalog.ts';
import { type CatalogDocument, documentSchema, METHODS } from '../document.ts';
import { RefusedHeader } from '../headers.ts';
import { type Offer, Operations, offeredPath, templatesOf } from './operations.ts';
import { externalDocs, kept, Parts } from './parts.ts';
import { type Problem, UnfitDocument, unfit } from './problems.ts';
import { isObject, type JsonObject, readDocument } from './read-document.ts';

export const MAX_ROUTES = 2500;
const MAX_PATH_CHARS = 500;
export const API_ID = /^[a-z0-9][a-z0-9-]{0,39}$/;
/** Beside which those of APIs are served: `/openapi/developer.json`. */
const OWN_DOCUMENTS: ReadonlySet<string> = new Set(['developer', 'operator']);
const DEFAULTS = { cost: 1, cacheSeconds: 0, timeoutMs: 30_000, bodyBytes: 1_048_576 };

export interface Adopted {
  document: CatalogDocument;
  /** What was left out, or could not be heeded. */
  notes: readonly Problem[];
}

/** `swagger-petstore` of `Swagger Petstore - OpenAPI 3.1`. */
export function idOf(title: string): string {
  const id = title
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/\b(?:openapi|open api|swagger|rest|api)\b(?:\s*v?\d[\d.]*)?/g, ' ')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^[^a-z]+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '');
  return OWN_DOCUMENTS.has(id) ? `${id}-api` : id || 'api';
}

function wrongTemplate(path: string): string | undefined {
  if (!path.startsWith('/')) return 'must begin with a slash';
  if (path.length > MAX_PATH_CHARS) return `must have at most ${MAX_PATH_CHARS} characters`;
  if (!/^[\x21-\x7e]*$/.test(path.replace(/\{[^{}]*\}/g, '')))
    return 'must be printable ASCII outside of its templates';
  if (/[{}]/.test(path.replace(/\{[^{}/]+\}/g, '')))
    return 'has a brace without its other, or a template without a name';
  if (/["\\\p{Cc}\u2028\u2029]/u.test(path)) return 'must hold no quotes, backslashes and control characters';
  if (/\}\{/.test(path)) return 'has two templates with nothing between them';
  const names = templatesOf(path);
  return new Set(names).size < names.length ? 'has the same template twice' : undefined;
}

/** What our extension says, where the document has it; undefined where it does not. */
const givenSettings = (document: JsonObject): JsonObject | undefined =>
  isObject(document['x-passerelle']) ? document['x-passerelle'] : undefined;

/** Routes that versions name are those of the document: they get its prefix, too. */
function versionsOf(document: JsonObject, { prefix, isPrefixed }: Offer): unknown {
  const versions = givenSettings(document)?.versions;
  if (!Array.isArray(versions) || isPrefixed) return versions;
  return versions.map((version: unknown) => {
    if (!isObject(version) || !Array.isArray(version.changes)) return version;
    const changes = version.changes.map((change: unknown) =>
      isObject(change) && Array.isArray(change.routes)
        ? { ...change, routes: change.routes.map((route) => String(route).replace(' ', ` ${prefix}`)) }
        : change,
    );
    return { ...version, changes };
  });
}

/** Versions name routes that there are. */
function wrongVersions({ paths, 'x-passerelle': { versions } }: CatalogDocument): Problem[] {
  const known = new Set(
    Object.entries(paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
  return versions.flatMap(({ changes }, i) =>
    changes.flatMap(({ routes }, j) =>
      routes
        .filter((route) => !known.has(route))
        .map((route) => ({
          pointer: pointerTo('x-passerelle', 'versions', i, 'changes', j, 'routes'),
          message: `names \`${route}\`, which is no route of this document`,
        })),
    ),
  );
}

function settingsOf(document: JsonObject, offer: Offer): JsonObject {
  const { id, title, prefix } = offer;
  const given = givenSettings(document) ?? {};
  const versions = versionsOf(document, offer);
  const scopes = {
    [`read:${id}`]: { en: `Read: ${title}`, fr: `Lecture : ${title}` },
    [`write:${id}`]: { en: `Change: ${title}`, fr: `Modification : ${title}` },
  };
  return {
    sandbox: 'examples',
    scopes,
    keyScopes: { bearer: [], signing: [], first: Object.keys(scopes) },
    ...given,
    id,
    prefix,
    ...(versions !== undefined && { versions }),
    defaults: { ...DEFAULTS, ...(isObject(given.defaults) && given.defaults) },
  };
}

/** A call that needs nothing to be known: the first reading without a parameter. */
function firstCallIn(paths: Readonly<Record<string, JsonObject>>): void {
  const all = Object.entries(paths);
  if (all.some(([, item]) => Object.values(item).some((each) => isObject(each) && 'x-first-call' in each)))
    return;
  for (const [path, { get }] of all) {
    if (!isObject(get) || path.includes('{')) continue;
    const parameters = get.parameters as JsonObject[];
    if (parameters.some(({ required }) => required === true)) continue;
    get['x-first-call'] = { path };
    return;
  }
}

/** Paths that differ in the names of their templates alone: nobody could tell which a call means. */
class Conflicts {
  private readonly first = new Map<string, string>();

  of(method: string, path: string): Problem[] {
    const call = `${method} ${path.replace(/\{[^{}]*\}/g, '{}')}`;
    const other = this.first.get(call);
    if (other === undefined) this.first.set(call, path);
    const named = `\`${method.toUpperCase()} ${other}\``;
    return other === undefined
      ? []
      : [{ pointer: pointerTo('paths', path, method), message: `matches the same paths as ${named}` }];
  }
}

function pathsOf(
  document: JsonObject,
  operations: Operations,
  parts: Parts,
  offer: Offer,
): Record<string, JsonObject> {
  const { prefix, isPrefixed } = offer;
  if (!isObject(document.paths))
    throw unfit('/paths', 'must be an object: without paths there is nothing to offer');
  const wrong: Problem[] = [];
  const leftOut: Problem[] = [];
  const conflicts = new Conflicts();
  const paths: Record<string, JsonObject> = {};
  let routes = 0;
  for (const [path, given] of Object.entries(document.paths)) {
    if (path.startsWith('x-')) continue;
    const pointer = pointerTo('paths', path);
    if (/[?#]/.test(path) && path.startsWith('/')) {
      leftOut.push({ pointer, message: 'is left out: what follows ? or # is no path' });
      continue;
    }
    const bad =
      isPrefixed && !path.startsWith(`${prefix}/`) ? `must begin with \`${prefix}/\`` : wrongTemplate(path);
    if (bad) {
      wrong.push({ pointer, message: bad });
      continue;
    }
    const item = parts.plain(given);
    const common = Array.isArray(item.parameters) ? item.parameters : [];
    if (item.trace) operations.notes.push({ pointer: `${pointer}/trace`, message: 'is not offered' });
    const own = METHODS.filter((method) => isObject(item[method]));
    wrong.push(...own.flatMap((method) => conflicts.of(method, path)));
    routes += own.length;
    if (own.length === 0) continue;
    paths[offeredPath(offer, path)] = Object.fromEntries(
      own.map((method) => [method, operations.operation(item[method] as JsonObject, method, path, common)]),
    );
  }
  if (wrong.length > 0) throw new UnfitDocument(wrong);
  if (routes === 0 && leftOut.length > 0) throw new UnfitDocument(leftOut);
  if (routes === 0) throw unfit('/paths', 'has no operation');
  if (routes > MAX_ROUTES)
    throw unfit('/paths', `has ${routes} operations: at most ${MAX_ROUTES} are offered`);
  operations.notes.push(...leftOut);
  return paths;
}

const isUrl = (value: unknown): value is string => typeof value === 'string' && URL.canParse(value);

/** What says who offers it: what is no address is left out. */
function infoOf({ info }: JsonObject): JsonObject & { title: string } {
  const given = isObject(info) ? info : {};
  const title = typeof given.title === 'string' && given.title.trim() !== '' ? given.title.trim() : 'API';
  const contact = isObject(given.contact) ? given.contact : {};
  const { email, url } = contact;
  const said = {
    ...kept(contact, ['name']),
    ...(isUrl(url) && { url }),
    ...(typeof email === 'string' && /^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(email) && { email }),
  };
  const license = isObject(given.license) ? given.license : {};
  return {
    ...kept(given, ['description', 'summary']),
    title: title.slice(0, 120),
    version: String(given.version ?? '1'),
    ...(Object.keys(said).length > 0 && { contact: said }),
    ...(typeof license.name === 'string' && {
      license: { name: license.name, ...licensedBy(license) },
    }),
  };
}

const licensedBy = ({ identifier, url }: JsonObject): JsonObject =>
  typeof identifier === 'string' ? { identifier } : isUrl(url) ? { url } : {};

/** Those of operations, each once; one that says nothing of itself is of this API. */
function tagsOf({ tags }: JsonObject, { title }: Offer, used: ReadonlySet<string>): JsonObject[] {
  const given = (Array.isArray(tags) ? tags : []).filter(
    (each): each is JsonObject => isObject(each) && used.has(String(each.name)),
  );
  const unsaid = [...used].map((name): JsonObject => ({ name }));
  const byName = new Map([...unsaid, ...given].map((each) => [each.name, each]));
  return [...byName.values()].map((each) => ({
    name: each.name,
    ...externalDocs(each),
    description: typeof each.description === 'string' && each.description ? each.description : title,
  }));
}

/** `id`: the API's; otherwise the document's own, or its title's. @throws UnfitDocument with all that is wrong */
export function adoptDocument(text: string, wanted: { id?: string } = {}): Adopted {
  const document = readDocument(text);
  const info = infoOf(document);
  const given = givenSettings(document);
  if (document['x-passerelle'] !== undefined && !given) throw unfit('/x-passerelle', 'must be an object');
  const id = wanted.id ?? (typeof given?.id === 'string' ? given.id : idOf(info.title));
  if (!API_ID.test(id))
    throw unfit('/x-passerelle/id', 'must be small letters, digits and hyphens, at most 40');
  if (OWN_DOCUMENTS.has(id)) throw unfit('/x-passerelle/id', 'is the name of a document of our own');
  const isPrefixed = typeof given?.prefix === 'string';
  const offer = { id, title: info.title, isPrefixed, prefix: isPrefixed ? String(given.prefix) : `/${id}` };
  const parts = new Parts(document, id);
  const operations = new Operations(parts, offer);
  const paths = pathsOf(document, operations, parts, offer);
  firstCallIn(paths);
  if (document.webhooks) operations.notes.push({ pointer: '/webhooks', message: 'is not offered' });
  const made = {
    openapi: '3.1.0',
    info,
    tags: tagsOf(document, offer, operations.tags),
    'x-passerelle': settingsOf(document, offer),
    paths,
    components: { schemas: operations.finish() },
  };
  const { data, error } = documentSchema.safeParse(made);
  if (!data)
    throw new UnfitDocument(
      error.issues.map(({ path, message }: z.core.$ZodIssue) => ({
        pointer: pointerTo(...path.map(String)),
        message,
      })),
    );
  const wrong = wrongVersions(data);
  if (wrong.length > 0) throw new UnfitDocument(wrong);
  try {
    createCatalog(0, [offeredApi(data)], [data]);
  } catch (error) {
    // Routes do not meet each other any more; headers that the extension names may be refused.
    if (!(error instanceof RefusedHeader)) throw error;
    throw unfit('/x-passerelle', error.message);
  }
  return { document: data, notes: operations.notes };
}
