// What answers at /oauth, of what the gateway has.

import type { Config } from '../config.ts';
import type { KeyService } from '../keys/key-service.ts';
import { isOwnResource, resourceOf } from '../keys/token-check.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Database } from '../platform/database.ts';
import {
  type AccessTokenService,
  createAccessTokenService,
  type TokenPorts,
} from './access-token-service.ts';
import {
  type ClientAuthentication,
  type ClientAuthenticationPorts,
  createClientAuthentication,
} from './client-authentication.ts';
import { createClientDocuments, type DocumentPorts } from './client-document.ts';
import { createGrantService, type GrantService } from './grant-service.ts';
import { createGrantStore } from './grant-store.ts';
import { createPrograms, type Programs } from './programs.ts';
import { createRevokedTokens } from './revoked-token-store.ts';

interface Core
  extends Pick<TokenPorts, 'accessTokens' | 'now'>,
    Pick<ClientAuthenticationPorts, 'directory' | 'guard'> {
  config: Pick<Config, 'OWN_HOSTS'>;
  database: Database;
  limiter: Pick<LimiterClient, 'useNonce'>;
}

/** `targetGuard`: where programs may describe themselves. */
export function composeOAuth(
  { config, database, limiter, ...core }: Core,
  keys: KeyService,
  targetGuard: DocumentPorts['guard'],
): {
  authenticateClient: ClientAuthentication;
  oauthTokens: AccessTokenService;
  grants: GrantService;
  programOf: Programs;
  isOwnResource(text: string, issuer: string): boolean;
} {
  const { directory, now } = core;
  const ports = { ...core, useNonce: limiter.useNonce };
  const documents = createClientDocuments({
    guard: targetGuard,
    fetch: (url, init) => fetch(url, init),
    now,
  });
  return {
    authenticateClient: createClientAuthentication(ports),
    oauthTokens: createAccessTokenService({
      ...ports,
      revoked: createRevokedTokens(database),
      announce: keys.announce,
      knownScopes: keys.knownScopes,
      ownHosts: config.OWN_HOSTS,
    }),
    grants: createGrantService({ store: createGrantStore(database), keys, directory, now }),
    programOf: createPrograms(documents, keys),
    isOwnResource(text, issuer) {
      const resource = resourceOf(text);
      return resource !== undefined && isOwnResource(resource, issuer, config.OWN_HOSTS);
    },
  };
}
