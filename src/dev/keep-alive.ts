// For servers that workerd asks over kept connections.

import type { Server } from 'node:http';

/** Node.js closes after five idle seconds by default: whoever keeps a connection as long may ask over one that is being closed. */
const KEPT_MS = 60_000;

/** Leaves it to whoever asks to close a connection. */
export function keepConnections(server: Server): void {
  server.keepAliveTimeout = KEPT_MS;
}
