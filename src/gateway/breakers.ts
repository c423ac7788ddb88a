// Circuit breakers, in this isolate: after so many failures in a row, an upstream is left alone for a while; then one call tries
// it. Only for routes whose policies ask for one. By API and its policies: what one partner's own make fail is nobody else's.

import type { CatalogRoute } from '../catalog/routes.ts';
import { dropOldest } from '../core/bounded.ts';

const MAX_REMEMBERED = 1000;
/** One that tries is not joined by others for so long. */
const TRYING_MS = 5000;

interface Circuit {
  failures: number;
  restsUntilMs: number;
}

const nameOf = (api: string, mark: string): string => `${api} ${mark}`;

export function createBreakers(now: () => number) {
  const circuits = new Map<string, Circuit>();
  return {
    /** How long the upstream is still left alone; 0 when it may be asked. */
    restSeconds({ api, policies: { breaker, mark } }: CatalogRoute): number {
      const circuit = breaker && circuits.get(nameOf(api, mark));
      if (!circuit || circuit.failures < breaker.failures) return 0;
      const leftMs = circuit.restsUntilMs - now();
      if (leftMs > 0) return Math.ceil(leftMs / 1000);
      circuit.restsUntilMs = now() + Math.min(TRYING_MS, breaker.restMs);
      return 0;
    },
    note({ api, policies: { breaker, mark } }: CatalogRoute, isGood: boolean): void {
      if (!breaker) return;
      const name = nameOf(api, mark);
      if (isGood) {
        circuits.delete(name);
        return;
      }
      const failures = (circuits.get(name)?.failures ?? 0) + 1;
      circuits.set(name, { failures, restsUntilMs: now() + breaker.restMs });
      dropOldest(circuits, MAX_REMEMBERED);
    },
  };
}

export type Breakers = ReturnType<typeof createBreakers>;
