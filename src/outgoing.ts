// Where requests may go that this Worker makes for somebody: webhooks to partners' endpoints, calls to upstreams.

import { createCommit } from './catalog/commit-service.ts';
import { createPolicyService } from './catalog/policy-service.ts';
import { createPublishService, type PublishPorts } from './catalog/publish-service.ts';
import { createTogether } from './catalog/publish-together-service.ts';
import type { Core, Env } from './compose.ts';
import { hostOf } from './core/public-address.ts';
import { isOwnPart } from './http/own-paths.ts';
import type { AnnouncementService } from './keys/announcement-service.ts';
import type { Notify } from './mail/notices.ts';
import type { Allowances } from './platform/allowances.ts';
import { type DeliverPorts, deliverDue } from './webhooks/deliver.ts';
import { createDeliveryStore } from './webhooks/delivery-store.ts';
import { createFiledEndpoints } from './webhooks/filed-endpoints-service.ts';
import { RETRY_SECONDS } from './webhooks/schedule.ts';
import { createResolver, createTargetGuard, openGuard, type Refused } from './webhooks/target-guard.ts';
import { createWaker } from './webhooks/waker.ts';
import { createWebhookService } from './webhooks/webhook-service.ts';

const hostsOf = (urls: readonly (string | undefined)[]): string[] =>
  urls.flatMap((url) => (url && URL.canParse(url) ? hostOf(new URL(url)) : []));

const UPSTREAM_REFUSALS: Partial<Record<Refused, string>> = {
  https_required: 'must begin with https://',
  credentials_in_url: 'must hold no user and password: give a credential beside it',
  private_address: 'is in a private network, which no edge reaches',
  own_host: 'is this deployment itself',
  unresolvable: 'has a host that cannot be found',
  invalid_url: 'must be the address of an HTTP server, like https://api.example.com/v1',
};

/** What is offered. Calls may go to others alone, and to private addresses on your machine. */
export function composePublishing(core: Core, announcements: AnnouncementService) {
  const { config, isLocal, database, catalogs, now } = core;
  const ownHosts = () => [...hostsOf([config.PORTAL_ORIGIN]), ...config.OWN_HOSTS];
  const guard = isLocal
    ? openGuard
    : createTargetGuard(createResolver(config.DNS_RESOLVER_URL), now, ownHosts, true);
  const announce = async () => (await announcements.announceCatalog()).isAll;
  const changes = { database, catalogs, commit: createCommit({ database, catalogs, announce }) };
  const ports: PublishPorts = {
    ...changes,
    keyEncryptionKeys: config.KEY_ENCRYPTION_KEYS,
    now,
    isReserved: isOwnPart,
    async refusesUpstream(url) {
      const refused = await guard.check(url);
      return refused && UPSTREAM_REFUSALS[refused];
    },
  };
  return {
    publishing: createPublishService(ports),
    offers: createTogether({ ...ports, announce }),
    policies: createPolicyService(changes),
  };
}

/** Where webhooks may go: never to ourselves, nor to the upstreams. */
function composeTargetGuard({ config, isLocal, catalogs, now, upstreams }: Core) {
  if (isLocal && config.WEBHOOK_TARGETS === 'any') return openGuard;
  const ownHosts = () => [
    ...hostsOf([config.PORTAL_ORIGIN, ...catalogs.current.apis.flatMap(upstreams.urlsOf)]),
    ...config.OWN_HOSTS,
  ];
  return createTargetGuard(createResolver(config.DNS_RESOLVER_URL), now, ownHosts);
}

interface Told {
  allowances: Allowances;
  notify: Notify;
}

export function composeWebhooks(core: Core, env: Env, { allowances, notify }: Told) {
  const { config, database, now, newId, sleep, log } = core;
  const keyEncryptionKeys = config.KEY_ENCRYPTION_KEYS;
  const guard = composeTargetGuard(core);
  const deliveryStore = createDeliveryStore(database);
  const wake = async (delaySeconds: number) =>
    void (await env.WEBHOOK_QUEUE.send({}, { contentType: 'json', delaySeconds }));
  const announceLater = async (delaySeconds: number) =>
    void (await env.CHANGE_QUEUE.send({}, { contentType: 'json', delaySeconds }));
  const waker = createWaker({ send: wake, sendAhead: announceLater, now, log });
  const sender: DeliverPorts = {
    store: deliveryStore,
    wakes: waker.wakes,
    guard,
    keyEncryptionKeys,
    schedule: config.WEBHOOK_RETRY_SECONDS ?? RETRY_SECONDS,
    now,
    chance: () => Math.random(),
    sleep,
    wake,
    tellDisabled: async ({ id, partnerId, url: target, email, language }) =>
      email &&
      partnerId &&
      notify({ email, language }, 'webhookDisabled', {
        name: target,
        path: `/portal/webhooks/${id}`,
        optional: { partnerId, kind: 'webhooks' },
      }),
    log,
  };
  return {
    /** Where it may be sent to, and asked of, what people name. */
    targetGuard: guard,
    deliveryStore,
    webhooks: createWebhookService({ database, guard, keyEncryptionKeys, allowances, newId }),
    filedEndpoints: createFiledEndpoints({ guard, keyEncryptionKeys, newId }),
    /** Sends the webhooks that are due. */
    sendWebhooks: () => deliverDue(sender),
    /** Wakes the sender, when something may have been written for it. */
    wakeWebhooks: waker.wake,
    /** Has changes announced that a request commits soon, and may not live to announce. */
    carryOn: waker.carryOn,
    announceLater,
  };
}
