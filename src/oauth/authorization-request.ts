// What a program asks of a person (RFC 6749, 4.1.1; 7636; 8707; 9207). Until it is known who asks, and where it may be sent back
// to, whatever is wrong is said on a page; from then on, to the program. Pure.

import { isSameRedirect, redirectWith } from '../core/redirect-uri.ts';
import type { Program } from './client-document.ts';

export interface AuthorizationRequest {
  program: Program;
  redirectUri: string;
  /** In the order in which they were asked for; empty where none were. */
  scopes: readonly string[];
  state: string | undefined;
  challenge: string;
  resource: string | undefined;
  /** Thumbprint of the DPoP key that its program will show (RFC 9449, 10). */
  jkt: string | undefined;
}

type Query = Readonly<Record<string, string | undefined>>;

/** A parameter is there twice, or the whole is too long. */
export type Malformed = 'malformed';
const MAX_QUERY_CHARS = 3500;

/** What was asked, by name; each once, and empty ones as if they were not there. */
export function readQuery(search: string): Query | Malformed {
  if (search.length > MAX_QUERY_CHARS) return 'malformed';
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(search)) {
    if (Object.hasOwn(query, name)) return 'malformed';
    if (value !== '') query[name] = value;
  }
  return query;
}

const CHALLENGE = /^[\w-]{43}$/;

/** What is wrong, as the program is told: a code of RFC 6749, 4.1.2.1, and words. */
function problemOf(asked: Query, isOwnResource: (resource: string) => boolean): [string, string] | undefined {
  const { response_type: type, response_mode: mode, code_challenge: challenge, resource } = asked;
  if (asked.request !== undefined) return ['request_not_supported', 'Say it in the query'];
  if (asked.request_uri !== undefined) return ['request_uri_not_supported', 'Say it in the query'];
  if (type !== 'code') return ['unsupported_response_type', 'response_type must be code'];
  if (mode !== undefined && mode !== 'query') return ['invalid_request', 'response_mode must be query'];
  if (challenge === undefined || !CHALLENGE.test(challenge))
    return ['invalid_request', 'code_challenge is missing, or is no SHA-256 in base64url'];
  if (asked.code_challenge_method !== 'S256')
    return ['invalid_request', 'code_challenge_method must be S256'];
  if (asked.dpop_jkt !== undefined && !CHALLENGE.test(asked.dpop_jkt))
    return ['invalid_request', 'dpop_jkt is no SHA-256 thumbprint in base64url'];
  if (resource !== undefined && !isOwnResource(resource))
    return ['invalid_target', 'The resource is none of ours'];
  return undefined;
}

/** What is wrong with what a known program asked, and where it hears of it. */
export interface WronglyAsked {
  program: Program;
  why: string;
  redirect: string;
}

/** `said`: a code of RFC 6749, 4.1.2.1, and words. */
export const wronglyAsked = (
  { program, redirectUri, state }: Pick<AuthorizationRequest, 'program' | 'redirectUri' | 'state'>,
  issuer: string,
  [error, why]: readonly [string, string],
): WronglyAsked => ({
  program,
  why,
  redirect: redirectWith(redirectUri, { error, error_description: why, state, iss: issuer }),
});

export function judgeRequest(
  asked: Query,
  program: Program,
  issuer: string,
  isOwnResource: (resource: string) => boolean,
): AuthorizationRequest | 'redirect_refused' | WronglyAsked {
  const { redirect_uri: redirectUri, state, scope, code_challenge: challenge = '', resource } = asked;
  if (redirectUri === undefined || !program.redirectUris.some((own) => isSameRedirect(own, redirectUri)))
    return 'redirect_refused';
  const problem = problemOf(asked, isOwnResource);
  if (problem) return wronglyAsked({ program, redirectUri, state }, issuer, problem);
  const scopes = [...new Set((scope ?? '').split(' ').filter(Boolean))];
  return { program, redirectUri, scopes, state, challenge, resource, jkt: asked.dpop_jkt };
}
