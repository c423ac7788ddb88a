// Whoever stays below four fifths of the limit, or evenly below nine tenths, is not refused for what is lent meanwhile: what counts for too
// long is bounded.

import { describe, expect, it } from 'vitest';
import { callCalmly, evenly, restrained } from '../../loadtest/simulation/histories.ts';

describe('refused nothing', () => {
  it.for(
    [50, 200].flatMap((second) =>
      [0.1, 0.3, 0.5, 0.7, 0.9].flatMap((share) => [1, 4].map((edges) => [second, share, edges] as const)),
    ),
  )('at a limit of %i a second, evenly at %d of it through %i isolates', async ([second, share, edges]) => {
    const { demanded, admitted } = await callCalmly({ second, edges }, evenly(second * share, 4));
    expect(demanded - admitted).toBe(0);
  });

  it.for(
    [50, 200].flatMap((second) =>
      [1, 3].flatMap((keys) => [1, 4].map((edges) => [second, keys, edges] as const)),
    ),
  )(
    'at a limit of %i a second, in bursts of less than four fifths: %i keys, %i isolates',
    async ([second, keys, edges]) => {
      for (let seed = 1; seed <= 4; seed++) {
        const calls = restrained(Math.floor(0.78 * second), 15, seed);
        const { demanded, admitted } = await callCalmly({ second, keys, edges }, calls, seed);
        expect(demanded - admitted, `seed ${seed}`).toBe(0);
      }
    },
  );
});

it('what is called often is answered of leases', async () => {
  const { edgeLeases, demanded } = await callCalmly({ second: 1000 }, evenly(50, 20));
  expect(edgeLeases).toBeGreaterThan(10);
  expect(edgeLeases / demanded).toBeLessThan(0.05);
});
