// Everything that runs on your machine, started in order and stopped in reverse: PostgreSQL, the SQL endpoint, the
// migrations, the demo, the Worker and its crons.

import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Miniflare } from 'miniflare';
import { writeBrand } from '../brand/build-brand.ts';
import type { KeyEncryptionKeys } from '../crypto/envelope.ts';
import { CODE_PATH } from './code-page.ts';
import { DEVELOPER, type Demo, ensureDemo, LOGINS, OPERATOR } from './demo.ts';
import { ensureReceiver, type MonthPorts, playMonth, tellLimiter } from './demo-month.ts';
import { freePort, isFree, writePrivate } from './files.ts';
import { AUDIENCE, ISSUER, type Issuer, openIssuer } from './issuer.ts';
import { migrate } from './migrate.ts';
import { type NeonEndpoint, startNeonEndpoint } from './neon-endpoint.ts';
import { type LocalPostgres, type PostgresOptions, startPostgres } from './postgres.ts';
import { type RuntimeOptions, startCron, startRuntime } from './runtime.ts';
import { openWorkerRole } from './worker-role.ts';

export interface StackOptions {
  /** Folder of all local data. */
  folder: string;
  port: number;
  variables?: Record<string, string>;
  onLog?(line: string): void;
  /** Keeps KV and Durable Objects; PostgreSQL's data is always in the folder. */
  persist?: boolean;
  cron?: boolean;
  /** The demo has a running month, too, played up to this moment. */
  demoUntilMs?: number;
  /** The folder goes with the process: tests. */
  isThrowaway?: boolean;
  entry?: string;
  /** The file of a brand; our own, with the demo's payment, when left out. */
  brand?: string;
  /** The pid of each PostgreSQL that is started. */
  onPostgres?(pid: number): void;
  /** Starts PostgreSQL again when it ends by itself. */
  keepRunning?: PostgresOptions['keepRunning'];
}

export interface Stack {
  url: string;
  /** As its owner; the Worker has a role of its own. */
  databaseUrl: string;
  demo: Demo;
  demoFile: object;
  issuer: Issuer;
  postgres: LocalPostgres;
  endpoint: NeonEndpoint;
  miniflare: Miniflare;
  /** What it was started with, at the port that it has. */
  runtime: RuntimeOptions;
  secrets: Secrets;
  fireCron(cron: string, atMs?: number): Promise<void>;
  /** No cron is fired any more. */
  stopCron(): void;
  stop(): Promise<void>;
}

const COOKIE_SUFFIX_CHARS = 8;
const TOKENS_EVERY_MS = 30 * 60_000;
/** What does not stop within this long is left to end with the process. */
const STOP_MS = 8000;

interface Secrets {
  databasePort: number;
  keyEncryptionKey: string;
  /** Seed of the key that signs callers' identity, base64. */
  identityKey: string;
  metricsToken: string;
  authSecret: string;
  /** What the codes of the demo's operator are made of. */
  operatorFactor: string;
}

/** The folder's own secrets: made once, kept for the data that they protect. */
async function openSecrets(file: string): Promise<Secrets> {
  const known: Partial<Secrets> = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {};
  const secrets: Secrets = {
    databasePort: await freePort(),
    keyEncryptionKey: randomBytes(32).toString('base64'),
    identityKey: randomBytes(32).toString('base64'),
    metricsToken: randomBytes(24).toString('base64url'),
    authSecret: randomBytes(32).toString('hex'),
    operatorFactor: randomBytes(24).toString('base64url'),
    ...known,
  };
  writePrivate(file, JSON.stringify(secrets));
  return secrets;
}

/** Whom to ask, and how invoices are paid, where no other brand is named. */
const DEMO_BRAND = {
  links: { supportEmail: 'support@passerelle.example', terms: 'https://passerelle.example/terms' },
  payment: {
    EUR: 'IBAN FR76 0000 0000 0000 0000 0000 000\nBIC DEMOFRPPXXX',
    XOF: {
      en: 'Wave or Orange Money: +221 33 000 00 00',
      fr: 'Wave ou Orange Money : +221 33 000 00 00',
    },
  },
};

const originAt = (port: number): string => `http://127.0.0.1:${port}`;

/** The Worker's variables, as wrangler.toml and the secrets have them elsewhere. */
const variablesOf = (
  folder: string,
  secrets: Secrets,
  keks: KeyEncryptionKeys,
  endpoint: NeonEndpoint,
  databaseUrl: string,
): Record<string, string> => ({
  DATABASE_URL: databaseUrl,
  NEON_ENDPOINT: endpoint.url,
  KEY_ENCRYPTION_KEYS: JSON.stringify(keks),
  IDENTITY_KEYS: JSON.stringify({ current: 'local', keys: { local: secrets.identityKey } }),
  METRICS_TOKEN: secrets.metricsToken,
  DEMO_OPERATOR_FACTOR: secrets.operatorFactor,
  DEMO_CODE_PATH: CODE_PATH,
  AUTH_SECRET: secrets.authSecret,
  WEBHOOK_TARGETS: 'any',
  ALERT_EMAIL: LOGINS.operator.email,
  // Another checkout on this machine is another folder.
  COOKIE_SUFFIX: createHash('sha256').update(folder).digest('hex').slice(0, COOKIE_SUFFIX_CHARS),
  JWT_ISSUER: ISSUER,
  JWT_AUDIENCE: AUDIENCE,
  JWT_JWKS_URL: endpoint.jwksUrl,
});

