// The parts of OpenAPI 3.1 that our documents use.

export type Schema = Readonly<Record<string, unknown>>;
export interface Reference {
  $ref: string;
}
export type Content = Record<string, { schema?: Schema; example?: unknown; examples?: unknown }>;
export interface Answer {
  description: string;
  headers?: Record<string, object>;
  content?: Content;
}
export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
  example?: unknown;
}
/** Each of these suffices; the schemes of one are needed together. */
export type Security = Record<string, string[]>[];

export interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  security?: Security;
  parameters?: (Parameter | Reference)[];
  requestBody?: { required?: boolean; content: Content };
  responses?: Record<string, Answer | Reference>;
}
export type Paths = Record<string, Record<string, Operation>>;

export interface OpenApiDocument {
  openapi: '3.1.0';
  info: object;
  tags: { name: string; description: string }[];
  paths: Paths;
  webhooks?: Paths;
  components: { schemas: Record<string, Schema>; [kind: string]: Record<string, unknown> };
}
