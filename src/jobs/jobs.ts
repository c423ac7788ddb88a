// Queue and cron dispatch: name -> handler.

import type { AddressChangeStore } from '../accounts/address-change-store.ts';
import type { AlertService } from '../alerts/alert-service.ts';
import type { BillingStore } from '../billing/billing-store.ts';
import type { InvoiceService } from '../billing/invoice-service.ts';
import type { PeriodStore } from '../billing/period-store.ts';
import type { PlanService } from '../billing/plan-service.ts';
import type { BlockService } from '../blocks/block-service.ts';
import type { OriginService } from '../blocks/origin-service.ts';
import { DAY_MS, MINUTE_MS, monthStart } from '../core/time.ts';
import type { AnnouncementService } from '../keys/announcement-service.ts';
import type { EnvelopeStore } from '../keys/envelope-store.ts';
import type { KeyService } from '../keys/key-service.ts';
import type { LimiterClient } from '../limiter/limiter-client.ts';
import type { Allowances } from '../platform/allowances.ts';
import { type DeadLetters, letterBytes } from '../usage/dead-letters.ts';
import type { FoldRow } from '../usage/folding.ts';
import type { ImportedUsageStore } from '../usage/imported-usage-store.ts';
import { consumeUsage, type QueueMessage } from '../usage/usage-consumer.ts';
import type { UsageStore } from '../usage/usage-store.ts';
import type { VersionService } from '../versions/version-service.ts';
import type { Delivered } from '../webhooks/deliver.ts';
import type { DeliveryStore } from '../webhooks/delivery-store.ts';
import { type CheckAuditPorts, checkAudit } from './check-audit.ts';
import { closeDays } from './close-days.ts';
import { reconcile } from './reconcile.ts';
import { reportDegraded } from './report-degraded.ts';
import { reportImported } from './report-imported.ts';

export interface JobServices {
  config: { USAGE_MONTHS_KEPT: number };
  sleep(ms: number): Promise<unknown>;
  log(line: Record<string, unknown>): void;
  gateway: { callLog: { sampled(line: () => Record<string, unknown>): void } };
  keys: Pick<KeyService, 'tellExpiring'>;
  announcements: AnnouncementService;
  limiter: LimiterClient;
  blocks: Pick<BlockService, 'publish'>;
  origins: Pick<OriginService, 'republish'>;
  allowances: Pick<Allowances, 'upkeep'>;
  addressChanges: Pick<AddressChangeStore, 'upkeep'>;
  periods: PeriodStore;
  billingStore: BillingStore;
  invoices: Pick<InvoiceService, 'closeMonths' | 'remind'>;
  plans: Pick<PlanService, 'applyDue' | 'tellPrices'>;
  versions: Pick<VersionService, 'tellEnds'>;
  usageStore: UsageStore;
  importedUsage: ImportedUsageStore;
  deadLetters: Pick<DeadLetters, 'keep'>;
  deliveryStore: DeliveryStore;
  alerts: Pick<AlertService, 'evaluate'>;
  envelopes: EnvelopeStore;
  auditChains: CheckAuditPorts['chains'];
  auditHeads: CheckAuditPorts['heads'];
  sendWebhooks(): Promise<Delivered>;
  wakeWebhooks(): Promise<unknown>;
  announceLater(delaySeconds: number): Promise<unknown>;
}

/** Days at the start of a month in which months are closed every minute; afterwards every hour. */
const CLOSING_DAYS = 2;
/** What was called at the end of a month is folded by then. */
const CLOSING_AFTER_MS = 5 * MINUTE_MS;

const isClosingTime = (nowMs: number): boolean => {
  const sinceMs = nowMs - monthStart(nowMs);
  return sinceMs >= CLOSING_AFTER_MS && sinceMs < CLOSING_DAYS * DAY_MS;
};

