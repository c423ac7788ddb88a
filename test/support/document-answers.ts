// Whether an answer is what an OpenAPI document says of it: a status that it shows, every field that it requires, and none that
// it does not show, except where it says that there may be others.

import * as z from 'zod';

interface Response {
  $ref?: string;
  content?: Record<string, { schema?: object }>;
}
interface OpenApiDocument {
  paths: Record<string, Record<string, { responses?: Record<string, Response> }>>;
  components: { schemas: object; responses?: Record<string, Response> };
}

/** As JSON Schema has it: `$defs` for components, and no field beside those that are shown. */
const asJsonSchema = (schema: object): object =>
  JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'), (_, value) =>
    value?.properties && value.additionalProperties === undefined
      ? { ...value, additionalProperties: false }
      : value,
  );

/** The template that a path is of: `/v2/stops/{id}/departures`. Those without parameters come first. */
function templateOf({ paths }: OpenApiDocument, path: string): string {
  const fits = (template: string) => new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(path);
  return (path in paths ? path : Object.keys(paths).find(fits)) ?? '';
}

const nameOf = (reference: string): string => reference.slice(reference.lastIndexOf('/') + 1);

/** What is wrong with an answer; undefined where nothing is. `target`: path and query. */
export function answerChecks(
  document: OpenApiDocument,
): (target: string, status: number, body: unknown, method?: string, type?: string) => string | undefined {
  const $defs = asJsonSchema(document.components.schemas) as Record<string, z.core.JSONSchema.JSONSchema>;
  const checks = new Map<string, z.ZodType>();
  return (target, status, body, method = 'get', type = 'application/json') => {
    const path = templateOf(document, target.split('?', 1)[0] ?? '');
    const responses = document.paths[path]?.[method]?.responses ?? {};
    const code = String(status) in responses ? String(status) : `${Math.floor(status / 100)}XX`;
    const shown = responses[code];
    const response = shown?.$ref ? document.components.responses?.[nameOf(shown.$ref)] : shown;
    const schema = response?.content?.[type]?.schema;
    if (!schema) return `the document has no answer ${status} of ${type} for ${method} ${target}`;
    const whole: z.core.JSONSchema.JSONSchema = { ...asJsonSchema(schema), $defs };
    const check = checks.get(`${method} ${path} ${code}`) ?? z.fromJSONSchema(whole);
    checks.set(`${method} ${path} ${code}`, check);
    const { error } = check.safeParse(body);
    return error && `${method} ${target} ${status}: ${z.prettifyError(error)}`;
  };
}
