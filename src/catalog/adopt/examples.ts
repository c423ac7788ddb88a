// Examples of what operations take and answer. The author's, where they fit the schema that stands beside them; otherwise one
// that is made of the schema, where that fits. Pure, and without `eval`, which Workers have not.

import { dereference, type Schema as JsonSchema, validate } from '@cfworker/json-schema';
import { isJsonType } from '../../core/encoding.ts';
import { exampleOfSchema } from './example.ts';
import { isObject, type JsonObject } from './read-document.ts';
import type { Schema } from './schemas.ts';

export const isJson = (type: string): boolean => isJsonType(type) || type === '*/*';

/** Schemas whose documents are made: what they refer to is at hand. */
export class Examples {
  private readonly schemas: Readonly<Record<string, Schema>>;
  private readonly lookup: ReturnType<typeof dereference>;

  /** `media`: all that will be asked about. */
  constructor(schemas: Readonly<Record<string, Schema>>, media: readonly JsonObject[]) {
    this.schemas = schemas;
    const all = media.map(({ schema }) => schema ?? {});
    this.lookup = dereference({ components: { schemas }, allOf: all } as JsonSchema);
  }

  private fits(value: unknown, schema: unknown): boolean {
    try {
      return validate(value, schema as JsonSchema, '2020-12', this.lookup).valid;
    } catch {
      // A pattern that is none, say: nobody can tell.
      return true;
    }
  }

  /** Gives a media type its example. Whether the author's was kept, or there was none. */
  give(media: JsonObject): boolean {
    const { schema, example, examples } = media;
    const named = isObject(examples)
      ? Object.values(examples).find((each) => isObject(each) && 'value' in each)
      : undefined;
    const shown = example ?? (isObject(named) ? named.value : undefined);
    if (shown !== undefined && (schema === undefined || this.fits(shown, schema))) {
      this.set(media, shown);
      return true;
    }
    const made = schema === undefined ? undefined : exampleOfSchema(schema, this.schemas);
    const isBetter = made !== undefined && (shown === undefined || this.fits(made, schema));
    const chosen = isBetter ? made : shown;
    if (chosen !== undefined) this.set(media, chosen);
    return shown === undefined || chosen === shown;
  }

  private set(media: JsonObject, example: unknown): void {
    delete media.examples;
    media.example = example;
  }
}