/** One after the other; one that fails does not keep the others from their turn. @throws what failed first */
async function allOf(steps: Record<string, () => Promise<unknown>>): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  const failures: unknown[] = [];
  for (const [name, step] of Object.entries(steps)) {
    try {
      results[name] = await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return results;
}

/** Changes whose request ended before it announced them, a part at a time: the next message goes on. */
async function announceChanges({ announcements, announceLater }: JobServices): Promise<number> {
  const [changes, catalog] = [await announcements.announcePending(), await announcements.announceCatalog()];
  if (changes.more || catalog.more) await announceLater(0);
  return changes.announced + catalog.announced;
}

const CRONS: Record<string, (services: JobServices, nowMs: number) => Promise<unknown>> = {
  '* * * * *': (services, nowMs) =>
    allOf({
      plans: () => services.plans.applyDue(nowMs),
      prices: () => services.plans.tellPrices(),
      alerts: () => services.alerts.evaluate(nowMs),
      // Many partners take many runs.
      months: async () => isClosingTime(nowMs) && services.invoices.closeMonths(nowMs),
      webhooks: async () => (await services.deliveryStore.hasDue()) && services.wakeWebhooks(),
      announced: () => announceChanges(services),
      imported: () => reportImported(services),
      // Those that were changed by hand.
      origins: () => services.origins.republish(),
    }),
  '17 * * * *': (services, nowMs) => {
    const { periods, keys, blocks, config, invoices, deliveryStore, envelopes } = services;
    return allOf({
      usage: () => periods.upkeep(config.USAGE_MONTHS_KEPT),
      messages: () => deliveryStore.upkeep(),
      expiring: () => keys.tellExpiring(),
      rewrapped: () => envelopes.rewrap(),
      blocks: () => blocks.publish(),
      addresses: () => services.addressChanges.upkeep(),
      allowances: () => services.allowances.upkeep(),
      months: () => invoices.closeMonths(nowMs),
      reminders: () => invoices.remind(nowMs),
      versions: () => services.versions.tellEnds(),
      webhooks: () => services.wakeWebhooks(),
    });
  },
  '5 0 * * *': ({ billingStore, invoices, wakeWebhooks }, nowMs) =>
    allOf({
      days: () => closeDays(billingStore, nowMs),
      months: () => invoices.closeMonths(nowMs),
      webhooks: () => wakeWebhooks(),
    }),
  '10 2 * * *': (services, nowMs) =>
    allOf({
      audit: () =>
        checkAudit({ chains: services.auditChains, heads: services.auditHeads, log: services.log }),
      days: async () => {
        const results = [];
        for (const daysAgo of [2, 1, 0])
          results.push(await reconcile(services, nowMs - daysAgo * DAY_MS, nowMs));
        return results;
      },
    }),
};

/** @throws when the job failed, so that the platform shows it as failed */
export async function runCron(cron: string, nowMs: number, services: JobServices): Promise<void> {
  const job = CRONS[cron];
  if (!job) throw new Error(`no job for cron ${cron}`);
  const result = await job(services, nowMs);
  services.log({ message: 'job done', cron, result });
}

export async function consume(
  queue: string,
  messages: readonly QueueMessage[],
  services: JobServices,
): Promise<void> {
  if (queue.includes('-dead')) return keepDead(queue, messages, services);
  if (queue.includes('-changes')) {
    await announceChanges(services);
    for (const message of messages) message.ack();
    return;
  }
  if (queue.includes('-webhooks')) {
    try {
      await services.sendWebhooks();
    } catch (error) {
      // What was claimed is free again after a while; the message comes again before.
      services.log({ message: 'webhooks wait', level: 'error', error: String(error) });
      throw error;
    }
    for (const message of messages) message.ack();
    return;
  }
  const { usageStore: store, deadLetters, wakeWebhooks: told, log, gateway } = services;
  const keep = (letter: unknown, reason: string) => deadLetters.keep(queue, letterBytes(letter), reason);
  const uncounted = (rows: readonly FoldRow[]) => reportDegraded(rows, services);
  const { sampled: logSampled } = gateway.callLog;
  await consumeUsage(messages, { store, keep, told, uncounted, log, logSampled });
}

/** What went round until its queue gave it up, each by itself. */
async function keepDead(
  queue: string,
  messages: readonly QueueMessage[],
  { deadLetters, log }: Pick<JobServices, 'deadLetters' | 'log'>,
): Promise<void> {
  for (const message of messages) {
    try {
      const letter = await deadLetters.keep(queue, letterBytes(message.body), 'its queue gave it up');
      message.ack();
      log({ message: 'dead letter kept', level: 'error', queue, letter });
    } catch (error) {
      message.retry();
      log({ message: 'dead letter waits', level: 'error', queue, error: String(error) });
    }
  }
}
