// One question to everything: a request's id, a key's id or prefix, a partner, an address of mail, an invoice's number, an
// IP. Each service is asked for what it may know by the form of the words, and for a few hits only.

import { AppError } from '../core/errors.ts';
import { isUuid } from '../core/ids.ts';
import { isInRanges, isRange } from '../core/ip-list.ts';
import { MAX_WORDS_CHARS } from '../web/found.ts';
import type { Services } from './services.ts';

export const HIT_KINDS = ['request', 'partner', 'member', 'key', 'invoice', 'block', 'caller'] as const;
export type HitKind = (typeof HIT_KINDS)[number];

export interface Hit {
  kind: HitKind;
  /** Of a request, a partner (also of a member), a key (also of a caller), an invoice, a block. */
  id: string;
  title: string;
  detail: string;
}

/** Of each kind. */
const MAX_HITS = 10;
const FEWEST_CHARS = 2;

type Ports = Pick<Services, 'partners' | 'keys' | 'members' | 'invoices' | 'blocks' | 'requestSearch'>;

function isMissing(error: unknown): undefined {
  if (!(error instanceof AppError && error.code === 'not_found')) throw error;
}

/** What has exactly this id. */
async function byId({ partners, keys, invoices, requestSearch }: Ports, id: string): Promise<Hit[]> {
  const [request, partner, key, invoice] = await Promise.all([
    requestSearch.byId(id),
    partners.get(id).catch(isMissing),
    keys.get(null, id).catch(isMissing),
    invoices.get(null, id).catch(isMissing),
  ]);
  const hits: (Hit | undefined)[] = [
    request && {
      kind: 'request',
      id,
      title: `${request.method} ${request.endpoint}`,
      detail: `${request.status}, ${request.partner}`,
    },
    partner && { kind: 'partner', id, title: partner.name, detail: partner.email },
    key && { kind: 'key', id: key.keyId, title: key.name, detail: key.keyPrefix },
    invoice && { kind: 'invoice', id, title: invoice.number, detail: invoice.partner },
  ];
  return hits.filter((hit) => hit !== undefined);
}

/** Who calls from an address, and which blocks it is under. */
async function byAddress({ requestSearch, blocks }: Ports, ip: string): Promise<Hit[]> {
  const [callers, listed] = await Promise.all([requestSearch.fromAddress(ip), blocks.list()]);
  return [
    ...listed
      .filter(({ range }) => isInRanges(ip, [range]))
      .map(({ id, range, reason }): Hit => ({ kind: 'block', id, title: range, detail: reason })),
    ...callers.map(
      ({ keyId, name, partner, calls, refused }): Hit => ({
        kind: 'caller',
        id: keyId,
        title: name,
        detail: `${partner}, ${calls} (${refused})`,
      }),
    ),
  ];
}

async function byWords({ partners, keys, members, invoices }: Ports, words: string): Promise<Hit[]> {
  const [foundPartners, foundMembers, foundKeys, foundInvoices] = await Promise.all([
    partners.list(MAX_HITS, undefined, words),
    words.includes('@') ? members.byAddress(words, MAX_HITS) : [],
    keys.search(null, words),
    /\d/.test(words) ? invoices.list(MAX_HITS, undefined, { search: words }) : [],
  ]);
  return [
    ...foundPartners.map(({ id, name, email }): Hit => ({ kind: 'partner', id, title: name, detail: email })),
    ...foundMembers.map(
      ({ partnerId, partner, email }): Hit => ({
        kind: 'member',
        id: partnerId,
        title: email,
        detail: partner,
      }),
    ),
    ...foundKeys.slice(0, MAX_HITS).map(
      ({ keyId, name, keyPrefix, partner }): Hit => ({
        kind: 'key',
        id: keyId,
        title: name,
        detail: `${keyPrefix}, ${partner}`,
      }),
    ),
    ...foundInvoices
      .filter(({ number }) => number.toLowerCase().includes(words.toLowerCase()))
      .map(({ id, number, partner }): Hit => ({ kind: 'invoice', id, title: number, detail: partner })),
  ];
}

/** Kinds as they are listed above. Nothing for less than two characters. */
export async function search(ports: Ports, typed: string): Promise<Hit[]> {
  const words = typed.trim().slice(0, MAX_WORDS_CHARS);
  if (words.length < FEWEST_CHARS) return [];
  if (isUuid(words)) return byId(ports, words.toLowerCase());
  if (isRange(words) && !words.includes('/')) return byAddress(ports, words);
  return byWords(ports, words);
}
