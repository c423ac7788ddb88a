// Who is who, what is too easy to guess, and what a deployment must say: the pure parts of accounts.

import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readAddressLink, readAsked, signAsked } from '../../src/accounts/address-link.ts';
import { saysSecondFactor } from '../../src/accounts/second-factor.ts';
import { subjectOf } from '../../src/accounts/subject.ts';
import { claimsOf } from '../../src/accounts/token-verifier.ts';
import { weaknessOf } from '../../src/accounts/weak-password.ts';
import { type Config, ConfigurationError, readConfig } from '../../src/config.ts';
import { refuseUnconfigured } from '../../src/http/unconfigured.ts';

describe('a password', () => {
  const own = ['Passerelle', 'Awa Ndiaye', 'awa.ndiaye@teranga-mobile.example'];
  it.each([
    ['password12', 'common'],
    ['PASSWORD123', 'common'],
    ['qwertyuiop', 'common'],
    ['1234567890', 'common'],
    ['motdepasse', 'common'],
    ['Passw0rd123', 'common'],
    ['P@$$w0rd2026!', 'common'],
    ['!!Qwertyuiop1', 'common'],
    ['M0tdepasse99', 'common'],
    ['Pr1ncess2024', 'common'],
    ['password 73019 82645', undefined],
    ['fleuve-et-pirogue', undefined],
    ['aaaaaaaaaa', 'simple'],
    ['abababababab', 'simple'],
    ['passerelle', 'own'],
    ['P@ss3r3lle!', 'own'],
    ['ndiaye.2026', 'own'],
    ['teranga-mobile', 'own'],
    ['correct horse battery', undefined],
    ['passerelle sur le fleuve', undefined],
    ['Gh7-kw0q_zZ', undefined],
  ])('%s is %s', (password, weakness) => expect(weaknessOf(password, own)).toBe(weakness));
});

describe('a second factor', () => {
  it.each([
    [{ amr: ['pwd', 'mfa'] }, true],
    [{ amr: ['pwd', 'otp'] }, true],
    [{ amr: ['pin', 'hwk'] }, true],
    [{ acr: 'https://refeds.org/profile/mfa' }, true],
    [{ amr: ['pwd'] }, false],
    [{ amr: ['otp'] }, false],
    [{ amr: 'mfa' }, false],
    [{ amr: [] }, false],
    [{ acr: '1' }, false],
    [{}, false],
  ])('%j says so: %s', (claims, says) => expect(saysSecondFactor(claims)).toBe(says));
});

describe('a token', () => {
  const good = { sub: '1', email: 'A@Example.com', email_verified: true, roles: ['operator'], amr: ['mfa'] };
  it('names issuer and subject, and an address only when it is verified', () => {
    expect(claimsOf(good, 'https://id.example', [])).toEqual({
      issuer: 'https://id.example',
      sub: '1',
      subject: 'https://id.example|1',
      email: 'a@example.com',
      roles: ['operator'],
      hasSecondFactor: true,
    });
    for (const email_verified of [undefined, false, 'true', 'false', 1, null])
      expect(claimsOf({ ...good, email_verified }, 'https://id.example', [])?.email).toBeUndefined();
  });
  it('is of a client on the list, where there is one', () => {
    const of = (claims: object) => claimsOf({ ...good, ...claims }, 'https://id.example', ['portal', 'cli']);
    expect([of({ client_id: 'cli' }), of({ azp: 'portal' })].every(Boolean)).toBe(true);
    for (const claims of [{}, { client_id: 'x' }, { client_id: 'x', azp: 'cli' }])
      expect(of(claims)).toBeUndefined();
  });
  it('two of different issuers are never one subject', () => {
    const issuer = fc.string().map((path) => `https://id.example/${encodeURIComponent(path)}`);
    fc.assert(
      fc.property(issuer, fc.string(), issuer, fc.string(), (a, b, c, d) => {
        expect(subjectOf(a, b) === subjectOf(c, d)).toBe(a === c && b === d);
      }),
    );
  });
});

