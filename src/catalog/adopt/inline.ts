// A document whose only references are to its schemas, under names that no other document has: so documents can be shown
// together. Pure.

import { followed, isObject, type JsonObject } from './read-document.ts';

const SCHEMA = /^#\/components\/schemas\/([^/]+)(.*)$/;

const plainName = (encoded: string): string =>
  decodeURIComponent(encoded).replaceAll('~1', '/').replaceAll('~0', '~');

/** What component names may hold (OpenAPI 3.1, 4.8.7.1). */
const nameIn = (id: string, name: string): string =>
  name.startsWith(`${id}.`) ? name : `${id}.${name.replace(/[^\w.-]/g, '_')}`;

export class Inliner {
  private readonly document: JsonObject;
  private readonly id: string;
  /** Names of schemas that are nowhere under `components.schemas`, by their references. */
  private readonly hoisted = new Map<string, string>();
  private readonly schemas: JsonObject = {};

  constructor(document: JsonObject, id: string) {
    this.document = document;
    this.id = id;
  }

  /** What is given, or what it refers to. */
  plain(given: unknown): JsonObject {
    const found = followed(this.document, given);
    return isObject(found) ? found : {};
  }

  /** Any part of the document, with its references to schemas renamed, and all others replaced by what they refer to. */
  part(given: unknown): unknown {
    if (Array.isArray(given)) return given.map((each) => this.part(each));
    if (!isObject(given)) return given;
    if (typeof given.$ref === 'string') return this.reference(given as JsonObject & { $ref: string });
    return Object.fromEntries(Object.entries(given).map(([name, each]) => [name, this.member(name, each)]));
  }

  /** All schemas that were referred to, also by one another. */
  components(): JsonObject {
    return this.schemas;
  }

  private member(name: string, value: unknown): unknown {
    if (name === 'example' || name === 'enum' || name === 'const' || name === 'default') return value;
    if (name === 'discriminator' && isObject(value) && isObject(value.mapping))
      return this.discriminator(value);
    // Examples by name: each may be referred to.
    if (name === 'examples' && isObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.plain(each)]));
    if (name === 'examples') return value;
    // Members of `properties` are names: one of them may be `$ref`, or `example`.
    if ((name === 'properties' || name === 'patternProperties') && isObject(value))
      return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, this.part(each)]));
    return this.part(value);
  }

  private discriminator(value: JsonObject): JsonObject {
    const mapping = Object.entries(value.mapping as JsonObject).map(([key, target]) => [
      key,
      typeof target === 'string' && SCHEMA.test(target) ? this.schemaReference(target) : target,
    ]);
    return { ...value, mapping: Object.fromEntries(mapping) };
  }

  private reference({ $ref, ...siblings }: JsonObject & { $ref: string }): unknown {
    const isSchema = SCHEMA.test($ref) || this.isRecursive($ref);
    if (isSchema) return { ...(this.part(siblings) as JsonObject), $ref: this.schemaReference($ref) };
    this.opened.push($ref);
    const found = this.part(this.plain({ $ref }));
    this.opened.pop();
    return isObject(found) ? { ...found, ...siblings } : found;
  }

  private readonly opened: string[] = [];

  /** What contains itself becomes a schema of its own. */
  private isRecursive($ref: string): boolean {
    return this.opened.includes($ref) || this.hoisted.has($ref);
  }

  private schemaReference($ref: string): string {
    const [, encoded = '', rest = ''] = SCHEMA.exec($ref) ?? [];
    const name = encoded === '' ? this.hoistedName($ref) : nameIn(this.id, plainName(encoded));
    if (!(name in this.schemas)) {
      // First, so that one that contains itself is not made again.
      this.schemas[name] = {};
      const source = encoded === '' ? $ref : `#/components/schemas/${encoded}`;
      this.schemas[name] = this.part(this.plain({ $ref: source }));
    }
    return `#/components/schemas/${name}${rest}`;
  }

  private hoistedName($ref: string): string {
    const name = this.hoisted.get($ref) ?? nameIn(this.id, `Part${this.hoisted.size + 1}`);
    this.hoisted.set($ref, name);
    return name;
  }
}
