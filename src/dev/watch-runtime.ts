// Sees when workerd ends by itself. Miniflare starts it again; here it is said, and noted which process it now is.

import type { Miniflare } from 'miniflare';
import { childrenCalled, identify, isAlive, type ProcessId } from './processes.ts';

const LOOK_EVERY_MS = 500;
const MAX_RESTART_PAUSE_MS = 30_000;

export interface RuntimeWatch {
  started(pid: number): void;
  say(line: string): void;
  givenUp(): void;
}

const running = (): ProcessId | undefined => childrenCalled('workerd').map(identify).find(Boolean);

const within = (work: Promise<unknown>, ms: number): Promise<unknown> =>
  Promise.race([
    work,
    new Promise((_, reject) => setTimeout(() => reject(new Error(`not within ${ms / 1000} s`)), ms).unref()),
  ]);

/** @returns how to stop watching */
export function watchRuntime(miniflare: Miniflare, { started, say, givenUp }: RuntimeWatch): () => void {
  let current = running();
  if (current) started(current.pid);
  let isLooking = true;
  const look = async (): Promise<void> => {
    if (!current || isAlive(current)) return;
    say('The Worker ended by itself. Starting it again; usage of its last second or two is lost …');
    await within(miniflare.ready, MAX_RESTART_PAUSE_MS);
    current = running();
    if (!current) throw new Error('no process');
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
