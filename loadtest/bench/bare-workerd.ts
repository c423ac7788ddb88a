// A Worker on workerd itself, from one generated configuration: no Miniflare in front of it or behind it, whose entry and
// outbound workers would cost every request more than the Worker does. KV, queues and assets are a small service beside it
// in the same process; objects are on disk.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { bundle } from '../../src/dev/runtime.ts';
import { cpuSeconds } from './cpu.ts';

// It exports the path of the program, and has no types.
const program: string = createRequire(import.meta.url)('workerd').default;

const START_MOST_MS = 20_000;
const COMPATIBILITY_DATE = '2026-10-15';

export interface BareOptions {
  /** Holds the configuration, the bundles and the objects' data. */
  folder: string;
  entry: string;
  /** The bundle, where it was made already and is to be inspected. */
  inspected?: string;
  /** Class by binding. */
  objects: Record<string, string>;
  variables?: Record<string, string>;
  /** Names of bindings of each kind. */
  kv?: readonly string[];
  queues?: readonly string[];
  services?: readonly string[];
  flags?: readonly string[];
}

export interface BareWorkerd {
  url: string;
  /** `host:port` of its inspector, where it listens. */
  inspector: string | undefined;
  /** CPU seconds, user and system, that it has used. */
  cpuSeconds(): number;
  /** Its resident memory, bytes. */
  memoryBytes(): number;
  stop(): Promise<void>;
}

const text = (value: string): string => JSON.stringify(value);
const list = (items: readonly string[]): string => `[${items.join(', ')}]`;

/** The configuration, in the language of workerd.capnp. */
function configuration({
  folder,
  objects,
  variables = {},
  kv = [],
  queues = [],
  services = [],
  flags = [],
}: BareOptions): string {
  const binding = (name: string, what: string) => `(name = ${text(name)}, ${what})`;
  const bindings = [
    ...Object.entries(objects).map(([name, className]) =>
      binding(name, `durableObjectNamespace = ${text(className)}`),
    ),
    ...Object.entries(variables).map(([name, value]) => binding(name, `text = ${text(value)}`)),
    ...kv.map((name) => binding(name, 'kvNamespace = "store"')),
    ...queues.map((name) => binding(name, 'queue = "store"')),
    ...services.map((name) => binding(name, 'service = "store"')),
  ];
  const namespaces = Object.values(objects).map(
    (className) =>
      `(className = ${text(className)}, uniqueKey = ${text(`bench-${className}`)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "store", worker = .store),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "disk", disk = (path = ${text(join(folder, 'objects'))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
  compatibilityDate = ${text(COMPATIBILITY_DATE)},
  compatibilityFlags = ${list(flags.map(text))},
  bindings = ${list(bindings)},
  durableObjectNamespaces = ${list(namespaces)},
  durableObjectStorage = (localDisk = "disk"),
  cacheApiOutbound = "store",
);
const store :Workerd.Worker = (
  modules = [(name = "store.mjs", esModule = embed "store.mjs")],
  compatibilityDate = ${text(COMPATIBILITY_DATE)},
);
`;
}

/** What workerd tells on its control channel: the port of its socket, and before that of its inspector. */
function portsOf(child: ChildProcess): Promise<{ port: number; inspector: number | undefined }> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('workerd did not start')), START_MOST_MS);
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}`)));
    const control = child.stdio[3];
    let inspector: number | undefined;
    createInterface({ input: control as Readable }).on('line', (line) => {
      const { event, port } = JSON.parse(line) as { event?: string; port?: number };
      if (event === 'listen-inspector') inspector = port;
      if (event !== 'listen' || port === undefined) return;
      clearTimeout(late);
      resolve({ port, inspector });
    });
  });
}

export async function startBareWorkerd(options: BareOptions): Promise<BareWorkerd> {
  const { folder, entry, inspected } = options;
  mkdirSync(join(folder, 'objects'), { recursive: true });
  writeFileSync(join(folder, 'worker.mjs'), inspected ?? (await bundle(entry)));
  writeFileSync(join(folder, 'store.mjs'), await bundle('loadtest/bench/store-worker.ts'));
  const file = join(folder, 'config.capnp');
  writeFileSync(file, configuration(options), { mode: 0o600 });
  const inspect = inspected !== undefined ? ['--inspector-addr=127.0.0.1:0'] : [];
  const child = spawn(program, ['serve', file, '--control-fd=3', ...inspect], {
    // What the Worker logs is written, as it is wherever it is kept, and not read.
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { port, inspector } = await portsOf(child);
  return {
    url: `http://127.0.0.1:${port}`,
    inspector: inspector === undefined ? undefined : `127.0.0.1:${inspector}`,
    cpuSeconds: () => cpuSeconds([child.pid ?? 0]),
    memoryBytes() {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
      return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}
