// What the OAuth endpoints ask of the rest of the system. `compose` hands it in.

import type { Catalog } from '../catalog/catalog.ts';
import type { Config } from '../config.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { DoorRates } from '../platform/door-rates.ts';
import type { UsageBuffer } from '../usage/usage-buffer.ts';
import type { AccessTokenService } from './access-token-service.ts';
import type { ClientAuthentication } from './client-authentication.ts';
import type { GrantService } from './grant-service.ts';

export interface Services {
  config: Pick<Config, 'PORTAL_ORIGIN' | 'OWN_HOSTS'>;
  authenticateClient: ClientAuthentication;
  oauthTokens: AccessTokenService;
  grants: GrantService;
  rates: Pick<DoorRates, 'wait' | 'waitAt'>;
  keys: Pick<KeyService, 'knownScopes'>;
  gateway: { catalog: Pick<Catalog, 'isOffered'>; usage: UsageBuffer };
  now(): number;
  log(line: Record<string, unknown>): void;
}
