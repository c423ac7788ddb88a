// A Worker of another brand, with one API, on a database of its own without demo data.

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeBrand } from '../../src/brand/build-brand.ts';
import { startRuntime } from '../../src/dev/runtime.ts';
import { throwawayFolder } from './folder.ts';
import { openDatabaseOfItsOwn } from './own-database.ts';

export const BAKERY = new URL('bakery/brand.json', import.meta.url).pathname;
export const AUTH_SECRET = 'bread'.repeat(8);

export async function startBakery() {
  const folder = throwawayFolder('bakery');
  const own = await openDatabaseOfItsOwn('bakery');
  const keys = (id: string) =>
    JSON.stringify({ current: id, keys: { [id]: randomBytes(32).toString('base64') } });
  const miniflare = await startRuntime({
    port: 0,
    brand: writeBrand(join(folder, 'brand.mjs'), BAKERY),
    onLog: () => undefined,
    variables: {
      ENVIRONMENT: 'test',
      DATABASE_URL: own.workerUrl,
      NEON_ENDPOINT: own.endpoint,
      KEY_ENCRYPTION_KEYS: keys('k'),
      IDENTITY_KEYS: keys('i'),
      METRICS_TOKEN: 'm'.repeat(16),
      AUTH_SECRET,
      ALERT_EMAIL: 'baker@padaria-sol.example',
      OIDC_ISSUER: 'https://id.padaria-sol.example',
      OIDC_CLIENT_ID: 'portal',
    },
  });
  const origin = (await miniflare.ready).origin;
  return {
    origin,
    own,
    miniflare,
    async close() {
      await miniflare.dispose();
      await own.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
export type Bakery = Awaited<ReturnType<typeof startBakery>>;

export interface Page {
  status: number;
  type: string;
  text: string;
  bytes: Buffer;
  location: string | null;
}

/** Somebody with cookies, who reads one language. */
export function visitorOf(origin: string, language: string) {
  const cookies = new Map<string, string>();
  const address = `198.51.100.${randomBytes(1)[0]}`;
  async function send(path: string, fields?: Record<string, string>): Promise<Page> {
    const answer = await fetch(origin + path, {
      method: fields ? 'POST' : 'GET',
      redirect: 'manual',
      headers: {
        'accept-language': language,
        'cf-connecting-ip': address,
        cookie: [...cookies].map((each) => each.join('=')).join('; '),
        ...(fields && { origin }),
      },
      body: fields && new URLSearchParams(fields),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === '' || /max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    const bytes = Buffer.from(await answer.arrayBuffer());
    const type = answer.headers.get('content-type') ?? '';
    return {
      status: answer.status,
      type,
      bytes,
      text: bytes.toString(),
      location: answer.headers.get('location'),
    };
  }
  return { get: (path: string) => send(path), post: send };
}
export type Visitor = ReturnType<typeof visitorOf>;
