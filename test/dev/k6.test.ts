// The load scripts pass on a server that is right, and fail on each that is wrong in the way that a script is for. They
// need k6 itself, which is no npm package: where it is not installed, only what they calculate is tested.

import { spawn, spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BEHAVIOURS, startFakeTarget } from '../../loadtest/k6/fake-target.ts';
import { type Admitted, worstSecond } from '../../loadtest/k6/sliding-second.ts';

const folder = fileURLToPath(new URL('../../loadtest/k6', import.meta.url).href);
const hasK6 = spawnSync('k6', ['version']).status === 0;
const KEYS = ['TEST_KEY', 'FREE_KEY', 'LIVE_KEY', 'ENTERPRISE_KEY'];
const SHORT = {
  DURATION: '5s',
  PHASE_SECONDS: '3',
  SECONDS: '5',
  MINUTES: '0.3',
  PATHS: '/',
  LIMIT_PATH: '/',
};

/** k6's exit code: 99 where a threshold was not met. */
async function run(
  script: string,
  behaviour: keyof typeof BEHAVIOURS,
  limit: number,
): Promise<number | null> {
  const server = await startFakeTarget(behaviour, limit);
  try {
    const { port } = server.address() as AddressInfo;
    const env = {
      ...process.env,
      ...SHORT,
      LIMIT: String(limit),
      BASE_URL: `http://127.0.0.1:${port}`,
      ...Object.fromEntries(KEYS.map((name) => [name, name])),
    };
    const child = spawn('k6', ['run', '--quiet', `${folder}/${script}.ts`], { env, stdio: 'ignore' });
    return await new Promise((resolve) => child.on('close', resolve));
  } finally {
    server.close();
  }
}

const MUCH = 10_000;

describe.skipIf(!hasK6)('with k6', () => {
  it.each([
    ['smoke', 'exact', MUCH],
    ['steady', 'exact', MUCH],
    ['spike', 'exact', 20],
    ['soak', 'exact', MUCH],
    ['limit-accuracy', 'exact', 2],
  ] as const)('%s passes on a server that is right', async (...[script, behaviour, limit]) => {
    expect(await run(script, behaviour, limit)).toBe(0);
  });

  it.each([
    ['smoke', 'refusesAll', MUCH],
    ['steady', 'refusesAll', MUCH],
    ['steady', 'exact', 50],
    ['spike', 'admitsAll', 20],
    ['spike', 'refusesAll', 20],
    ['spike', 'neverRecovers', 20],
    ['soak', 'refusesAll', MUCH],
    ['soak', 'slowsDown', MUCH],
    ['limit-accuracy', 'fixedWindow', 2],
    ['limit-accuracy', 'refusesAll', 2],
    ['limit-accuracy', 'admitsAll', 2],
  ] as const)('%s fails on a server that %s', async (...[script, behaviour, limit]) => {
    expect(await run(script, behaviour, limit)).toBe(99);
  });
});

describe('the worst second', () => {
  const at = (...times: number[]): Admitted[] => times.map((sentMs) => ({ sentMs, answeredMs: sentMs + 5 }));

  it('is where most calls lie within a second, wherever it begins', () => {
    expect(worstSecond([])).toBe(0);
    expect(worstSecond(at(0, 10, 1000, 1010))).toBe(2);
    expect(worstSecond(at(0, 990, 995, 1010, 1100))).toBe(4);
  });

  it('counts no call that may have been decided later', () => {
    expect(worstSecond([...at(0, 1), { sentMs: 2, answeredMs: 1001 }])).toBe(2);
  });

  it.each([
    ['exact', 2],
    ['fixedWindow', 4],
  ] as const)('of a server that is %s with a limit of 2 is %i', (behaviour, worst) => {
    const decide = BEHAVIOURS[behaviour](2);
    // From late in a window of its, so that the next begins soon after.
    const times = Array.from({ length: 300 }, (_, n) => 900 + 10 * n);
    expect(worstSecond(at(...times.filter((nowMs) => decide(nowMs).isAdmitted)))).toBe(worst);
  });
});
