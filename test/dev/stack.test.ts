// `npm start` itself, as a person runs it: stopped under load, killed, started again. `npm run drain` does it in every way.

import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tryOnce, type Way } from '../../loadtest/drain.ts';
import { startSlowUpstream } from '../../loadtest/load-in-flight.ts';
import { type Place, type StackProcess, startNpm } from '../../loadtest/stack-process.ts';
import { LOGINS } from '../../src/dev/demo.ts';
import { freePort } from '../../src/dev/files.ts';
import { commandsUnder, type Replacement, replaced, runCommand } from '../support/documented-commands.ts';

const END_MOST_MS = 60_000;
const START_MOST_MS = 100_000;
const root = fileURLToPath(new URL('../..', import.meta.url).href);
const folder = mkdtempSync(join(tmpdir(), 'passerelle-start-'));
let upstream: Awaited<ReturnType<typeof startSlowUpstream>>;
let place: Place;
let stack: StackProcess;

beforeAll(async () => {
  upstream = await startSlowUpstream();
  place = { root, folder, port: await freePort(), upstream: upstream.origin };
  stack = await startNpm(place);
}, START_MOST_MS);

afterAll(async () => {
  if (stack.npm.exitCode === null) process.kill(stack.npm.pid ?? 0, 'SIGTERM');
  await stack.ended(END_MOST_MS);
  upstream.close();
  rmSync(folder, { recursive: true, force: true });
}, END_MOST_MS);

async function submit(path: string, fields: Record<string, string>, cookie = ''): Promise<Response> {
  return fetch(stack.demo.url + path, {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: stack.demo.url, cookie },
    body: new URLSearchParams(fields),
  });
}

const cookiesOf = (answer: Response): Record<string, string> =>
  Object.fromEntries(
    answer.headers.getSetCookie().map((line) => {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      return [name, value];
    }),
  );

it('cookies have names of this folder alone', async () => {
  const { email, password } = LOGINS.developer;
  const signedIn = cookiesOf(await submit('/sign-in', { email, password }));
  const preferred = cookiesOf(
    await submit('/preferences', { language: 'fr', theme: 'dark', environment: 'live' }),
  );
  const names = Object.keys({ ...signedIn, ...preferred });
  const [suffix] = /-[0-9a-f]{8}$/.exec(names[0] ?? '') ?? [];
  expect(names.sort()).toEqual(['environment', 'language', 'session', 'theme'].map((name) => name + suffix));

  const portal = async (cookies: Record<string, string>) => {
    const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`);
    return fetch(`${stack.demo.url}/portal`, {
      redirect: 'manual',
      headers: { cookie: cookie.join('; ') },
    });
  };
  const session = signedIn[`session${suffix}`] ?? '';
  const page = await portal({ ...signedIn, ...preferred, 'session-01234567': 'x.y', session: 'x.y' });
  expect(page.status).toBe(200);
  expect(await page.text()).toMatch(/<html[^>]* lang="fr"/);
  expect((await portal({ 'session-01234567': session })).status).toBe(303);
});

it('the demo’s operator gets into the console by the code that the machine shows, and not without', async () => {
  const { email, password } = LOGINS.operator;
  const line = (answer: Response) =>
    Object.entries(cookiesOf(answer))
      .map((cookie) => cookie.join('='))
      .join('; ');
  const asked = await submit('/sign-in', { email, password });
  expect(asked.headers.get('location')).toContain('/two-factor');
  const shown = await fetch(`${stack.demo.url}/dev/code`);
  expect(shown.headers.get('x-content-type-options')).toBe('nosniff');
  const page = await shown.text();
  const code = /<code>(\d{6})</.exec(page)?.[1] ?? '';
  const signedIn = await submit('/two-factor', { code, back: '/operator' }, line(asked));
  expect(signedIn.headers.get('location')).toBe('/operator');
  const open = (cookie: string) =>
    fetch(`${stack.demo.url}/operator`, { redirect: 'manual', headers: { cookie } });
  expect((await open(line(signedIn))).status).toBe(200);
  expect((await open(line(asked))).status).toBe(303);
});

it('the first call of README is answered, as it stands there', async () => {
  const here: Replacement[] = [
    { what: './.local/demo.json', by: join(folder, 'demo.json'), why: 'a folder of this test' },
    { what: 'http://127.0.0.1:8787', by: stack.demo.url, why: 'a port that is free' },
  ];
  const [start, call = '', ...more] = replaced(commandsUnder('README.md', '## Start'), here);
  expect([start, more]).toEqual(['npm start', []]);
  expect(await runCommand(call.replace(/^curl /, 'curl -sS '), process.env)).toMatch(/^HTTP\/1\.1 200 OK/);
});

it('mails that name no origin of their own link to where the stack listens', async () => {
  const { email, password } = LOGINS.developer;
  const cookie = Object.entries(cookiesOf(await submit('/sign-in', { email, password })))
    .map((pair) => pair.join('='))
    .join('; ');
  expect((await submit('/portal/billing/plan', { tier: 'starter' }, cookie)).status).toBe(303);
  const outbox = await (await fetch(`${stack.demo.url}/outbox?to=${encodeURIComponent(email)}`)).text();
  expect(outbox).toContain(`<a href="${stack.demo.url}/portal/billing">`);
  expect(outbox).not.toMatch(/\n\/(?:portal|mails)\//);
});

it('a second start over the same folder is refused, and harms nothing', async () => {
  await expect(startNpm({ ...place, port: await freePort() })).rejects.toThrow(
    `Passerelle already runs here at ${stack.demo.url}`,
  );
  expect((await fetch(`${stack.demo.url}/healthz`)).status).toBe(200);
});

/** Resets its connection while the upstream has not answered: every third answer has no length. */
function breakOff(): Promise<void> {
  const { url, keys } = stack.demo;
  return new Promise((resolve) => {
    const sent = request(`${url}/v2/stops/x/departures`, {
      headers: { authorization: `Bearer ${keys.enterprise}` },
    });
    sent.on('error', () => resolve());
    sent.on('socket', (socket) =>
      socket.on('connect', () => setTimeout(() => (socket as Socket).resetAndDestroy(), 50)),
    );
    sent.end();
  });
}

describe('stopped under load, every call that was answered is counted', () => {
  const ways: Way[] = [
    { signal: 'SIGINT', target: 'group' },
    { signal: 'SIGTERM', target: 'stack' },
  ];
  it.each(ways)(
    '$signal to $target, also after callers that broke off before their answer began',
    async (way) => {
      await Promise.all(Array.from({ length: 6 }, breakOff));
      const { answered, folded, cut, ...next } = await tryOnce(way, place, stack);
      expect(stack.output()).toContain('Stopped. Every call that was answered is counted.');
      stack = next.stack;
      expect(answered).toBeGreaterThan(20);
      expect({ folded, cut }).toEqual({ folded: answered, cut: 0 });
    },
  );
});

it('after kill -9 of the stack, npm start runs again without help', async () => {
  const { stack: again } = await tryOnce({ signal: 'SIGKILL', target: 'stack' }, place, stack);
  expect(stack.output()).toContain('Passerelle was ended from outside (SIGKILL)');
  stack = again;
  expect((await fetch(`${stack.demo.url}/healthz`)).status).toBe(200);
});
