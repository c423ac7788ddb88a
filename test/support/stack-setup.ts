// One stack for all API tests: real PostgreSQL, the Worker in workerd, faults to order. Provided to the tests.

import { rmSync } from 'node:fs';
import type { TestProject } from 'vitest/node';
import { startStack } from '../../src/dev/stack.ts';
import { RETRY_SECONDS } from '../../src/webhooks/schedule.ts';
import { startControl } from './control.ts';
import { throwawayFolder } from './folder.ts';
import { OIDC_CLIENT, startOidcIssuer } from './oidc-issuer.ts';
import { WEBHOOK_SPEED } from './receiver.ts';
import { startUpstream } from './upstream.ts';

/** In mails that no request asked for. The stack's own port is not known before it runs. */
const PORTAL = 'http://portal.localhost';

export default async function setup(project: TestProject) {
  const folder = throwawayFolder('test');
  const upstream = await startUpstream();
  const identity = await startOidcIssuer();
  const lines: string[] = [];
  const stack = await startStack({
    folder,
    port: 0,
    persist: true,
    isThrowaway: true,
    entry: 'test/support/test-worker.ts',
    variables: {
      ENVIRONMENT: 'test',
      LOCAL_ORIGIN: PORTAL,
      UPSTREAM_ORIGIN: upstream.origin,
      OIDC_ISSUER: identity.origin,
      OIDC_CLIENT_ID: OIDC_CLIENT.id,
      OIDC_CLIENT_SECRET: OIDC_CLIENT.secret,
      // The schedule of retries, sixty times as fast.
      WEBHOOK_RETRY_SECONDS: RETRY_SECONDS.map((seconds) => (seconds / WEBHOOK_SPEED).toFixed(2)).join(','),
    },
    onLog: (line) => {
      lines.push(line);
      if (lines.length > 20_000) lines.splice(0, 10_000);
    },
  });
  const control = await startControl(stack, upstream, lines);
  project.provide('stack', {
    url: stack.url,
    databaseUrl: stack.databaseUrl,
    endpoint: stack.endpoint.url,
    demo: stack.demoFile as never,
    control: control.origin,
    upstream: upstream.origin,
    identity: identity.origin,
    secrets: stack.secrets,
  });
  return async () => {
    await control.close();
    await stack.stop();
    await upstream.close();
    await identity.close();
    rmSync(folder, { recursive: true, force: true });
  };
}
