// Schemas of a document as JSON Schema 2020-12 has them: what older versions say differently is said anew, what no version
// knows is left out, and their references are to components under names that no other document has. Pure.

import { nameOfPart } from '../../core/json-pointer.ts';
import { followed, isObject, type JsonObject } from './read-document.ts';
import { repairedKeywords } from './schema-keywords.ts';

export type Schema = JsonObject | boolean;

const COMPONENT = /^#\/components\/schemas\/([^/]+)$/;
/** Their members are schemas, by names of any kind. */
const MAPS = ['properties', 'patternProperties', 'dependentSchemas'] as const;
const LISTS = ['allOf', 'anyOf', 'oneOf', 'prefixItems'] as const;
const SINGLE = [
  ...['items', 'contains', 'additionalProperties', 'unevaluatedItems', 'unevaluatedProperties'],
  ...['propertyNames', 'not', 'if', 'then', 'else', 'contentSchema'],
] as const;

const plainName = (encoded: string): string => {
  try {
    return nameOfPart(decodeURIComponent(encoded));
  } catch {
    return encoded;
  }
};

const isSchema = (value: unknown): boolean => typeof value === 'boolean' || isObject(value);

export class Schemas {
  private readonly document: JsonObject;
  private readonly id: string;
  /** Names of components, by the references to where they come from. */
  private readonly names = new Map<string, string>();
  private readonly taken = new Set<string>();
  private readonly waiting: string[] = [];
  private readonly made: Record<string, Schema> = {};

  constructor(document: JsonObject, id: string) {
    this.document = document;
    this.id = id;
  }

  schema(given: unknown): Schema {
    if (typeof given === 'boolean') return given;
    if (!isObject(given)) return {};
    const { $ref, ...siblings } = given;
    if (typeof $ref === 'string') return { ...this.plain(siblings), $ref: this.reference($ref) };
    return this.plain(given);
  }

  /** All that were referred to, also by one another: one after the other, however long their chain. */
  components(): Record<string, Schema> {
    for (let source = this.waiting.pop(); source !== undefined; source = this.waiting.pop()) {
      const found = followed(this.document, { $ref: source });
      this.made[this.names.get(source) ?? ''] = this.schema(found);
    }
    return this.made;
  }

  private plain(given: JsonObject): JsonObject {
    const { items, ...others } = given;
    // Before 2020-12, a list of `items` was what `prefixItems` is now.
    const source: JsonObject = Array.isArray(items) ? { prefixItems: items, ...others } : { ...given };
    const schema = repairedKeywords(source);
    for (const keyword of MAPS) {
      const value = source[keyword];
      if (isObject(value)) schema[keyword] = this.each(value);
    }
    for (const keyword of LISTS) {
      const value = source[keyword];
      if (Array.isArray(value) && value.length > 0)
        schema[keyword] = value.filter(isSchema).map((each) => this.schema(each));
    }
    for (const keyword of SINGLE)
      if (isSchema(source[keyword])) schema[keyword] = this.schema(source[keyword]);
    if (isObject(source.discriminator)) this.discriminate(schema, source.discriminator, source);
    // What can never be said of such a value.
    if (schema.type === 'array') delete schema.properties;
    if (schema.type === 'object') delete schema.items;
    return schema;
  }

  private each(value: JsonObject): Record<string, Schema> {
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, each]) => (isSchema(each) ? [[name, this.schema(each)]] : [])),
    );
  }

  /** Values that are names of schemas are named, as those have other names here. */
  private discriminate(schema: JsonObject, { propertyName, mapping }: JsonObject, source: JsonObject): void {
    if (typeof propertyName !== 'string') return;
    const choices = [source.oneOf, source.anyOf].flat().filter(isObject);
    const implied = choices.flatMap(({ $ref }) => {
      const [, name] = COMPONENT.exec(String($ref)) ?? [];
      return name === undefined ? [] : [[plainName(name), this.reference(String($ref))] as const];
    });
    const named = Object.entries(isObject(mapping) ? mapping : {}).flatMap(([value, target]) => {
      const known = this.target(target);
      return known === undefined ? [] : [[value, this.reference(known)] as const];
    });
    const mapped = new Set(named.map(([, target]) => target));
    const all = [...implied.filter(([, target]) => !mapped.has(target)), ...named];
    schema.discriminator = { propertyName, ...(all.length > 0 && { mapping: Object.fromEntries(all) }) };
  }

  /** What a mapping means: a reference, or a name. */
  private target(given: unknown): string | undefined {
    const references = [String(given), `#/components/schemas/${String(given)}`];
    return references.find((reference) => {
      if (!reference.startsWith('#/')) return false;
      try {
        return isObject(followed(this.document, { $ref: reference }));
      } catch {
        return false;
      }
    });
  }

  private reference($ref: string): string {
    const known = this.names.get($ref);
    const name = known ?? this.newName($ref);
    if (known === undefined) {
      this.names.set($ref, name);
      this.waiting.push($ref);
    }
    return `#/components/schemas/${name}`;
  }

  /** What component names may hold: OpenAPI 3.1, 4.8.7.1. A part of something gets a number. */
  private newName($ref: string): string {
    const [, encoded] = COMPONENT.exec($ref) ?? [];
    const given = encoded === undefined ? 'Part' : plainName(encoded).replace(/[^\w.-]/g, '_');
    const base = given.startsWith(`${this.id}.`) ? given : `${this.id}.${given}`;
    let name = base;
    for (let n = 2; this.taken.has(name); n++) name = `${base}-${n}`;
    this.taken.add(name);
    return name;
  }
}
