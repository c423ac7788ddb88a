// What linters of OpenAPI (Redocly's and Spectral's recommended rules) ask of the offered APIs' documents, and no code of ours
// needs.

import { expect, it } from 'vitest';
import payments from '../../src/catalog/payments.openapi.json' with { type: 'json' };
import transit from '../../src/catalog/transit.openapi.json' with { type: 'json' };

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  responses?: Record<string, { description?: string; content?: object }>;
}
interface OpenApiDocument {
  info: { contact?: object; license?: { name?: string } };
  servers?: { url: string }[];
  tags?: { name: string; description?: string }[];
  security?: Record<string, unknown>[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: object; securitySchemes: object };
}

const documents: [name: string, document: OpenApiDocument][] = [
  ['transit', transit],
  ['payments', payments],
];

it.for(documents)('%s says who offers it, where, and who may call', ([, document]) => {
  expect(document.info.contact).toBeDefined();
  expect(document.info.license?.name).toBeTruthy();
  expect(document.servers).toHaveLength(1);
  const schemes = document.security?.flatMap((each) => Object.keys(each));
  expect(schemes).toEqual(Object.keys(document.components.securitySchemes));
});

it.for(documents)('%s describes each operation, and all that it may answer', ([, { paths, tags }]) => {
  const operations = Object.values(paths).flatMap((item) => Object.values(item));
  const names = tags?.map(({ name }) => name);
  for (const { operationId, summary, description, tags: own, responses = {} } of operations) {
    expect([summary, description].every(Boolean), operationId).toBe(true);
    expect(names).toEqual(own);
    expect(Object.keys(responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
    for (const [code, { content }] of Object.entries(responses))
      expect(content, `${operationId} ${code}`).toBeDefined();
  }
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

it.for(documents)('%s refers to all of its schemas, and to no others', ([, document]) => {
  const references = JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g);
  const referred = new Set([...references].map(([, name]) => name));
  expect([...referred].sort()).toEqual(Object.keys(document.components.schemas).sort());
});

it('none names a schema as another does: the reference shows them together', () => {
  const names = documents.flatMap(([, { components }]) => Object.keys(components.schemas));
  expect(new Set(names).size).toBe(names.length);
});
