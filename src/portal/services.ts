// What the portal's routes ask of the rest of the system. `compose` hands it in.

import type { AuditStore } from '../audit/audit-store.ts';
import type { Authenticator } from '../keys/authenticator.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { AppService } from '../partners/app-service.ts';
import type { PartnerService } from '../partners/partner-service.ts';
import type { IdempotencyStore } from '../platform/idempotency-store.ts';
import type { LimiterClient } from '../platform/limiter-client.ts';
import type { TokenVerifier } from '../platform/token-verifier.ts';
import type { UsageReports } from '../usage/usage-reports.ts';

export interface Services {
  now(): number;
  log(line: Record<string, unknown>): void;
  authenticate: Authenticator;
  verifyToken: TokenVerifier;
  idempotency: IdempotencyStore;
  limiter: Pick<LimiterClient, 'standing'>;
  keys: KeyService;
  apps: AppService;
  partners: PartnerService;
  reports: UsageReports;
  audit: AuditStore;
  resetPayments(account: string): Promise<void>;
}
