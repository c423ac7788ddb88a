// For servers that workerd asks over kept connections.

import type { Server } from 'node:http';

/** workerd closes what has been idle for five seconds, and Node.js by default as soon: then it may ask over a connection that is being closed. */
const KEPT_MS = 60_000;

/** Leaves it to whoever asks to close a connection. */
export function keepConnections(server: Server): void {
  server.keepAliveTimeout = KEPT_MS;
}
