// Who answers the signals that end a process: we do, and nobody else.

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Gives the signals to `answer` alone. Miniflare and others install exit hooks when they are loaded or started, which
 * end the process while calls are in flight: theirs are taken out again, whenever they come.
 */
export function ownSignals(answer: () => void, process: NodeJS.EventEmitter = globalThis.process): void {
  for (const signal of SIGNALS) {
    process.removeAllListeners(signal);
    process.on(signal, answer);
  }
  process.on('newListener', (event, listener) => {
    if (listener === answer || !SIGNALS.some((signal) => signal === event)) return;
    // It is told before the listener is there.
    queueMicrotask(() => process.off(event, listener));
  });
}
