// What the portal's routes ask of the rest of the system. `compose` hands it in.

import type { ExternalIdentityClient } from '../accounts/external-identity.ts';
import type { TokenVerifier } from '../accounts/token-verifier.ts';
import type { AlertService } from '../alerts/alert-service.ts';
import type { AuditStore } from '../audit/audit-store.ts';
import type { ChainStore } from '../audit/chain-store.ts';
import type { InvoiceService } from '../billing/invoice-service.ts';
import type { PeriodStore } from '../billing/period-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { LiveCatalog } from '../catalog/live-catalog.ts';
import type { Explainer } from '../explain/explainer.ts';
import type { IdempotencyStore } from '../http/idempotency-store.ts';
import type { Authenticator } from '../keys/admission.ts';
import type { Identifier } from '../keys/authenticator.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { KeyStore } from '../keys/key-store.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { ChoiceStore } from '../mail/choice-store.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { OutboxStore } from '../mail/outbox-store.ts';
import type { StopLinks } from '../mail/stop-link.ts';
import type { GrantService } from '../oauth/grant-service.ts';
import type { Programs } from '../oauth/programs.ts';
import type { AppService } from '../partners/app-service.ts';
import type { LiveAccessService } from '../partners/live-access-service.ts';
import type { MemberService } from '../partners/member-service.ts';
import type { TokenService } from '../partners/token-service.ts';
import type { DoorRates } from '../platform/door-rates.ts';
import type { SimulationService } from '../simulator/simulation-service.ts';
import type { StatusBoard } from '../status/status-board.ts';
import type { StatusStore } from '../status/status-store.ts';
import type { UsageReports } from '../usage/usage-reports.ts';
import type { VersionService } from '../versions/version-service.ts';
import type { WebServices } from '../web/web.ts';
import type { WebhookService } from '../webhooks/webhook-service.ts';

export interface Services extends WebServices {
  webhooks: WebhookService;
  alerts: AlertService;
  explain: Explainer;
  periods: Pick<PeriodStore, 'reconciliationsOf'>;
  plans: PlanService;
  invoices: InvoiceService;
  simulations: SimulationService;
  gateway: { catalog: Catalog };
  versions: VersionService;
  catalogs: Pick<LiveCatalog, 'whole' | 'documentOf'>;
  authenticate: Authenticator;
  identify: Identifier;
  /** A call of the offered API by somebody who proved itself elsewhere, as a tool's. */
  callAs(
    identify: Identifier,
    request: Request,
    keepAlive: (work: Promise<unknown>) => void,
  ): Promise<{ response: Response; requestId: string; units: number }>;
  grants: GrantService;
  programOf: Programs;
  /** Whether a resource (RFC 8707) is at an address of ours. */
  isOwnResource(resource: string, issuer: string): boolean;
  verifyToken: TokenVerifier;
  idempotency: IdempotencyStore;
  rates: DoorRates;
  limiter: Pick<LimiterClient, 'standing' | 'peek' | 'take'>;
  keys: KeyService;
  keyStore: KeyStore;
  apps: AppService;
  liveAccess: LiveAccessService;
  members: MemberService;
  tokens: TokenService;
  reports: UsageReports;
  audit: AuditStore;
  auditChains: ChainStore;
  mailer: Mailer;
  mailChoices: ChoiceStore;
  stopLinks: StopLinks;
  outbox: OutboxStore;
  status: Pick<StatusStore, 'own'>;
  statusBoard: StatusBoard;
  identity: ExternalIdentityClient | undefined;
  resetPayments(account: string): Promise<void>;
}
