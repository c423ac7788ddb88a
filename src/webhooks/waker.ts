// Wakes the sender of webhooks at once, and then at most once a second, however much is changed; and whoever announces
// changes, a second after one began. What it misses, the minute job finds.

const PAUSE_MS = 1000;
/** What a request commits within this long of its begin is found, also when it dies then. */
const CARRIED_ON_MS = 500;

export interface Waker {
  /** Something was changed, and may have something to tell. */
  wake(): Promise<void>;
  /** Something is about to be changed, by a request that may not live to tell. */
  carryOn(): Promise<void>;
  /** How often it was woken, in this isolate. */
  wakes(): number;
}

export function createWaker(ports: {
  send(delaySeconds: number): Promise<unknown>;
  /** To whoever announces changes. */
  sendAhead(delaySeconds: number): Promise<unknown>;
  now(): number;
  log(line: Record<string, unknown>): void;
}): Waker {
  const { send, sendAhead, now, log } = ports;
  let wakes = 0;
  /** When the last message wakes: what is written before then, it finds. */
  let wakesMs = Number.NEGATIVE_INFINITY;
  /** When the last message was sent ahead of a change. */
  let aheadMs = Number.NEGATIVE_INFINITY;

  async function sendOrSay(to: typeof send, delaySeconds: number): Promise<boolean> {
    try {
      await to(delaySeconds);
      return true;
    } catch (error) {
      log({ message: 'not woken', level: 'error', error: String(error) });
      return false;
    }
  }

  return {
    async wake() {
      wakes++;
      const nowMs = now();
      if (nowMs < wakesMs) return;
      const delaySeconds = nowMs < wakesMs + PAUSE_MS ? PAUSE_MS / 1000 : 0;
      wakesMs = nowMs + delaySeconds * 1000;
      if (!(await sendOrSay(send, delaySeconds))) wakesMs = Number.NEGATIVE_INFINITY;
    },
    async carryOn() {
      const nowMs = now();
      if (nowMs < aheadMs + PAUSE_MS - CARRIED_ON_MS) return;
      aheadMs = nowMs;
      if (!(await sendOrSay(sendAhead, PAUSE_MS / 1000))) aheadMs = Number.NEGATIVE_INFINITY;
    },
    wakes: () => wakes,
  };
}
