// What answers at /oauth, of what the gateway has.

import type { Config } from '../config.ts';
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
import { createRevokedTokens } from './revoked-token-store.ts';

interface Core
  extends Pick<TokenPorts, 'accessTokens' | 'now'>,
    Pick<ClientAuthenticationPorts, 'directory' | 'guard'> {
  config: Pick<Config, 'OWN_HOSTS'>;
  database: Database;
  limiter: Pick<LimiterClient, 'useNonce'>;
}

export function composeOAuth(
  { config, database, limiter, ...core }: Core,
  { announce, knownScopes }: Pick<TokenPorts, 'announce' | 'knownScopes'>,
): { authenticateClient: ClientAuthentication; oauthTokens: AccessTokenService } {
  const ports = { ...core, useNonce: limiter.useNonce };
  return {
    authenticateClient: createClientAuthentication(ports),
    oauthTokens: createAccessTokenService({
      ...ports,
      revoked: createRevokedTokens(database),
      announce,
      knownScopes,
      ownHosts: config.OWN_HOSTS,
    }),
  };
}
