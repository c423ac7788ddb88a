// What the environment says about the stack on this machine.

import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { WantedApi } from './offer.ts';

const isWeb = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
const DEFAULT_PORT = 8787;

export interface LocalSettings {
  /** All local data. */
  folder: string;
  port: number;
  /** Of live keys; the built-in sandbox when left out. */
  upstreamOrigin?: string;
  /** The file of another brand than ours. */
  brand?: string;
  /** An API of whoever starts it. */
  api?: WantedApi;
}

/** PASSERELLE_FOLDER, or .local of this checkout. */
export const localFolder = (env: NodeJS.ProcessEnv): string =>
  resolve(ROOT, env.PASSERELLE_FOLDER || '.local');

/** `--brand file` or `--brand=file`. */
function named(args: readonly string[], option: string): string | undefined {
  const at = args.findIndex((each) => each === option || each.startsWith(`${option}=`));
  return at < 0 ? undefined : (args[at]?.split(/=(.*)/s)[1] ?? args[at + 1] ?? '');
}

/** @throws an error in words for whoever reads the terminal */
function apiIn(args: readonly string[], from: string): WantedApi | undefined {
  const [openapi, upstream] = [named(args, '--openapi'), named(args, '--upstream')];
  if (openapi === undefined && upstream === undefined) return undefined;
  if (!openapi) throw new Error('--openapi takes a file or an address: --openapi ./petstore.yaml');
  if (upstream !== undefined && !isWeb(upstream))
    throw new Error('--upstream takes the address of an HTTP server: --upstream http://127.0.0.1:9000');
  return { openapi: isWeb(openapi) ? openapi : resolve(from, openapi), upstream };
}

/** @throws an error in words for whoever reads the terminal */
export function readLocalSettings(env: NodeJS.ProcessEnv, args: readonly string[] = []): LocalSettings {
  const port = Number(env.PORT ?? DEFAULT_PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error('PORT must be a number from 0 to 65535.');
  const origin = env.UPSTREAM_ORIGIN || undefined;
  if (origin && !isWeb(origin))
    throw new Error('UPSTREAM_ORIGIN must be the address of an HTTP server, like http://127.0.0.1:9000');
  // npm runs in the checkout, wherever it was called.
  const brand = named(args, '--brand') ?? env.BRAND;
  return {
    folder: localFolder(env),
    port,
    upstreamOrigin: origin,
    brand: brand ? resolve(env.INIT_CWD ?? '', brand) : undefined,
    api: apiIn(args, env.INIT_CWD ?? ''),
  };
}
