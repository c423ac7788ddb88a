// What better-auth answered, as a value: what came of it, and the cookies for our own answer.

import { isAPIError } from 'better-auth/api';

/** `cookies`: Set-Cookie values for the answer. */
export interface Outcome<Data = Record<string, unknown>> {
  ok: boolean;
  /** better-auth's code when it is not: `INVALID_EMAIL_OR_PASSWORD`, `EMAIL_NOT_VERIFIED`, … */
  code?: string;
  data?: Data;
  cookies: string[];
}

export async function outcomeOf<Data>(answer: Promise<Response>): Promise<Outcome<Data>> {
  // What is refused before an endpoint is asked is thrown, not answered.
  const response = await answer.catch((error) => {
    if (!isAPIError(error)) throw error;
    return Response.json({ code: error.body?.code }, { status: error.statusCode });
  });
  const cookies = response.headers.getSetCookie();
  const body = (await response.json().catch(() => ({}))) as { code?: string };
  return response.ok ? { ok: true, data: body as Data, cookies } : { ok: false, code: body.code, cookies };
}

/** The session that an answer's cookies begin: `<token>.<signature>`. */
export function tokenOf(cookies: readonly string[]): string | undefined {
  for (const cookie of cookies) {
    const [, token] = /^(?:__Host-)?session(?:-\w+)?=([^.;%]+)/.exec(cookie) ?? [];
    if (token) return token;
  }
  return undefined;
}
