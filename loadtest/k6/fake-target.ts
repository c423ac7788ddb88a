// Servers that the scripts have to fail on, each wrong in one way, and one that is right. For test/dev/k6.test.ts.

import { createServer, type Server } from 'node:http';

/** Whether a call at this moment is admitted, and how long its answer takes. */
type Behaviour = (nowMs: number) => { isAdmitted: boolean; delayMs?: number };

const SECOND_MS = 1000;

function slidingWindow(limit: number): Behaviour {
  const admitted: number[] = [];
  return (nowMs) => {
    while ((admitted[0] ?? nowMs) <= nowMs - SECOND_MS) admitted.shift();
    const isAdmitted = admitted.length < limit;
    if (isAdmitted) admitted.push(nowMs);
    return { isAdmitted };
  };
}

/** Twice the limit fits around the edge of a window. */
function fixedWindow(limit: number): Behaviour {
  let window = 0;
  let count = 0;
  return (nowMs) => {
    const now = Math.floor(nowMs / SECOND_MS);
    if (now !== window) [window, count] = [now, 0];
    return { isAdmitted: ++count <= limit };
  };
}

/** Once it has refused somebody, it refuses everybody. */
function neverRecovers(limit: number): Behaviour {
  const within = slidingWindow(limit);
  let isDown = false;
  return (nowMs) => {
    isDown ||= !within(nowMs).isAdmitted;
    return { isAdmitted: !isDown };
  };
}

export const BEHAVIOURS = {
  exact: slidingWindow,
  fixedWindow,
  neverRecovers,
  refusesAll: (): Behaviour => () => ({ isAdmitted: false }),
  admitsAll: (): Behaviour => () => ({ isAdmitted: true }),
  /** By 20 ms each second. */
  slowsDown: (): Behaviour => {
    let begunMs: number | undefined;
    return (nowMs) => {
      begunMs ??= nowMs;
      return { isAdmitted: true, delayMs: (20 * (nowMs - begunMs)) / SECOND_MS };
    };
  },
} satisfies Record<string, (limit: number) => Behaviour>;

/** Each key has its own limit; a server on a free port of this machine. */
export async function startFakeTarget(behaviour: keyof typeof BEHAVIOURS, limit: number): Promise<Server> {
  const byKey = new Map<string, Behaviour>();
  const server = createServer((request, response) => {
    const key = request.headers.authorization ?? '';
    const decide = byKey.get(key) ?? BEHAVIOURS[behaviour](limit);
    byKey.set(key, decide);
    const { isAdmitted, delayMs = 0 } = decide(Date.now());
    setTimeout(() => {
      response.writeHead(isAdmitted ? 200 : 429, {
        'content-type': 'application/json',
        'x-ratelimit-remaining-day': '1000',
        ...(!isAdmitted && { 'retry-after': '1' }),
      });
      response.end('{}');
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
