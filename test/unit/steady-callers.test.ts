// Whoever stays below the limit is not refused, whatever is lent meanwhile: what counts for too long is bounded.

import { expect, it } from 'vitest';
import { callSteadily } from '../../loadtest/simulation/histories.ts';

it.for(
  [50, 200, 1000].flatMap((second) =>
    [0.1, 0.3, 0.5, 0.7, 0.9].flatMap((demand) => [1, 4].map((edges) => [second, demand, edges] as const)),
  ),
)('at a limit of %i a second, %d of it through %i isolates', async ([second, demand, edges]) => {
  const { demanded, admitted } = await callSteadily({ second, demand, edges, seconds: 4 });
  expect(demanded - admitted).toBe(0);
});

it('and what is called often is answered of leases', async () => {
  const { edgeLeases, demanded } = await callSteadily({ second: 1000, demand: 0.05, seconds: 20 });
  expect(edgeLeases).toBeGreaterThan(10);
  expect(edgeLeases / demanded).toBeLessThan(0.05);
});
