// `X-Sandbox-Simulate`: a status, a delay, a dropped connection, a documented error; combined with commas.
// `status=503`, `delay=1500` (ms), `drop`, `error=card_declined`.

import { ERRORS, isErrorCode } from '../core/errors.ts';

const MAX_DELAY_MS = 60_000;

export interface Simulation {
  delayMs: number;
  drop: boolean;
  answer?: { status: number; body: { error: string; message: string; simulated: true } };
}

const PAYMENT_ERRORS: Record<string, number> = {
  card_declined: 402,
  fraud_detected: 402,
  invalid_card: 402,
  not_refundable: 400,
  refund_too_large: 400,
};

function errorAnswer(code: string): Simulation['answer'] {
  const known = isErrorCode(code) ? ERRORS[code] : undefined;
  const status = known?.[0] ?? PAYMENT_ERRORS[code];
  return status === undefined
    ? undefined
    : { status, body: { error: code, message: known?.[1] ?? 'Simulated', simulated: true } };
}

/** undefined when the header asks for something that there is not. */
export function parseSimulation(header: string): Simulation | undefined {
  const simulation: Simulation = { delayMs: 0, drop: false };
  for (const part of header.split(',').map((text) => text.trim())) {
    const [name, value = ''] = part.split('=', 2);
    if (name === 'drop') simulation.drop = true;
    else if (name === 'delay' && /^\d{1,5}$/.test(value))
      simulation.delayMs = Math.min(Number(value), MAX_DELAY_MS);
    else if (name === 'status' && /^[2-5]\d\d$/.test(value)) {
      simulation.answer = {
        status: Number(value),
        body: { error: 'simulated', message: 'Simulated', simulated: true },
      };
    } else if (name === 'error' && errorAnswer(value)) simulation.answer = errorAnswer(value);
    else return undefined;
  }
  return simulation;
}
