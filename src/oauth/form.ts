// The form of a request to an OAuth endpoint (RFC 6749, 3.2): each parameter once, empty ones as if they were not there.

import { readBody } from '../http/body.ts';
import { OAuthError } from './oauth-error.ts';

const MAX_FORM_BYTES = 32 * 1024;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(?:;|$)/i;

export type Form = Readonly<Record<string, string | undefined>>;

/** @throws OAuthError */
export async function readForm(request: Request): Promise<Form> {
  if (!FORM_TYPE.test(request.headers.get('content-type') ?? ''))
    throw new OAuthError('invalid_request', 'Send a form: application/x-www-form-urlencoded');
  const body = await readBody(request, MAX_FORM_BYTES);
  if (typeof body === 'string') throw new OAuthError('invalid_request', 'The request body cannot be read');
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(new TextDecoder().decode(body))) {
    if (Object.hasOwn(form, name))
      throw new OAuthError('invalid_request', 'A parameter is there more than once');
    if (value !== '') form[name] = value;
  }
  return form;
}
