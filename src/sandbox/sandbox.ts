// The upstream behind test keys: transit and payments, and errors to order.

import { SANDBOX_HEADER } from '../catalog/headers.ts';
import { utf8 } from '../core/encoding.ts';
import type { PaymentRequest } from './payments/payments.ts';
import { parseSimulation } from './simulate.ts';
import { transitSandbox } from './transit/transit-sandbox.ts';

export interface SandboxPorts {
  now(): number;
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
  sandbox: string;
  account: string;
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

/** @throws when a dropped connection is simulated */
export async function askSandbox(call: SandboxRequest, ports: SandboxPorts): Promise<Response> {
  const header = call.headers.get(SANDBOX_HEADER);
  const simulation = header === null ? undefined : parseSimulation(header);
  if (header !== null && !simulation) {
    const message = 'X-Sandbox-Simulate takes status=…, delay=… (ms), drop, error=…';
    return json(400, JSON.stringify({ error: 'invalid_request', message }));
  }
  if (simulation?.delayMs) await ports.sleep(simulation.delayMs);
  if (simulation?.drop) throw new Error('simulated: connection dropped');
  if (simulation?.answer) return json(simulation.answer.status, JSON.stringify(simulation.answer.body));
  const response = await answerFor(call, ports);
  return call.method === 'HEAD' ? new Response(null, response) : response;
}

async function answerFor(call: SandboxRequest, ports: SandboxPorts): Promise<Response> {
  const { method, headers, path, query } = call;
  if (call.sandbox === 'transit') {
    const { status, body } = transitSandbox(path, new URLSearchParams(query), ports.now());
    return json(status, JSON.stringify(body));
  }
  const answered = await ports.payments(call.account, {
    method,
    path,
    query,
    body: call.body === null ? '' : await new Response(call.body).text(),
    idempotencyKey: headers.get('idempotency-key'),
  });
  return json(answered.status, answered.json, answered.replayed ? { 'idempotent-replayed': 'true' } : {});
}
