// What the operators' routes ask of the rest of the system. `compose` hands it in.

import type { OperatorStore } from '../accounts/operator-store.ts';
import type { TokenVerifier } from '../accounts/token-verifier.ts';
import type { AlertService } from '../alerts/alert-service.ts';
import type { AuditStore } from '../audit/audit-store.ts';
import type { ChainStore } from '../audit/chain-store.ts';
import type { ExportStore } from '../billing/export-store.ts';
import type { InvoiceService } from '../billing/invoice-service.ts';
import type { PeriodStore } from '../billing/period-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import type { BlockService } from '../blocks/block-service.ts';
import type { Brand } from '../brand/brand.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { LiveCatalog } from '../catalog/live-catalog.ts';
import type { PolicyService } from '../catalog/policy-service.ts';
import type { PublishService } from '../catalog/publish-service.ts';
import type { Config } from '../config.ts';
import type { ConfigService } from '../configuration/config-service.ts';
import type { Explainer } from '../explain/explainer.ts';
import type { ChangeServices } from '../http/changes.ts';
import type { IdempotencyStore } from '../http/idempotency-store.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { LeakService } from '../leaks/leak-service.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Notify } from '../mail/notices.ts';
import type { MetricsStore } from '../metrics/metrics-store.ts';
import type { TodayStore } from '../metrics/today-store.ts';
import type { AppService } from '../partners/app-service.ts';
import type { LiveAccessService } from '../partners/live-access-service.ts';
import type { MemberService } from '../partners/member-service.ts';
import type { PartnerService } from '../partners/partner-service.ts';
import type { Database } from '../platform/database.ts';
import type { DoorRates } from '../platform/door-rates.ts';
import type { PlanSimulationService } from '../simulator/plan-simulation-service.ts';
import type { SimulationService } from '../simulator/simulation-service.ts';
import type { IncidentService } from '../status/incident-service.ts';
import type { DeadLetters } from '../usage/dead-letters.ts';
import type { RequestSearch } from '../usage/request-search-reports.ts';
import type { UsageReports } from '../usage/usage-reports.ts';
import type { VersionService } from '../versions/version-service.ts';
import type { WebServices } from '../web/web.ts';
import type { WebhookService } from '../webhooks/webhook-service.ts';

export interface Services extends ChangeServices {
  config: Config;
  brand: Brand;
  gateway: { catalog: Catalog };
  versions: VersionService;
  catalogs: Pick<LiveCatalog, 'whole'>;
  log(line: Record<string, unknown>): void;
  database: Database;
  verifyToken: TokenVerifier;
  operators: OperatorStore;
  apps: AppService;
  liveAccess: LiveAccessService;
  members: MemberService;
  mailer: Mailer;
  notify: Notify;
  /** The public keys that upstreams verify identity tokens by. */
  identityJwks(): Promise<{ keys: object[] }>;
  idempotency: IdempotencyStore;
  rates: DoorRates;
  keys: KeyService;
  blocks: BlockService;
  incidents: IncidentService;
  partners: PartnerService;
  audit: AuditStore;
  auditChains: ChainStore;
  deadLetters: DeadLetters;
  periods: PeriodStore;
  metrics: MetricsStore;
  today: TodayStore;
  requestSearch: RequestSearch;
  explain: Explainer;
  webhooks: WebhookService;
  leaks: LeakService;
  alerts: AlertService;
  exports: ExportStore;
  plans: PlanService;
  publishing: PublishService;
  configuration: ConfigService;
  policies: PolicyService;
  invoices: InvoiceService;
  simulations: SimulationService;
  planSimulations: PlanSimulationService;
  newId(): string;
}

/** What the console's pages ask besides. */
export interface ConsoleServices extends Services, WebServices {
  config: Config;
  partners: PartnerService;
  log(line: Record<string, unknown>): void;
  reports: UsageReports;
}
