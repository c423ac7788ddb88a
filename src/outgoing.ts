// Where requests may go that this Worker makes for somebody: webhooks to partners' endpoints, calls to upstreams.

import { createCommit } from './catalog/commit-service.ts';
import { createPolicyService } from './catalog/policy-service.ts';
import { createPublishService, type PublishPorts } from './catalog/publish-service.ts';
import { createTogether } from './catalog/publish-together-service.ts';
import type { Core } from './compose.ts';
import { hostOf } from './core/public-address.ts';
import { isOwnPart } from './http/own-paths.ts';
import type { AnnouncementService } from './keys/announcement-service.ts';
import { createResolver, createTargetGuard, openGuard, type Refused } from './webhooks/target-guard.ts';

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
    : createTargetGuard(createResolver(config.DNS_RESOLVER_URL), now, ownHosts);
  const announce = async () => (await announcements.announceCatalog()).isAll;
  const changes = { database, catalogs, commit: createCommit({ database, catalogs, announce }) };
  const ports: PublishPorts = {
    ...changes,
    keyEncryptionKeys: config.KEY_ENCRYPTION_KEYS,
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
export function composeTargetGuard({ config, isLocal, catalogs, now, upstreams }: Core) {
  if (isLocal && config.WEBHOOK_TARGETS === 'any') return openGuard;
  const ownHosts = () => [
    ...hostsOf([config.PORTAL_ORIGIN, ...catalogs.current.apis.flatMap(upstreams.urlsOf)]),
    ...config.OWN_HOSTS,
  ];
  return createTargetGuard(createResolver(config.DNS_RESOLVER_URL), now, ownHosts);
}
