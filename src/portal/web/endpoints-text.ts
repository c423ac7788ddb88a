// The offered APIs as Markdown: each endpoint with its scope, parameters, body and statuses. What the reference shows with
// scripts, for readers without, for assistants, and as a place to link to.

import * as z from 'zod';
import type { CatalogDocument } from '../../catalog/catalog.ts';
import { plainLine } from '../../core/plain-text.ts';
import { type DocsFacts, type Reader, table } from './docs-blocks.ts';
import { anchorOf } from './docs-markdown.ts';

/** What authors write may be pages long: the reference has all of it. */
const MAX_ABOUT_CHARS = 600;
const MAX_CELL_CHARS = 400;
export const ENDPOINTS_PATH = '/docs/endpoints';

type Operation = NonNullable<CatalogDocument['paths'][string]['get']>;

interface Input {
  name: string;
  place: string;
  isRequired: boolean;
  about: string;
}

const parameter = z.looseObject({
  name: z.string(),
  in: z.string(),
  required: z.boolean().default(false),
  description: z.string().default(''),
});
const reference = z.object({ $ref: z.string() });
const body = z.object({ content: z.object({ 'application/json': z.object({ schema: reference }) }) });
const schema = z.looseObject({
  properties: z.record(z.string(), z.looseObject({ description: z.string().default('') })),
  required: z.array(z.string()).default([]),
});

export const endpointName = (method: string, path: string): string => `${method.toUpperCase()} ${path}`;

export const endpointLink = (method: string, path: string): string =>
  `${ENDPOINTS_PATH}#${anchorOf(endpointName(method, path))}`;

/** What a `$ref` within the document names; undefined for what is none, or leads nowhere. */
function resolved(document: CatalogDocument, value: unknown): unknown {
  const found = reference.safeParse(value);
  if (!found.success) return value;
  return found.data.$ref
    .split('/')
    .slice(1)
    .reduce<unknown>((at, part) => (at as Record<string, unknown> | undefined)?.[part], document);
}

function inputsOf(document: CatalogDocument, { parameters = [], requestBody }: Operation): Input[] {
  const inPlace = parameters.flatMap((each): Input[] => {
    const { data } = parameter.safeParse(resolved(document, each));
    return data
      ? [{ name: data.name, place: data.in, isRequired: data.required, about: data.description }]
      : [];
  });
  const sent = body.safeParse(requestBody).data?.content['application/json'].schema;
  const fields = schema.safeParse(resolved(document, sent)).data;
  const inBody = Object.entries(fields?.properties ?? {}).map(([name, { description }]) => ({
    name,
    place: 'body',
    isRequired: fields?.required.includes(name) === true,
    about: description,
  }));
  return [...inPlace, ...inBody];
}

function inputTable({ m }: Reader, inputs: readonly Input[]): string {
  const { docsPages: words } = m;
  return table(
    [words.parameter, words.place, words.required, words.description],
    inputs.map(({ name, place, isRequired, about }) => [
      `\`${name}\``,
      place,
      isRequired ? words.yes : words.no,
      plainLine(about, MAX_CELL_CHARS).replaceAll('|', '\\|'),
    ]),
  );
}

function endpointText(
  document: CatalogDocument,
  method: string,
  path: string,
  operation: Operation,
  reader: Reader,
): string {
  const { docsPages: words } = reader.m;
  const { scope } = operation['x-passerelle'];
  const inputs = inputsOf(document, operation);
  const about = [operation.summary, operation.description]
    .filter((each) => typeof each === 'string')
    .map((each) => plainLine(each, MAX_ABOUT_CHARS));
  return [
    `### \`${endpointName(method, path)}\``,
    about.map((sentence) => sentence.replace(/[.…]?$/, (end) => end || '.')).join(' '),
    ...(scope === null ? [] : [`${words.scopeOf} \`${scope}\``]),
    ...(inputs.length > 0 ? [inputTable(reader, inputs)] : []),
    `${words.statuses} ${Object.keys(operation.responses ?? {}).join(', ')}`,
  ].join('\n\n');
}

export function endpointsText(reader: Reader, { catalog }: DocsFacts): string {
  const apis = catalog.documents.flatMap((document) => [
    `## ${document.info.title} ${document.info.version}`,
    ...Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) =>
        endpointText(document, method, path, operation, reader),
      ),
    ),
  ]);
  return [`# ${reader.m.docsPages.endpointsTitle}`, reader.m.docsPages.endpointsAbout, ...apis].join('\n\n');
}
