// What strangers may ask for as often as they like: the database is asked once a minute for figures, and every few seconds for
// incidents, by each isolate. While it does not answer, what was known is shown.

import type { Incident, IncidentService } from './incident-service.ts';
import type { ApiStatus, StatusStore } from './status-store.ts';

const FIGURES_KEPT_MS = 60_000;
const INCIDENTS_KEPT_MS = 5000;
const MAX_INCIDENTS = 30;

export interface Board {
  apis: readonly ApiStatus[];
  incidents: readonly Incident[];
  /** When the figures were read. */
  atMs: number;
}

interface Kept<Value> {
  atMs: number;
  value: Value;
}

/** Values, not promises: a request never waits for another's. While one asks, others have what is known. */
function keeping<Value>(keptMs: number, now: () => number, read: () => Promise<Value>) {
  let kept: Kept<Value> | undefined;
  let askAgainMs = 0;
  return async (): Promise<Kept<Value>> => {
    const atMs = now();
    if (kept && atMs < askAgainMs) return kept;
    askAgainMs = atMs + keptMs;
    try {
      kept = { atMs, value: await read() };
    } catch (error) {
      askAgainMs = 0;
      if (!kept) throw error;
    }
    return kept;
  };
}

export function createStatusBoard(ports: {
  store: Pick<StatusStore, 'everybody'>;
  incidents: Pick<IncidentService, 'list'>;
  now(): number;
}) {
  const { store, incidents, now } = ports;
  const figures = keeping(FIGURES_KEPT_MS, now, () => store.everybody(now()));
  const listed = keeping(INCIDENTS_KEPT_MS, now, () => incidents.list(MAX_INCIDENTS));
  return {
    incidents: async (): Promise<readonly Incident[]> => (await listed()).value,
    async board(): Promise<Board> {
      const [{ atMs, value }, { value: said }] = await Promise.all([figures(), listed()]);
      return { apis: value, incidents: said, atMs };
    },
  };
}

export type StatusBoard = ReturnType<typeof createStatusBoard>;
