// Chromium, redis-server, prometheus and Authlib: those of the machine are used; missing ones are installed; what cannot be had fails by name.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

function onPath(names: readonly string[]): string | undefined {
  for (const name of names) {
    const { status, stdout } = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' });
    if (status === 0 && stdout.trim() !== '') return stdout.trim();
  }
  return undefined;
}

function aptInstall(packageName: string): void {
  if (process.getuid?.() !== 0 || !onPath(['apt-get'])) return;
  console.log(`Installing ${packageName} with apt-get …`);
  const run = (args: string[]) =>
    spawnSync('apt-get', args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  if (run(['install', '-y', '-qq', '--no-install-recommends', packageName]).status === 0) return;
  run(['update', '-qq']);
  run(['install', '-y', '-qq', '--no-install-recommends', packageName]);
}

/** Path of a Chromium. @throws naming what is missing */
export function ensureChromium(): string {
  // The shell has no window: half of what the whole browser takes.
  const names = [
    'chromium-headless-shell',
    'chromium',
    'chromium-browser',
    'google-chrome',
    'google-chrome-stable',
  ];
  const find = () =>
    process.env.CHROMIUM_PATH ??
    onPath(names) ??
    (existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined);
  const found = find();
  if (found) return found;
  aptInstall('chromium-headless-shell');
  if (!find()) aptInstall('chromium');
  const installed = find();
  if (installed) return installed;
  try {
    console.log('Downloading Chromium with Playwright …');
    execFileSync('playwright-core', ['install', 'chromium'], { stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    // Judged by whether it is there now.
  }
  const downloaded = find();
  if (downloaded) return downloaded;
  throw new Error('Chromium is missing and could not be installed. Install it, or set CHROMIUM_PATH to one.');
}

/** Path of a redis-server. @throws naming what is missing */
export function ensureRedis(): string {
  const find = () => process.env.REDIS_SERVER_PATH ?? onPath(['redis-server', '/usr/bin/redis-server']);
  const found = find();
  if (found) return found;
  aptInstall('redis-server');
  const installed = find();
  if (installed) return installed;
  throw new Error(
    'redis-server is missing and could not be installed. Install it, or set REDIS_SERVER_PATH to one.',
  );
}

/** Paths of prometheus and promtool: Debian's package has both. @throws naming what is missing */
export function ensurePrometheus(): { prometheus: string; promtool: string } {
  const find = () => ({
    prometheus: process.env.PROMETHEUS_PATH ?? onPath(['prometheus']),
    promtool: process.env.PROMTOOL_PATH ?? onPath(['promtool']),
  });
  if (!find().prometheus || !find().promtool) aptInstall('prometheus');
  const { prometheus, promtool } = find();
  if (prometheus && promtool) return { prometheus, promtool };
  throw new Error(
    'prometheus and promtool are missing and could not be installed. Install them, or set PROMETHEUS_PATH and PROMTOOL_PATH.',
  );
}

/** Debian's Authlib, for the Python that Debian has. @throws naming what is missing */
export function ensureAuthlib(): void {
  const isThere = () =>
    spawnSync('/usr/bin/python3', ['-c', 'import authlib.integrations.requests_client']).status === 0;
  if (isThere()) return;
  aptInstall('python3-requests');
  aptInstall('python3-authlib');
  if (!isThere())
    throw new Error(
      'Authlib is missing and could not be installed. Install python3-authlib and python3-requests.',
    );
}
