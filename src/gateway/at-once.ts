// How many calls of a partner wait for an upstream at once, in this isolate. Only for routes whose policies ask for it; counted by
// API and its policies, as circuits are.

import type { CatalogRoute } from '../catalog/routes.ts';

const nothing = () => undefined;

export function createAtOnce() {
  const waiting = new Map<string, number>();
  return {
    /** undefined: as many wait as may. What is given ends the waiting. */
    enter({ api, policies: { atOnce, mark } }: CatalogRoute, partnerId: string): (() => void) | undefined {
      if (atOnce === undefined) return nothing;
      const name = `${partnerId} ${api} ${mark}`;
      const others = waiting.get(name) ?? 0;
      if (others >= atOnce) return undefined;
      waiting.set(name, others + 1);
      return () => {
        const left = (waiting.get(name) ?? 1) - 1;
        if (left > 0) waiting.set(name, left);
        else waiting.delete(name);
      };
    },
  };
}

export type AtOnce = ReturnType<typeof createAtOnce>;
