// The upstream behind test keys: transit and payments, the examples of any other API's document, and errors to order.

import { SANDBOX_HEADER } from '../catalog/headers.ts';
import { utf8 } from '../core/encoding.ts';
import { docUrl, errorResponse, isErrorCode } from '../core/errors.ts';
import type { PaymentRequest } from './payments/payments.ts';
import { parseSimulation } from './simulate.ts';
import { transitSandbox } from './transit/transit-sandbox.ts';

export interface SandboxPorts {
  now(): number;
  /** Of a request's URL: the origin at which errors are explained. */
  portalOrigin(url: string): string;
  sleep(ms: number): Promise<void>;
  payments(
    account: string,
    request: PaymentRequest,
  ): Promise<{ status: number; json: string; replayed: boolean }>;
}

export interface SandboxRequest {
  method: string;
  headers: Headers;
  path: string;
  query: string;
  body: BodyInit | null;
  /** The request's own, and its id. */
  url: string;
  requestId: string;
  sandbox: string;
  /** Of the operation, as its document shows it. */
  example: { status: number; body: unknown };
  account: string;
}

/** Whether an answer to order is asked for, and there is such a one. */
export function isSimulation(headers: Headers): boolean {
  const header = headers.get(SANDBOX_HEADER);
  return header !== null && parseSimulation(header) !== undefined;
}

function json(status: number, text: string, headers: Record<string, string> = {}): Response {
  const body = utf8(text);
  const isEmpty = status === 204 || status === 304;
  return new Response(isEmpty ? null : body, {
    status,
    headers: {
      ...headers,
      'content-type': 'application/json',
      ...(!isEmpty && { 'content-length': String(body.length) }),
    },
  });
}

/** With the request's id, and where its code is explained: those of an API have no page of ours. */
function traceable(
  body: { error: string },
  { requestId, url }: Pick<SandboxRequest, 'requestId' | 'url'>,
  { portalOrigin }: Pick<SandboxPorts, 'portalOrigin'>,
): object {
  const { error } = body;
  return {
    ...body,
    request_id: requestId,
    ...(isErrorCode(error) && { doc_url: docUrl(portalOrigin(url), error) }),
  };
}

/** @throws when a dropped connection is simulated */
export async function askSandbox(call: SandboxRequest, ports: SandboxPorts): Promise<Response> {
  const header = call.headers.get(SANDBOX_HEADER);
  const simulation = header === null ? undefined : parseSimulation(header);
  if (header !== null && !simulation) {
    const message = 'X-Sandbox-Simulate takes status=…, delay=… (ms), drop, error=…';
    const { requestId, headers, url } = call;
    const answered = { requestId, portalOrigin: ports.portalOrigin(url), headers };
    return errorResponse('invalid_request', answered, { message });
  }
  if (simulation?.delayMs) await ports.sleep(simulation.delayMs);
  if (simulation?.drop) throw new Error('simulated: connection dropped');
  if (simulation?.answer) {
    const { status, body } = simulation.answer;
    return json(status, JSON.stringify(traceable(body, call, ports)));
  }
  const response = await answerFor(call, ports);
  return call.method === 'HEAD' ? new Response(null, response) : response;
}

async function answerFor(call: SandboxRequest, ports: SandboxPorts): Promise<Response> {
  const { method, headers, path, query } = call;
  if (call.sandbox === 'transit') {
    const { status, body } = transitSandbox(path, new URLSearchParams(query), ports.now());
    return json(status, JSON.stringify(body));
  }
  if (call.sandbox !== 'payments') return json(call.example.status, JSON.stringify(call.example.body));
  const answered = await ports.payments(call.account, {
    method,
    path,
    query,
    body: call.body === null ? '' : await new Response(call.body).text(),
    idempotencyKey: headers.get('idempotency-key'),
  });
  const { status, replayed } = answered;
  // Of the API's own errors, which are objects with a code. What is replayed is so under this request's id.
  const text =
    status < 400 ? answered.json : JSON.stringify(traceable(JSON.parse(answered.json), call, ports));
  return json(status, text, replayed ? { 'idempotent-replayed': 'true' } : {});
}
