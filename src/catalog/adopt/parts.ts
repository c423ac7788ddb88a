// Parts of a document, each with the fields that OpenAPI 3.1 gives it and no others: what its owner's tools keep there is
// nobody else's business. References are followed, but for those to schemas. Pure.

import { followed, hasReference, isObject, type JsonObject } from './read-document.ts';
import { Schemas } from './schemas.ts';

const isText = (value: unknown): value is string => typeof value === 'string';
const isFlag = (value: unknown): value is boolean => typeof value === 'boolean';
const STYLES: Readonly<Record<string, readonly string[]>> = {
  path: ['simple', 'label', 'matrix'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
};
const MEDIA_TYPE = /^[\w*!#$&^.+-]+\/[\w*!#$&^.+-]+(?:\s*;.*)?$/;

/** Fields that are text, or true or false; those that are something else are none. */
export const kept = (
  given: JsonObject,
  texts: readonly string[],
  flags: readonly string[] = [],
): JsonObject =>
  Object.fromEntries([
    ...texts.filter((name) => isText(given[name])).map((name) => [name, given[name]]),
    ...flags.filter((name) => isFlag(given[name])).map((name) => [name, given[name]]),
  ]);

/** Where something is explained, if it says where. */
export const externalDocs = ({ externalDocs: given }: JsonObject): JsonObject =>
  isObject(given) && isText(given.url) ? { externalDocs: kept(given, ['url', 'description']) } : {};

export class Parts {
  readonly schemas: Schemas;
  private readonly document: JsonObject;

  constructor(document: JsonObject, id: string) {
    this.document = document;
    this.schemas = new Schemas(document, id);
  }

  /** What is given, or what it refers to. */
  plain(given: unknown): JsonObject {
    const found = followed(this.document, given);
    return isObject(found) ? found : {};
  }

  /** `given`: without references. `place`: `path`, `query` or `header`. */
  parameter(given: JsonObject, place: string): JsonObject {
    const { style, content } = given;
    const media = isObject(content) ? this.content(content) : {};
    const [first] = Object.entries(media);
    return {
      ...kept(given, ['description'], ['required', 'deprecated', 'explode']),
      ...(place === 'query' && kept(given, [], ['allowReserved', 'allowEmptyValue'])),
      ...(isText(style) && STYLES[place]?.includes(style) && { style }),
      ...this.examples(given),
      ...(first && given.schema === undefined
        ? { content: Object.fromEntries([first]) }
        : { schema: this.schemas.schema(given.schema ?? { type: 'string' }) }),
    };
  }

  requestBody(given: unknown): JsonObject {
    const body = this.plain(given);
    return { ...kept(body, ['description'], ['required']), content: this.content(body.content) };
  }

  /** By media types. */
  content(given: unknown): Record<string, JsonObject> {
    if (!isObject(given)) return {};
    return Object.fromEntries(
      Object.entries(given).flatMap(([type, media]) =>
        MEDIA_TYPE.test(type) ? [[type, this.media(this.plain(media))]] : [],
      ),
    );
  }

  private media(given: JsonObject): JsonObject {
    const { schema, encoding } = given;
    return {
      ...(schema !== undefined && { schema: this.schemas.schema(schema) }),
      ...this.examples(given),
      ...(isObject(encoding) && {
        encoding: Object.fromEntries(
          Object.entries(encoding)
            .filter(([, each]) => isObject(each))
            .map(([name, each]) => [
              name,
              kept(each as JsonObject, ['contentType', 'style'], ['explode', 'allowReserved']),
            ]),
        ),
      }),
    };
  }

  /** One, or several by names. */
  private examples({ example, examples }: JsonObject): JsonObject {
    const first = example ?? (Array.isArray(examples) ? examples[0] : undefined);
    const one = this.value(first);
    if (one !== undefined) return { example: one };
    const named = Object.entries(isObject(examples) ? examples : {}).flatMap(([name, given]) => {
      const found = followed(this.document, given);
      const shown =
        isObject(found) && ('value' in found || 'externalValue' in found) ? found : { value: found };
      const value = this.value(shown.value);
      const said = value === undefined ? kept(shown, ['externalValue']) : { value };
      if (Object.keys(said).length === 0) return [];
      return [[name.replace(/[^\w.-]/g, '_'), { ...kept(shown, ['summary', 'description']), ...said }]];
    });
    return named.length > 0 ? { examples: Object.fromEntries(named) } : {};
  }

  /** Authors refer from within examples, though there it is text like any other: what leads nowhere is no example. */
  private value(given: unknown): unknown {
    try {
      const found = followed(this.document, given);
      return hasReference(found) ? undefined : found;
    } catch {
      return undefined;
    }
  }
}
