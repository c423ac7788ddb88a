// Upstreams as operators name them -> rows. Credentials go into envelopes that are bound to where they are sent.

import { type SQL, sql } from 'drizzle-orm';
import { invalid } from '../core/errors.ts';
import { type KeyEncryptionKeys, sealEnvelope } from '../crypto/envelope.ts';
import { maySayToUpstream } from './headers.ts';

export interface WantedUpstream {
  url: string;
  weight: number;
  /** `Name: value`; null: none; undefined: as it was. */
  credential?: string | null;
}

interface UpstreamRow {
  url: string;
  weight: number;
  /** The credential stays as it was. */
  keeps: boolean;
  credential: string | null;
}

const MAX_UPSTREAMS = 20;
const CREDENTIAL = /^([A-Za-z0-9-]+): *[\x20-\x7e]+$/;
/** No document lets callers say these: the gateway may. */
const OWN_CREDENTIALS = new Set(['authorization', 'x-api-key']);

function isCredential(text: string): boolean {
  const name = CREDENTIAL.exec(text)?.[1]?.toLowerCase();
  return name !== undefined && (OWN_CREDENTIALS.has(name) || maySayToUpstream(name));
}

export interface UpstreamPorts {
  keyEncryptionKeys: KeyEncryptionKeys;
  /** Why no call may go there; undefined where it may. */
  refusesUpstream(url: string): Promise<string | undefined>;
}

/** As paths are put after it, and as rows of it are compared. */
function wrongForm(url: string): string | undefined {
  if (/[?#]/.test(url)) return 'must hold no ? and no #';
  if (!/^https?:\/\/[^/?#\s@\\]+(?:\/[^?#\s\\]*)?$/.test(url))
    return 'must be the address of an HTTP server, like https://api.example.com/v1';
  return undefined;
}

/** @throws AppError validation_error */
export async function sealedUpstreams(
  upstreams: readonly WantedUpstream[],
  { keyEncryptionKeys, refusesUpstream }: UpstreamPorts,
): Promise<UpstreamRow[]> {
  if (upstreams.length > MAX_UPSTREAMS) throw invalid('upstreams', `At most ${MAX_UPSTREAMS}`);
  const urls = upstreams.map(({ url }) => url.replace(/\/+$/, ''));
  if (new Set(urls).size < urls.length) throw invalid('upstreams', 'The same address twice');
  return Promise.all(
    upstreams.map(async ({ weight, credential }, i) => {
      const url = urls[i] ?? '';
      const refused = (await refusesUpstream(url)) ?? wrongForm(url);
      if (refused) throw invalid(`upstreams.${i}.url`, refused);
      if (credential && !isCredential(credential))
        throw invalid(
          `upstreams.${i}.credential`,
          'must be a header that may go to an upstream, as `Name: value`',
        );
      return {
        url,
        weight,
        keeps: credential === undefined,
        credential: credential ? await sealEnvelope(keyEncryptionKeys, credential, url) : null,
      };
    }),
  );
}

/** CTEs: the API's rows become these, where `changed` has a row. */
export const upstreamRows = (api: string, rows: readonly UpstreamRow[]): SQL => sql`
  wanted AS (SELECT * FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
    AS w(url text, weight int, keeps boolean, credential text)),
  dropped AS (DELETE FROM api_upstream WHERE api = ${api} AND EXISTS (SELECT FROM changed) AND url NOT IN (SELECT url FROM wanted)),
  put AS (INSERT INTO api_upstream AS u (api, url, weight, credential_envelope)
    SELECT ${api}, w.url, w.weight, w.credential FROM wanted w WHERE EXISTS (SELECT FROM changed)
    ON CONFLICT (api, url) DO UPDATE SET weight = excluded.weight, credential_envelope =
      CASE WHEN (SELECT keeps FROM wanted w WHERE w.url = u.url) THEN u.credential_envelope ELSE excluded.credential_envelope END)`;
