// Where webhooks may go: public addresses, by https, at its two ports (others would be a way to knock at somebody's doors
// from our address), and not to ourselves or to the upstreams: a request to a host of our own zone passes by the Worker, and
// the upstreams trust who calls from here. Literal addresses are judged as they are, names by all that they
// resolve to, at each attempt. Redirects are never followed (deliver.ts). Fails closed: a name that cannot be resolved is
// refused. What a name resolves to may change between this look and the connection; in production the Worker's own
// network has no way to private addresses either.

import ipaddr from 'ipaddr.js';
import { hostOf, isPublicAddress, isPublicHost } from '../core/public-address.ts';

export type Refused =
  | 'invalid_url'
  | 'https_required'
  | 'credentials_in_url'
  | 'private_address'
  | 'own_host'
  | 'port'
  | 'unresolvable';

const MAX_URL_CHARS = 2000;
const RESOLVE_TIMEOUT_MS = 3000;
const REMEMBERED_MS = 30_000;
const MAX_REMEMBERED = 1000;
const PORTS = new Set(['', '8443']);

const isWithin = (host: string, own: string): boolean => host === own || host.endsWith(`.${own}`);

/** The URL's own words, without asking anybody. `ownHosts`: ours and the upstreams'. `host`: a name, or an address without brackets. */
export function judgeUrl(
  text: string,
  ownHosts: readonly string[] = [],
  isAnyPort = false,
): { host: string; refused?: undefined } | { refused: Refused } {
  if (text.length > MAX_URL_CHARS || !URL.canParse(text)) return { refused: 'invalid_url' };
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return { refused: 'invalid_url' };
  if (url.username !== '' || url.password !== '') return { refused: 'credentials_in_url' };
  if (url.protocol !== 'https:') return { refused: 'https_required' };
  const host = hostOf(url);
  if (!isPublicHost(host)) return { refused: 'private_address' };
  if (ownHosts.some((own) => isWithin(host, own))) return { refused: 'own_host' };
  return isAnyPort || PORTS.has(url.port) ? { host } : { refused: 'port' };
}

export type Resolve = (name: string) => Promise<string[]>;

/** DNS over HTTPS, JSON: all IPv4 and IPv6 addresses of a name. @throws when the resolver does not answer */
export function createResolver(endpoint: string): Resolve {
  const ask = async (name: string, type: 'A' | 'AAAA'): Promise<string[]> => {
    const response = await fetch(`${endpoint}?name=${encodeURIComponent(name)}&type=${type}`, {
      headers: { accept: 'application/dns-json' },
      signal: AbortSignal.timeout(RESOLVE_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`the resolver answered ${response.status}`);
    const { Answer = [] } = (await response.json()) as { Answer?: { type: number; data: string }[] };
    // 1 is A, 28 is AAAA; aliases on the way are neither.
    return Answer.filter((answer) => answer.type === (type === 'A' ? 1 : 28)).map(({ data }) => data);
  };
  return async (name) => (await Promise.all([ask(name, 'A'), ask(name, 'AAAA')])).flat();
}

export interface TargetGuard {
  /** Before an endpoint is saved: its words alone. `askedAt`: the host at which we were asked to, which is ours, too. */
  judge(url: string, askedAt?: string): Refused | undefined;
  /** Before each attempt: what it resolves to now. */
  check(url: string): Promise<Refused | undefined>;
}

export function createTargetGuard(
  resolve: Resolve,
  now: () => number,
  ownHosts: () => readonly string[] = () => [],
  isAnyPort = false,
): TargetGuard {
  const known = new Map<string, { refused: Refused | undefined; untilMs: number }>();
  async function look(name: string): Promise<Refused | undefined> {
    const addresses = await resolve(name).catch(() => []);
    if (addresses.length === 0) return 'unresolvable';
    return addresses.every(isPublicAddress) ? undefined : 'private_address';
  }
  return {
    judge: (text, askedAt) =>
      judgeUrl(text, askedAt ? [...ownHosts(), askedAt] : ownHosts(), isAnyPort).refused,
    async check(text) {
      const judged = judgeUrl(text, ownHosts(), isAnyPort);
      if (judged.refused) return judged.refused;
      const { host } = judged;
      if (ipaddr.isValid(host)) return undefined;
      const remembered = known.get(host);
      if (remembered && remembered.untilMs > now()) return remembered.refused;
      const refused = await look(host);
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(host, { refused, untilMs: now() + REMEMBERED_MS });
      return refused;
    },
  };
}

const OPEN = new Set<Refused>(['https_required', 'private_address', 'port']);

/** On your machine only: any http or https URL, so that a receiver on localhost can be tried. */
export const openGuard: TargetGuard = {
  judge: (text) => {
    const { refused } = judgeUrl(text);
    return refused && OPEN.has(refused) ? undefined : refused;
  },
  check: async (text) => openGuard.judge(text),
};
