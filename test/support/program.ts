// A program that asks people: it describes itself at an address of this machine, and asks in the ways that a test wants.

import { createHash, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { keepConnections } from '../../src/dev/keep-alive.ts';
import { type Answer, stack } from './api.ts';
import type { Person } from './portal.ts';

export interface ProgramServer {
  origin: string;
  /** Its id: of what is well. */
  clientId: string;
  /** What is answered at other paths. */
  documents: Map<string, { status?: number; location?: string; body: string }>;
  /** Where browsers came back to it. */
  returned: URL[];
  close(): void;
}

export const CALLBACK = 'http://127.0.0.1:4711/callback';

export async function startProgram(): Promise<ProgramServer> {
  const documents: ProgramServer['documents'] = new Map();
  const returned: URL[] = [];
  const server: Server = createServer((request, response) => {
    const at = new URL(request.url ?? '', 'http://program.example');
    if (at.pathname === '/callback') {
      returned.push(at);
      response.end('You can close this window.');
      return;
    }
    const { status = 200, location, body } = documents.get(request.url ?? '') ?? { status: 404, body: '' };
    response.writeHead(status, { 'content-type': 'application/json', ...(location && { location }) });
    response.end(body);
  });
  keepConnections(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clientId = `${origin}/client.json`;
  documents.set('/client.json', { body: JSON.stringify(describing(clientId)) });
  return { origin, clientId, documents, returned, close: () => server.close() };
}

export const describing = (clientId: string, more: object = {}) => ({
  client_id: clientId,
  client_name: 'Timetables',
  redirect_uris: [CALLBACK, 'https://app.example/back?from=us', 'org.example.app:/back'],
  token_endpoint_auth_method: 'none',
  ...more,
});

export const newVerifier = (): string => randomBytes(32).toString('base64url');
export const challengeOf = (verifier: string): string =>
  createHash('sha256').update(verifier).digest('base64url');

/** The page on which a person is asked. */
export const askedAt = (query: Record<string, string> | URLSearchParams): string =>
  `/portal/authorize?${new URLSearchParams(query)}`;

/** Where an answered page sends its reader on to. */
export const sentTo = ({ headers }: Answer): URL => {
  const [, url = ''] = /^0; url=(.*)$/.exec(String(headers.refresh ?? '')) ?? [];
  return new URL(url || String(headers.location));
};

/** What a page would send of its form: a person who agrees. `wishes`: what they change. */
export async function agree(
  person: Person,
  query: Record<string, string> | URLSearchParams,
  wishes: Record<string, string> = {},
): Promise<Answer> {
  const search = `?${new URLSearchParams(query)}`;
  const page = await person.get(`/portal/authorize${search}`);
  if (page.status !== 200) return page;
  const app = /<select[^>]*name="app"[^>]*>\s*<option value="([^"]+)"/.exec(page.text)?.[1] ?? '';
  const scopes = [...page.text.matchAll(/name="scopes" value="([^"]+)"/g)].map(([, scope]) => scope);
  return person.post('/portal/authorize', {
    request: search,
    scopes: scopes.join('\n'),
    app,
    environment: 'live',
    budget: '',
    budget_in: 'units',
    days: '30',
    ...wishes,
  });
}

export const asking = (
  { clientId }: Pick<ProgramServer, 'clientId'>,
  verifier: string,
  more: Record<string, string> = {},
) => ({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: CALLBACK,
  scope: 'read:routes read:stops',
  state: 's1',
  code_challenge: challengeOf(verifier),
  code_challenge_method: 'S256',
  resource: stack.url,
  ...more,
});

/** What the MCP client keeps, and where it would send a browser. */
export function mcpProvider(clientId: string, redirectUrl: string) {
  const saved: { tokens?: unknown; verifier: string; url?: URL } = { verifier: '' };
  const provider = {
    redirectUrl,
    clientMetadata: { client_name: 'Timetables', redirect_uris: [redirectUrl] },
    clientInformation: () => ({ client_id: clientId, issuer: stack.url }),
    tokens: () => saved.tokens as never,
    saveTokens: (tokens: unknown) => void Object.assign(saved, { tokens }),
    redirectToAuthorization: (url: URL) => void Object.assign(saved, { url }),
    saveCodeVerifier: (verifier: string) => void Object.assign(saved, { verifier }),
    codeVerifier: () => saved.verifier,
    state: () => 'mcp',
  };
  return { provider, saved };
}
