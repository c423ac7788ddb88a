// Requests of any bytes over a plain socket, for what node's client refuses to send, and clients that break off.

import { connect, type Socket } from 'node:net';
import { stack } from './api.ts';

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export async function openSocket(): Promise<Socket> {
  const { hostname, port } = new URL(stack.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  socket.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Sends the bytes; the status of the answer, 0 when the connection ended without one. */
export async function sendRaw(bytes: Buffer, mostMs = 10_000): Promise<number> {
  const socket = await openSocket();
  socket.end(bytes);
  return new Promise((resolve) => {
    let head = '';
    const done = () => {
      socket.destroy();
      resolve(Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0));
    };
    socket.setTimeout(mostMs, done);
    socket.on('data', (chunk) => {
      if (head.length < 100) head += chunk.toString('latin1');
    });
    socket.on('close', done);
  });
}
