// Sees when workerd ends by itself. Miniflare starts it again; here it is said, and noted which process it now is.

import type { Miniflare } from 'miniflare';
import { childrenCalled, identify, isAlive, type ProcessId } from './processes.ts';

const LOOK_EVERY_MS = 500;
const LOOK_AGAIN_MS = 100;
const MAX_RESTART_PAUSE_MS = 30_000;

export interface RuntimeWatch {
  started(pid: number): void;
  say(line: string): void;
  /** It ended by itself, with what it had not sent. */
  ended(): void;
  givenUp(): void;
}

const running = (): ProcessId | undefined => childrenCalled('workerd').map(identify).find(Boolean);

const within = (work: Promise<unknown>, ms: number): Promise<unknown> =>
  Promise.race([
    work,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`not within ${ms / 1000} s`)), ms).unref()),
  ]);

/** Where we see its end before Miniflare does, that is still ready, and there is no process: it will not be for long. */
async function restarted(miniflare: Miniflare): Promise<ProcessId> {
  for (const untilMs = Date.now() + MAX_RESTART_PAUSE_MS; ; ) {
    await within(miniflare.ready, MAX_RESTART_PAUSE_MS);
    const found = running();
    if (found) return found;
    if (Date.now() >= untilMs) throw new Error('no process');
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** @returns how to stop watching */
export function watchRuntime(
  miniflare: Miniflare,
  { started, say, ended, givenUp }: RuntimeWatch,
): () => void {
  let current = running();
  if (current) started(current.pid);
  let isLooking = true;
  const look = async (): Promise<void> => {
    if (!current || isAlive(current)) return;
    ended();
    say('The Worker ended by itself. Starting it again; usage of its last five seconds is lost …');
    current = await restarted(miniflare);
    started(current.pid);
    say('The Worker runs again.');
  };
  const lookAgain = (): void => {
    setTimeout(() => {
      if (!isLooking) return;
      look().then(lookAgain, (error) => {
        if (!isLooking) return;
        say(`The Worker could not be started again: ${error}`);
        givenUp();
      });
    }, LOOK_EVERY_MS).unref();
  };
  lookAgain();
  return () => {
    isLooking = false;
  };
}
