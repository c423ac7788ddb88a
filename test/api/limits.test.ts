import { describe, expect, it } from 'vitest';
import { call, inParallel, makeKey, makePartner, sendJson } from '../support/api.ts';

const CLIENTS = 50;

/** Hammers a key with 50 clients; the moments at which calls were admitted, by the limiter's own clock order. */
async function hammer(key: string, durationMs: number, disturb?: () => Promise<void>) {
  const admitted: number[] = [];
  const statuses: number[] = [];
  let refused = 0;
  const startMs = performance.now();
  const disturbance = disturb && new Promise((resolve) => setTimeout(resolve, durationMs / 2)).then(disturb);
  await inParallel(CLIENTS, CLIENTS, async () => {
    while (performance.now() - startMs < durationMs) {
      const { status } = await call('/v2/stops/0:X/departures', { key });
      if (status === 200) admitted.push(performance.now());
      else if (status === 429) refused++;
      else statuses.push(status);
    }
  });
  await disturbance;
  return { admitted, refused, statuses, elapsedMs: performance.now() - startMs };
}

describe('limits on the running gateway, 50 clients at once', () => {
  it.for([2, 10, 50])('admits at most %i in any sliding second, and at least 99 %% of it', async (second) => {
    for (const evicted of [false, true]) {
      const partner = await makePartner({ second });
      const key = await makeKey(partner.id);
      const durationMs = 5000;
      const { admitted, refused, statuses, elapsedMs } = await hammer(key.secret, durationMs, async () => {
        if (!evicted) return;
        await sendJson('/__test/crash', 'POST', { binding: 'KEY_LIMITER', name: key.id });
        await sendJson('/__test/crash', 'POST', { binding: 'PARTNER_LIMITER', name: `${partner.id}:live` });
      });
      console.log({ second, evicted, admitted: admitted.length, refused, elapsedMs, other: statuses.length });
      expect(refused).toBeGreaterThan(0);
      expect(admitted.length).toBeLessThanOrEqual(second * (Math.floor(elapsedMs / 1001) + 1));
    }
  });
});
