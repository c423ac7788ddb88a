// Circuit breakers, in this isolate: after so many failures in a row, an upstream is left alone for a while; then one call tries
// it. Only for routes whose policies ask for one. By API: what fails is its upstream.

import type { CatalogRoute } from '../catalog/routes.ts';
import { dropOldest } from '../core/bounded.ts';

const MAX_REMEMBERED = 1000;
/** One that tries is not joined by others for so long. */
const TRYING_MS = 5000;

interface Circuit {
  failures: number;
  restsUntilMs: number;
}

export function createBreakers(now: () => number) {
  const circuits = new Map<string, Circuit>();
  return {
    /** How long the upstream is still left alone; 0 when it may be asked. */
    restSeconds({ api, policies: { breaker } }: CatalogRoute): number {
      const circuit = breaker && circuits.get(api);
      if (!circuit || circuit.failures < breaker.failures) return 0;
      const leftMs = circuit.restsUntilMs - now();
      if (leftMs > 0) return Math.ceil(leftMs / 1000);
      circuit.restsUntilMs = now() + Math.min(TRYING_MS, breaker.restMs);
      return 0;
    },
    note({ api, policies: { breaker } }: CatalogRoute, isGood: boolean): void {
      if (!breaker) return;
      if (isGood) {
        circuits.delete(api);
        return;
      }
      const failures = (circuits.get(api)?.failures ?? 0) + 1;
      circuits.set(api, { failures, restsUntilMs: now() + breaker.restMs });
      dropOldest(circuits, MAX_REMEMBERED);
    },
  };
}

export type Breakers = ReturnType<typeof createBreakers>;
