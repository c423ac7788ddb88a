// The events as the `webhooks` of a document: what arrives at an endpoint, signed as Standard Webhooks (1.0.0) has it. Pure.

import { type EventType, eventTypes, schemaOf } from '../outbox/event-types.ts';
import type { Parameter, Paths, Schema } from './types.ts';

export const EVENTS_TAG = 'Events';

const header = (name: string, description: string, example: string): Parameter => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' },
  example,
});
const PARAMETERS = [
  header('webhook-id', 'Id of the event: the same for every attempt', '0192f3a0-7c1e-7b6a-9d52-3f8e1c4b7a60'),
  header('webhook-timestamp', 'When it was sent, in Unix seconds', '1793611800'),
  header(
    'webhook-signature',
    '`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; several, divided by spaces, while a secret is replaced',
    'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
  ),
];

const pascal = (type: string): string =>
  type.replace(/(?:^|[._])(\w)/g, (_, letter: string) => letter.toUpperCase());

/** The envelope that `src/webhooks/attempt.ts` sends. */
function bodyOf(type: EventType): Schema {
  const { $schema: _, ...data } = schemaOf(type) as Record<string, unknown>;
  return {
    type: 'object',
    required: ['type', 'timestamp', 'data'],
    properties: {
      type: { const: type },
      timestamp: { type: 'string', format: 'date-time', description: 'When it happened' },
      data,
    },
  };
}

export const webhooksOf = (names: Readonly<Record<string, string>>): Paths =>
  Object.fromEntries(
    eventTypes.map((type) => [
      type,
      {
        post: {
          operationId: `on${pascal(type)}`,
          summary: names[type] ?? type,
          description:
            'Verify `webhook-signature` before you believe it. An event may arrive more than once.',
          tags: [EVENTS_TAG],
          security: [],
          parameters: PARAMETERS,
          requestBody: { required: true, content: { 'application/json': { schema: bodyOf(type) } } },
          responses: {
            '2XX': { description: 'Taken. Answer within ten seconds' },
            '410': { description: 'Gone: the endpoint is disabled' },
            '4XX': { description: 'Not taken: it is sent again later' },
            '5XX': { description: 'Not taken: it is sent again later' },
          },
        },
      },
    ]),
  );