/** Writes what the demo's accounts sign in with, again and again: no token is taken that is older than an hour. */
async function keepDemoFile(
  file: string,
  issuer: Issuer,
  secrets: Secrets,
  facts: object,
): Promise<{ content: object; stop(): void }> {
  const describe = async () => ({
    ...facts,
    developer: { token: await issuer.token(DEVELOPER), ...LOGINS.developer },
    operator: { token: await issuer.token(OPERATOR), ...LOGINS.operator, factor: secrets.operatorFactor },
    metrics: { token: secrets.metricsToken },
  });
  const write = (content: object) => writePrivate(file, `${JSON.stringify(content, null, 2)}\n`);
  const content = await describe();
  write(content);
  const renewal = setInterval(() => void describe().then(write), TOKENS_EVERY_MS).unref();
  return { content, stop: () => clearInterval(renewal) };
}

const createCronFire =
  (miniflare: Miniflare) =>
  async (cron: string, atMs = Date.now()): Promise<void> => {
    // Asked for each time: what it was before a reload does not answer any more.
    const worker = await miniflare.getWorker();
    const { outcome } = await worker.scheduled({ cron, scheduledTime: new Date(atMs) });
    if (outcome !== 'ok') throw new Error(`cron ${cron}: ${outcome}`);
  };

/** The demo's month is played while the Worker starts. Without it there is none, and the next start plays it. */
function openMonth(
  { keks, ...ports }: Omit<MonthPorts, 'nowMs' | 'portalOrigin'> & { keks: KeyEncryptionKeys },
  { demoUntilMs: nowMs, port, onLog }: StackOptions,
) {
  const portalOrigin = originAt(port);
  const playing = nowMs === undefined ? undefined : playMonth({ ...ports, nowMs, portalOrigin });
  const settled = playing?.catch((error) => void onLog?.(`The demo's month was not played: ${error}`));
  return {
    /** The limiter is told; the Worker's own jobs tell of what was imported, close days and months, and compare. */
    async settle({ miniflare, fireCron, url }: Pick<Stack, 'miniflare' | 'fireCron' | 'url'>): Promise<void> {
      const played = await settled;
      if (!played) return;
      await ensureReceiver(ports, url, keks);
      await tellLimiter(miniflare, played);
      if (played.hasClosedDays)
        for (const cron of ['* * * * *', '5 0 * * *', '10 2 * * *']) await fireCron(cron);
    },
  };
}

const openPostgres = async (
  { folder, isThrowaway, onPostgres: onStart, keepRunning }: StackOptions,
  { databasePort }: Secrets,
) =>
  startPostgres({
    folder: join(folder, 'postgres'),
    port: (await isFree(databasePort)) ? databasePort : await freePort(),
    database: 'passerelle',
    isThrowaway,
    onStart,
    keepRunning,
  });

export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, port } = options;
  const stops: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const end of stops.reverse()) {
      const late = new Promise((resolve) => setTimeout(resolve, STOP_MS).unref());
      await Promise.race([Promise.resolve(end()).catch(() => undefined), late]);
    }
    stops.length = 0;
  };
  try {
    const brand = writeBrand(join(folder, 'brand.mjs'), options.brand, DEMO_BRAND);
    const secrets = await openSecrets(join(folder, 'secrets.json'));
    const issuer = await openIssuer(join(folder, 'issuer.json'));
    const postgres = await openPostgres(options, secrets);
    stops.push(() => postgres.stop());
    await migrate(postgres.url);
    const workerUrl = await openWorkerRole(postgres.url);
    const endpoint = await startNeonEndpoint(workerUrl, issuer.jwks);
    stops.push(() => endpoint.close());
    const keks = { current: 'local', keys: { local: secrets.keyEncryptionKey } };
    const demo = await ensureDemo(postgres.url, endpoint.url, join(folder, 'demo.json'), keks, secrets);
    const runtime: RuntimeOptions = {
      port,
      persist: options.persist === false ? undefined : join(folder, 'cloudflare'),
      onLog: options.onLog ?? (() => undefined),
      entry: options.entry,
      brand,
      variables: {
        ...variablesOf(folder, secrets, keks, endpoint, workerUrl),
        // Port 0 is not known before.
        ...(port > 0 && { LOCAL_ORIGIN: originAt(port) }),
        ...options.variables,
      },
    };
    const month = openMonth({ databaseUrl: postgres.url, endpoint: endpoint.url, demo, keks }, options);
    const miniflare = await startRuntime(runtime);
    stops.push(() => miniflare.dispose());
    const fireCron = createCronFire(miniflare);
    const stopCron = options.cron
      ? startCron((cron, atMs) => fireCron(cron, atMs).catch((error) => options.onLog?.(String(error))))
      : () => undefined;
    stops.push(stopCron);
    runtime.port = Number((await miniflare.ready).port);
    const url = originAt(runtime.port);
    await month.settle({ miniflare, fireCron, url });
    const facts = { url, databaseUrl: postgres.url, ...demo };
    const demoFile = await keepDemoFile(join(folder, 'demo.json'), issuer, secrets, facts);
    stops.push(demoFile.stop);
    return {
      url,
      databaseUrl: postgres.url,
      demo,
      demoFile: demoFile.content,
      issuer,
      postgres,
      endpoint,
      miniflare,
      runtime,
      secrets,
      fireCron,
      stopCron,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
