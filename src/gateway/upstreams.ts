// Where a call goes: the targets that an API has in the catalogue, by their weights, or the origin that a variable names. A
// target that could not be reached is left alone for a while, where there is another.

import type { Upstream, UpstreamTarget } from '../catalog/routes.ts';
import { dropOldest } from '../core/bounded.ts';
import type { Soon } from '../core/soon.ts';

/** Doubled with each failure in a row. */
const REST_MS = 1000;
const MAX_REST_MS = 30_000;
const MAX_REMEMBERED = 1000;

export interface UpstreamPorts {
  /** Of the first of these variables that is set. */
  originIn(variables: readonly string[]): string | undefined;
  /** Opens an envelope that is bound to a target's URL. @throws where it does not open */
  open(envelope: string, url: string): Promise<string>;
  now(): number;
  /** From 0 to below 1. */
  chance(): number;
}

interface Health {
  failures: number;
  restsUntilMs: number;
}

export type Credential = readonly [name: string, value: string];

/** The first by chance, each with its share of all weights; the others behind it, in the order of theirs. */
function byWeight(targets: readonly UpstreamTarget[], chance: number): UpstreamTarget[] {
  const total = targets.reduce((sum, { weight }) => sum + weight, 0);
  let left = chance * total;
  const first = targets.find(({ weight }) => {
    left -= weight;
    return left < 0;
  });
  const others = targets.filter((each) => each !== first).sort((a, b) => b.weight - a.weight);
  return first ? [first, ...others] : others;
}

export function createUpstreams({ originIn, open, now, chance }: UpstreamPorts) {
  const health = new Map<string, Health>();
  const opened = new Map<string, Credential>();

  async function openAnew(credential: string, url: string): Promise<Credential> {
    const text = await open(credential, url);
    const colon = text.indexOf(':');
    const made = [text.slice(0, colon).trim(), text.slice(colon + 1).trim()] as const;
    opened.set(credential, made);
    dropOldest(opened, MAX_REMEMBERED);
    return made;
  }

  return {
    /** Of all of its targets, and of the origin that a variable names. */
    urlsOf: ({ targets, variables }: Omit<Upstream, 'prefix'>): string[] => [
      ...targets.map(({ url }) => url),
      ...[originIn(variables)].flatMap((origin) => origin ?? []),
    ],

    /** Those to be tried, in this order; none where nothing is set. */
    targetsFor({ targets, variables }: Omit<Upstream, 'prefix'>): readonly UpstreamTarget[] {
      if (targets.length === 0) {
        const origin = originIn(variables);
        return origin === undefined ? [] : [{ url: origin, weight: 1 }];
      }
      if (targets.length === 1) return targets;
      const rests = ({ url }: UpstreamTarget) => (health.get(url)?.restsUntilMs ?? 0) > now();
      const ordered = byWeight(targets, chance());
      return [...ordered.filter((each) => !rests(each)), ...ordered.filter(rests)];
    },

    noteFailure({ url }: UpstreamTarget): void {
      const failures = (health.get(url)?.failures ?? 0) + 1;
      const restsUntilMs = now() + Math.min(MAX_REST_MS, REST_MS * 2 ** (failures - 1));
      health.set(url, { failures, restsUntilMs });
      dropOldest(health, MAX_REMEMBERED);
    },

    noteSuccess({ url }: UpstreamTarget): void {
      if (health.size > 0) health.delete(url);
    },

    /** The header that its requests carry. @throws where its envelope does not open */
    credentialOf({ url, credential }: UpstreamTarget): Soon<Credential | undefined> {
      return credential ? (opened.get(credential) ?? openAnew(credential, url)) : undefined;
    },
  };
}

export type Upstreams = ReturnType<typeof createUpstreams>;
