// The heads of the audit chains, outside the database: in KV, one value a day, signed. Whoever owns the database can write
// any chain into it, but not these. The key that signs is derived from the key-encryption key, and is rotated with it.

import { fromBase64, fromHex, toHex, utf8 } from '../core/encoding.ts';
import { isoDay } from '../core/time.ts';
import type { KeyEncryptionKeys } from '../crypto/envelope.ts';
import type { Head } from './chain.ts';

const PREFIX = 'audit-head:';
/** So that all of them are one page of KV's list. */
const KEPT_SECONDS = 400 * 86_400;
const HMAC = { name: 'HMAC', hash: 'SHA-256' } as const;

interface Signed {
  /** Id of the key-encryption key. */
  key: string;
  /** The signed text: JSON of the heads. */
  text: string;
  /** HMAC-SHA-256, hex. */
  mac: string;
}

/** HKDF (RFC 5869), so that this key and the one that wraps secrets say nothing of one another. */
async function signingKey(keks: KeyEncryptionKeys, id: string): Promise<CryptoKey | undefined> {
  const encoded = keks.keys[id];
  if (!encoded) return undefined;
  const secret = await crypto.subtle.importKey('raw', fromBase64(encoded), 'HKDF', false, ['deriveKey']);
  const derivation = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info: utf8('audit heads') };
  return crypto.subtle.deriveKey(derivation, secret, { ...HMAC, length: 256 }, false, ['sign', 'verify']);
}

export function createHeadStore(
  kv: Pick<KVNamespace, 'get' | 'put' | 'list'>,
  keks: KeyEncryptionKeys,
  log: (line: Record<string, unknown>) => void,
) {
  return {
    /** The newest that were kept; none on the first night; `forged` when it was not us who signed them. */
    async last(): Promise<Head[] | 'none' | 'forged'> {
      const { keys } = await kv.list({ prefix: PREFIX });
      const name = keys.at(-1)?.name;
      const signed = name ? await kv.get<Signed>(name, 'json') : null;
      if (!signed) return 'none';
      const key = await signingKey(keks, signed.key);
      const mac = fromHex(signed.mac);
      const isOurs = key && mac && (await crypto.subtle.verify('HMAC', key, mac, utf8(signed.text)));
      // Signed by us: it has the shape that `keep` wrote.
      return isOurs ? (JSON.parse(signed.text) as Head[]) : 'forged';
    },

    /** One line of the log binds all of them as well. */
    async keep(heads: readonly Head[], atMs: number): Promise<void> {
      const key = await signingKey(keks, keks.current);
      if (!key) throw new Error('no key to sign audit heads with');
      const text = JSON.stringify(heads);
      const mac = toHex(await crypto.subtle.sign('HMAC', key, utf8(text)));
      const signed: Signed = { key: keks.current, text, mac };
      const name = `${PREFIX}${isoDay(atMs)}`;
      await kv.put(name, JSON.stringify(signed), { expirationTtl: KEPT_SECONDS });
      log({
        message: 'audit heads',
        level: 'info',
        kept: name,
        chains: heads.length,
        key: keks.current,
        mac,
      });
    },
  };
}

export type HeadStore = ReturnType<typeof createHeadStore>;
