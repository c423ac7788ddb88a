// Wakes the sender of webhooks: at once, and then at most once a second, however much is changed. What it misses, the
// minute job finds.

const PAUSE_SECONDS = 1;

export function createWaker(ports: {
  send(delaySeconds: number): Promise<unknown>;
  now(): number;
  log(line: Record<string, unknown>): void;
}) {
  const { send, now, log } = ports;
  /** When the last one that was sent wakes: what is written before then, it finds. */
  let wakesMs = Number.NEGATIVE_INFINITY;
  return async (): Promise<void> => {
    const nowMs = now();
    if (nowMs < wakesMs) return;
    const delaySeconds = nowMs < wakesMs + PAUSE_SECONDS * 1000 ? PAUSE_SECONDS : 0;
    wakesMs = nowMs + delaySeconds * 1000;
    try {
      await send(delaySeconds);
    } catch (error) {
      wakesMs = Number.NEGATIVE_INFINITY;
      log({ message: 'webhooks not woken', level: 'error', error: String(error) });
    }
  };
}
