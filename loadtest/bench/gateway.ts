// Passerelle on workerd itself, as it is deployed, with the real PostgreSQL behind it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, startStack } from '../../src/dev/stack.ts';
import { type BareWorkerd, startBareWorkerd } from './bare-workerd.ts';
import { hotKey, limitedKey, moreKeys, unlentKeys } from './bench-keys.ts';

/** Calls a second of the limited key, unless said otherwise. */
export const LIMIT = 100;

/** The Worker as it is deployed, but for its variables. */
export const GATEWAY_OPTIONS = {
  entry: 'src/worker.ts',
  objects: {
    KEY_LIMITER: 'KeyLimiter',
    PARTNER_LIMITER: 'PartnerLimiter',
    PAYMENT_SANDBOX: 'PaymentSandbox',
  },
  kv: ['KEY_RECORDS'],
  queues: ['USAGE_QUEUE', 'WEBHOOK_QUEUE', 'CHANGE_QUEUE', 'DEAD_LETTER_QUEUE'],
  services: ['ASSETS'],
  flags: ['enable_request_signal', 'no_nodejs_global_timers'],
};

export interface BareGateway extends BareWorkerd {
  key: string;
  limitedKey: string;
  /** Others, of the partner of `key`. */
  moreKeys: string[];
  /** Others again, that are lent nothing. */
  unlentKeys: string[];
  /** As its owner. */
  databaseUrl: string;
}

export async function startGateway(
  upstream: string,
  {
    limit = LIMIT,
    keys = 0,
    unlent = 0,
    inspected,
    prepare = async () => undefined,
  }: {
    limit?: number;
    keys?: number;
    unlent?: number;
    /** A bundle to be run with an inspector. */
    inspected?: string;
    /** Before the Worker starts. */
    prepare?(stack: Stack): Promise<void>;
  } = {},
): Promise<BareGateway> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-bench-'));
  // Its database is used; its own Worker has nothing to do.
  const stack = await startStack({ folder, port: 0, variables: { UPSTREAM_ORIGIN: upstream } });
  await prepare(stack);
  const { secrets, databaseUrl, endpoint } = stack;
  const worker = await startBareWorkerd({
    folder: join(folder, 'bare'),
    ...GATEWAY_OPTIONS,
    inspected,
    variables: {
      ENVIRONMENT: 'development',
      // As where it is deployed.
      LOG_SUCCESS_SHARE: '0.01',
      DATABASE_URL: databaseUrl,
      NEON_ENDPOINT: endpoint.url,
      KEY_ENCRYPTION_KEYS: JSON.stringify({ current: 'local', keys: { local: secrets.keyEncryptionKey } }),
      IDENTITY_KEYS: JSON.stringify({ current: 'local', keys: { local: secrets.identityKey } }),
      METRICS_TOKEN: secrets.metricsToken,
      AUTH_SECRET: secrets.authSecret,
      UPSTREAM_ORIGIN: upstream,
    },
  });
  return {
    ...worker,
    key: await hotKey(stack),
    limitedKey: await limitedKey(stack, limit),
    moreKeys: await moreKeys(stack, keys),
    unlentKeys: await unlentKeys(stack, unlent),
    databaseUrl,
    async stop() {
      await worker.stop();
      await stack.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export async function startFloor(upstream: string): Promise<BareWorkerd> {
  const folder = mkdtempSync(join(tmpdir(), 'passerelle-floor-'));
  const worker = await startBareWorkerd({
    folder,
    entry: 'loadtest/bench/floor-worker.ts',
    objects: { COUNTER: 'Counter' },
    variables: { UPSTREAM_ORIGIN: upstream },
  });
  return {
    ...worker,
    async stop() {
      await worker.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