describe('the browser that signed up', () => {
  const secret = 's'.repeat(32);
  it('is known by its cookie, which no other secret signs and no link is', async () => {
    const asked = { signUpId: 'a', back: '/invite/x' };
    const cookie = await signAsked(secret, asked);
    expect(await readAsked(secret, cookie)).toEqual(asked);
    expect(await readAsked('t'.repeat(32), cookie)).toBeUndefined();
    expect(await readAddressLink(secret, cookie)).toBeUndefined();
    expect(await readAsked(secret, undefined)).toBeUndefined();
  });
});

describe('settings', () => {
  const whole = {
    DATABASE_URL: 'postgres://x',
    KEY_ENCRYPTION_KEYS: JSON.stringify({ current: 'k', keys: { k: btoa('k'.repeat(32)) } }),
    IDENTITY_KEYS: JSON.stringify({ current: 'i', keys: { i: btoa('i'.repeat(32)) } }),
    AUTH_SECRET: 'a'.repeat(32),
    METRICS_TOKEN: 'm'.repeat(16),
  };
  it('say where the portal is, everywhere but on your machine', () => {
    for (const ENVIRONMENT of [undefined, 'staging', 'production'])
      expect(() => readConfig({ ...whole, ENVIRONMENT })).toThrow('PORTAL_ORIGIN is not set');
    expect(readConfig({ ...whole, ENVIRONMENT: 'development' }).PORTAL_ORIGIN).toBeUndefined();
    expect(readConfig({ ...whole, PORTAL_ORIGIN: 'https://portal.example/' }).PORTAL_ORIGIN).toBe(
      'https://portal.example',
    );
  });
  it('say where your machine listens, and nowhere else', () => {
    const LOCAL_ORIGIN = 'http://127.0.0.1:8788/';
    const read = (ENVIRONMENT: string) =>
      readConfig({ ...whole, ENVIRONMENT, LOCAL_ORIGIN, PORTAL_ORIGIN: 'https://portal.example' })
        .LOCAL_ORIGIN;
    expect(['development', 'test', 'staging', 'production'].map(read)).toEqual([
      'http://127.0.0.1:8788',
      'http://127.0.0.1:8788',
      undefined,
      undefined,
    ]);
  });
  it('of money are named where they are wrong, and quote nothing', () => {
    const read = (given: object) => readConfig({ ...whole, ENVIRONMENT: 'test', ...given });
    expect(read({}).OVERDUE_REMINDER_DAYS).toEqual([3, 7, 14]);
    expect(read({ OVERDUE_REMINDER_DAYS: '30,1,30' }).OVERDUE_REMINDER_DAYS).toEqual([1, 30]);
    expect(read({ OVERDUE_REMINDER_DAYS: '' }).OVERDUE_REMINDER_DAYS).toEqual([]);
    expect(() => read({ OVERDUE_REMINDER_DAYS: 'soon' })).toThrow(/^OVERDUE_REMINDER_DAYS is wrong/);
  });
  it('name what is missing together', () => {
    expect(() => readConfig({})).toThrow(/DATABASE_URL is not set.*PORTAL_ORIGIN is not set/);
    expect(() => readConfig({ ...whole, PORTAL_ORIGIN: 'x' })).toThrow(ConfigurationError);
  });
  it('of your machine are refused for any host but loopback', async () => {
    const ask = (url: string, config: Pick<Config, 'ENVIRONMENT'>) =>
      refuseUnconfigured(url, () => ({ config: config as Config }))?.status;
    for (const ENVIRONMENT of ['development', 'test'] as const) {
      for (const host of ['127.0.0.1:8787', 'localhost', '[::1]:8787', 'a.localhost', '127.9.9.9'])
        expect(ask(`http://${host}/outbox`, { ENVIRONMENT }), host).toBeUndefined();
      for (const host of [
        'passerelle.example.workers.dev',
        'localhost.evil.example',
        '192.168.1.2',
        '127.0.0.1.evil',
      ])
        expect(ask(`https://${host}/outbox`, { ENVIRONMENT }), host).toBe(503);
    }
    expect(ask('https://api.example.com/', { ENVIRONMENT: 'production' })).toBeUndefined();
  });
  it('that are deployed without a name are those of production', () => {
    const toml = readFileSync(new URL('../../wrangler.toml', import.meta.url).pathname, 'utf8');
    expect(toml).not.toMatch(/^ENVIRONMENT = "(development|test)"/m);
  });
});
