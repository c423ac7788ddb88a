import { describe, expect, it } from 'vitest';
import { call, control, inParallel, makeKey, makePartner } from '../support/api.ts';

const CLIENTS = 50;

/** Hammers a key with 50 clients; the moments at which calls were admitted, by the limiter's own clock order. */
async function hammer(key: string, durationMs: number, disturb?: () => Promise<void>) {
  const admitted: number[] = [];
  let refused = 0;
  const startMs = performance.now();
  const disturbance = disturb && new Promise((resolve) => setTimeout(resolve, durationMs / 2)).then(disturb);
  await inParallel(CLIENTS, CLIENTS, async () => {
    while (performance.now() - startMs < durationMs) {
      const { status } = await call('/v2/stops/0:X/departures', { key });
      if (status === 200) admitted.push(performance.now());
      else if (status === 429) refused++;
      else throw new Error(`status ${status}`);
    }
  });
  await disturbance;
  return { admitted, refused, elapsedMs: performance.now() - startMs };
}

describe('limits on the running gateway, 50 clients at once', () => {
  it.for([2, 10, 50])('admits at most %i in any sliding second, and at least 99 %% of it', async (second) => {
    for (const evicted of [false, true]) {
      const partner = await makePartner({ second });
      const key = await makeKey(partner.id);
      const durationMs = 5000;
      const { admitted, refused, elapsedMs } = await hammer(key.secret, durationMs, async () => {
        if (!evicted) return;
        await control('evict', { className: 'KeyLimiter', name: key.id });
        await control('evict', { className: 'PartnerLimiter', name: `${partner.id}:live` });
      });
      console.log({ second, evicted, admitted: admitted.length, refused, elapsedMs });
      expect(refused).toBeGreaterThan(0);
      expect(admitted.length).toBeLessThanOrEqual(second * (Math.floor(elapsedMs / 1001) + 1));
    }
  });
});
