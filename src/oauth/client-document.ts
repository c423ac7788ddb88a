// How a program describes itself: a JSON document at the address that is its id (OAuth Client ID Metadata Document). It is
// fetched from where webhooks may go, and from nowhere else; it is small, comes at once, and sends nobody on.

import * as z from 'zod';
import { dropOldest } from '../core/bounded.ts';
import { isRedirectUri } from '../core/redirect-uri.ts';
import { bytesWithin } from '../http/body.ts';
import { text } from '../http/fields.ts';
import type { Environment } from '../keys/key-format.ts';

/** A program as it describes itself. Nobody has looked at it. */
export interface Program {
  clientId: string;
  name: string;
  redirectUris: readonly string[];
  /** Of a client of the partner: what it may do at most, and whether only with test data. */
  most?: { scopes: readonly string[]; environment: Environment };
}

/** Why it is none. */
export type Unreadable = 'not_an_address' | 'refused_address' | 'unreachable' | 'too_large' | 'not_its_own';

export interface DocumentPorts {
  guard: { check(url: string): Promise<unknown> };
  fetch(url: string, init: RequestInit): Promise<Response>;
  now(): number;
}

const MAX_BYTES = 64 * 1024;
const FETCH_MS = 5000;
const KEPT_MS = 300_000;
const MAX_KEPT = 200;
const MAX_ID_CHARS = 500;

const shape = z.looseObject({
  client_id: z.string(),
  client_name: text(100, 1)
    // What changes how others are read, or is not seen, is no part of a name.
    .transform((name) => name.replace(/[\p{Cf}\u2800\u115f\u1160\u3164\uffa0]/gu, '').trim() || undefined)
    .optional(),
  redirect_uris: z.array(z.string().refine(isRedirectUri)).min(1).max(20),
  // A program that anybody can install keeps no secret; it proves itself by where it is sent back to, and by PKCE.
  token_endpoint_auth_method: z.literal('none').default('none'),
  grant_types: z
    .array(z.string())
    .refine((types) => types.includes('authorization_code'))
    .optional(),
});

/** Whether an id is an address, as a document's must be: with a path, and nothing that two readers read differently. */
export function isDocumentId(id: string): boolean {
  if (id.length > MAX_ID_CHARS || !URL.canParse(id) || /[\s\\#]/.test(id)) return false;
  const { protocol, pathname, username, password, href } = new URL(id);
  return /^https?:$/.test(protocol) && pathname !== '/' && !username && !password && href === id;
}

export function createClientDocuments({ guard, fetch, now }: DocumentPorts) {
  const kept = new Map<string, { program: Program; untilMs: number }>();

  async function read(clientId: string): Promise<Program | Unreadable> {
    if (await guard.check(clientId)) return 'refused_address';
    let response: Response;
    try {
      response = await fetch(clientId, {
        redirect: 'manual',
        signal: AbortSignal.timeout(FETCH_MS),
        headers: { accept: 'application/json' },
      });
    } catch {
      return 'unreachable';
    }
    if (response.status !== 200 || !response.body) {
      await response.body?.cancel().catch(() => undefined);
      return 'unreachable';
    }
    const bytes = await bytesWithin(response.body, MAX_BYTES, FETCH_MS);
    if (!bytes) return 'too_large';
    try {
      const document = shape.parse(JSON.parse(new TextDecoder().decode(bytes)));
      if (document.client_id !== clientId) return 'not_its_own';
      const { client_name: name = new URL(clientId).host, redirect_uris: redirectUris } = document;
      return { clientId, name, redirectUris };
    } catch {
      return 'not_its_own';
    }
  }

  /** The program of this id; kept for five minutes. */
  return async function programOf(clientId: string): Promise<Program | Unreadable> {
    if (!isDocumentId(clientId)) return 'not_an_address';
    const known = kept.get(clientId);
    if (known && known.untilMs > now()) return known.program;
    const program = await read(clientId);
    if (typeof program === 'string') return program;
    kept.set(clientId, { program, untilMs: now() + KEPT_MS });
    dropOldest(kept, MAX_KEPT);
    return program;
  };
}

export type ClientDocuments = ReturnType<typeof createClientDocuments>;
