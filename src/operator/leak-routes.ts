// Keys found in public, in the form of GitHub's secret scanning partner programme: a report is taken when GitHub signed it.

import type { Hono } from 'hono';
import * as z from 'zod';
import { AppError } from '../core/errors.ts';
import { type ApiEnv, fieldErrors } from '../http/api.ts';
import { readBody } from '../http/body.ts';
import { text } from '../http/fields.ts';
import type { Services } from './services.ts';

const MAX_REPORT_BYTES = 1_000_000;
const MAX_LEAKS = 500;
const leakReport = z
  .array(
    z.object({
      token: text(1000, 1),
      type: text(200),
      url: text(2000).nullish(),
      source: text(100).nullish(),
    }),
  )
  .max(MAX_LEAKS);

/** GitHub's are hex; a signature is base64 of some 72 bytes. */
const IDENTIFIER = /^[\w-]{1,128}$/;
const SIGNATURE = /^[A-Za-z0-9+/]{64,120}={0,2}$/;

async function readText(request: Request, maxBytes: number): Promise<string> {
  const body = await readBody(request, maxBytes);
  if (body === 'too_large') throw new AppError('payload_too_large');
  if (body === 'cut_short') throw new AppError('invalid_request');
  return new TextDecoder().decode(body);
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new AppError('invalid_request');
  }
}

export function addLeakRoute(routes: Hono<ApiEnv<Services>>): void {
  routes.post('/leaks/github', async (context) => {
    const { leaks } = context.var.services;
    const identifier = context.req.header('github-public-key-identifier') ?? '';
    const signature = context.req.header('github-public-key-signature') ?? '';
    if (!IDENTIFIER.test(identifier) || !SIGNATURE.test(signature)) throw new AppError('invalid_signature');
    const body = await readText(context.req.raw, MAX_REPORT_BYTES);
    await leaks.checkSignature(identifier, signature, body);
    const report = leakReport.safeParse(parsed(body));
    if (!report.success)
      throw new AppError('validation_error', undefined, { details: fieldErrors(report.error) });
    return context.json(await leaks.report(report.data));
  });
}
