// The gateway beside what somebody would use instead: CPU of all processes, what each adds to its own bare proxy, and the
// worst second at the same limit.

import { type Peer, startPeers } from '../peers/peers.ts';
import { worstSecond } from '../peers/worst-second.ts';
import type { BareGateway } from './gateway.ts';
import { type Generator, measure, type RoundsOptions, type Target } from './rounds.ts';

const FLOOR = 'floor';
const OWN_BARE = ' (bare)';
/** For CPU: nothing is refused. */
const NO_LIMIT = 1_000_000_000;

export interface Beside {
  name: string;
  /** CPU of all its processes for a request, and of that what is not its bare proxy's. */
  cpuMicros: number;
  addedMicros: number;
  worstSecond: number;
  /** Share of the limit that a caller gets who always wants more. */
  used: number;
}

interface Options {
  upstream: string;
  path: string;
  /** Calls a second. */
  limit: number;
  gateway: BareGateway;
  targets: readonly Target[];
  generator: Generator;
  options: RoundsOptions;
}

async function withPeers<T>(upstream: string, limit: number, use: (peers: Peer[]) => Promise<T>): Promise<T> {
  const peers = await startPeers(upstream, limit);
  try {
    return await use(peers);
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

function targetsOf({ name, url, bareUrl, key, cpuSeconds }: Peer, path: string): Target[] {
  const target = { name, url: url + path, key, cpuSeconds };
  return bareUrl ? [{ name: name + OWN_BARE, url: bareUrl + path, cpuSeconds }, target] : [target];
}

export async function measurePeers(all: Options): Promise<Beside[]> {
  const { upstream, path, limit, gateway, targets, generator, options } = all;
  const rounds = await withPeers(upstream, NO_LIMIT, (peers) =>
    measure([...targets, ...peers.flatMap((peer) => targetsOf(peer, path))], generator, options),
  );
  const worst = await withPeers(upstream, limit, async (peers) => {
    const everybody = [{ name: 'gateway', url: gateway.url, key: gateway.limitedKey }, ...peers];
    const found = new Map<string, Awaited<ReturnType<typeof worstSecond>>>();
    for (const { name, url, key } of everybody) found.set(name, await worstSecond(url + path, key, limit));
    return found;
  });
  const beside = [...worst].map(([name, seconds]) => {
    const bare = rounds.has(name + OWN_BARE) ? name + OWN_BARE : FLOOR;
    const cpuMicros = Math.round(rounds.of(name, 'cpuMicros'));
    return { name, cpuMicros, addedMicros: cpuMicros - Math.round(rounds.of(bare, 'cpuMicros')), ...seconds };
  });
  options.say(`\n                        CPU µs   added µs   worst second at ${limit}   used`);
  for (const { name, cpuMicros, addedMicros, worstSecond: worstOne, used } of beside)
    options.say(
      `  ${name.padEnd(20)} ${String(cpuMicros).padStart(7)}   ${String(addedMicros).padStart(8)}   ${String(worstOne).padStart(19)}   ${used}`,
    );
  return beside;
}
