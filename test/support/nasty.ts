// Nasty values, and requests that have one of them each: in a field, a path part or a part of the query, all else being as
// the route's own schema wants it.

import { randomUUID } from 'node:crypto';

/** In every text: which request it came from. Markup of that name is nobody else's. */
export const MARK = 'nasty7f3a';
const HALF = String.fromCharCode(0xd83d);

/** Texts. `mark` is part of each that has room for it. */
export const nastyTexts = (mark: string): string[] => [
  `${mark}\0`,
  `${mark}${HALF}`,
  `${mark}\r\nBcc: all@example.com`,
  mark + 'x'.repeat(10_000),
  `<${mark}>"><img src=x onerror=alert(1)>\${{7*7}}<%= 7 %>`,
  `${mark}'; DROP TABLE partner; --`,
  `${mark}\u202e\u0085\u2028`,
  '__proto__',
  '99999999999999999999999999',
  '010.0.0.1',
  'fe80::1%eth0',
  '+275760-09-13T00:00:00.001Z',
  '00000000-0000-0000-0000-00000000000g',
  'javascript:alert(1)',
];

/** JSON values of another kind than was asked for, and numbers out of all bounds. */
export const nastyOthers = (mark: string): unknown[] => [
  null,
  [],
  { $ne: mark },
  2 ** 53 + 2,
  -1e308,
  `<${mark}>`,
];

export const nastyPathParts = (mark: string): string[] => [
  `${mark}%00`,
  `${mark}%ED%A0%80%zz`,
  `${mark}%0d%0aSet-Cookie:x=1`,
  `%3C${mark}%3E%22%3E%3Cimg%20onerror=alert(1)%3E`,
  `..%2f..%2f${mark}'%3B--`,
  `${mark}${'x'.repeat(5000)}`,
  '__proto__',
  '99999999999999999999',
  '00000000-0000-0000-0000-00000000000g',
];

/** What of JSON Schema our documents use. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  format?: string;
  minimum?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
}

const FORMATS: Record<string, () => string> = {
  uuid: () => randomUUID(),
  email: () => `${randomUUID()}@example.com`,
  uri: () => 'https://127.0.0.1:1/x',
  'date-time': () => '2027-06-01T00:00:00Z',
  date: () => '2027-06-01',
};

/** A value that the schema takes. `known`: what fields of that name hold, where their schema does not say. */
export function sampleOf(schema: Schema, known: Record<string, unknown>, name = ''): unknown {
  if (name in known) return known[name];
  if (schema.enum) return schema.enum[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.anyOf) return sampleOf(schema.anyOf[0] ?? {}, known);
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object')
    return Object.fromEntries(
      Object.entries(schema.properties ?? {}).map(([each, inner]) => [each, sampleOf(inner, known, each)]),
    );
  if (type === 'array') return [sampleOf(schema.items ?? {}, known)];
  if (type === 'boolean') return true;
  if (type === 'integer' || type === 'number') return Math.max(1, schema.minimum ?? 1);
  return FORMATS[schema.format ?? '']?.() ?? 'x';
}

/** Where in a value one part of it is: names and places. */
type Place = (string | number)[];

/** Every part of a value of this schema that can be something else, the whole included. */
export function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [at];
  const inner = Object.entries(value).flatMap(([name, each]) => placesOf(each, [...at, name]));
  return [at, ...inner];
}

/** Whether there is a text there. */
export const isText = (value: unknown, at: Place): boolean =>
  at.length === 0
    ? typeof value === 'string'
    : isText((value as Record<string, unknown>)[String(at[0])], at.slice(1));

export function withAt(value: unknown, [name, ...rest]: Place, nasty: unknown): unknown {
  if (name === undefined) return nasty;
  if (Array.isArray(value))
    return value.map((each, i) => (String(i) === name ? withAt(each, rest, nasty) : each));
  return { ...(value as object), [name]: withAt((value as Record<string, unknown>)[name], rest, nasty) };
}

export interface FormOnPage {
  action: string;
  fields: Record<string, string>;
}

const attribute = (tag: string, name: string): string | undefined =>
  new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1]?.replaceAll('&quot;', '"').replaceAll('&amp;', '&');

/** The forms of a page that are sent by POST, filled in as whoever looks at them would. */
export function formsOf(html: string): FormOnPage[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gs)].flatMap(([, head = '', body = '']) => {
    if (attribute(head, 'method')?.toLowerCase() !== 'post') return [];
    const fields: Record<string, string> = {};
    for (const [tag] of body.matchAll(/<(?:input|textarea|select|button)\b[^>]*>/g)) {
      const name = attribute(tag, 'name');
      if (!name || name in fields) continue;
      const fallback = attribute(tag, 'type') === 'email' ? `${randomUUID()}@example.com` : 'x';
      const start = body.indexOf(tag) + tag.length;
      const options = body.slice(start, body.indexOf('</select>', start));
      fields[name] = tag.startsWith('<select')
        ? (/<option[^>]*\svalue="([^"]*)"/.exec(options)?.[1] ?? '')
        : attribute(tag, 'value') || fallback;
    }
    return [{ action: attribute(head, 'action') ?? '', fields }];
  });
}
