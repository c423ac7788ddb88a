// Sign-in through an OIDC issuer: who is let in, what is linked, and what is refused.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { call, query, sendJson, stack } from '../support/api.ts';
import { PASSWORD, type Person, signedUp, visitor } from '../support/portal.ts';

interface Wish {
  sub?: string;
  email?: string;
  email_verified?: boolean;
  wrong?: Record<string, unknown>;
  otherKey?: boolean;
}

const at = (url: string) => new URL(url, stack.url);
const location = (answer: { headers: Record<string, unknown> }) => String(answer.headers.location ?? '');

/** There and back; where the browser ends. */
async function signInThrough(person: Person, wish: Wish, tamper = (url: URL) => url): Promise<string> {
  const next = { sub: randomUUID(), email: person.email, email_verified: true, name: 'From Molam', ...wish };
  await sendJson('/next', 'POST', next, { origin: stack.identity });
  const begun = await person.get('/sign-in/identity?back=%2Fportal%2Fusage');
  const issuer = at(location(begun));
  const answered = await call(issuer.pathname + issuer.search, { origin: issuer.origin });
  const callback = tamper(at(location(answered)));
  return location(await person.get(callback.pathname + callback.search));
}

const accounts = (email: string) =>
  query(
    `SELECT a.id, a.email_verified, a.name, array_agg(c.provider_id ORDER BY c.provider_id) AS ways FROM dev_accounts a
     JOIN dev_credential c ON c.account_id = a.id WHERE a.email = $1 GROUP BY a.id`,
    [email],
  );

it('is offered on the sign-in page', async () => {
  expect((await visitor().get('/sign-in')).text).toContain('Sign in with Molam ID');
});

it('lets a new person in, with an account and a partner, and knows them again', async () => {
  const person = visitor();
  const sub = randomUUID();
  expect(await signInThrough(person, { sub })).toBe('/portal/usage');
  expect((await person.get('/portal')).status).toBe(200);
  const [account] = await accounts(person.email);
  expect(account).toMatchObject({ email_verified: true, name: 'From Molam', ways: ['oidc'] });
  const again = visitor();
  // The subject counts, not the address.
  expect(await signInThrough(again, { sub, email: 'changed@example.com' })).toBe('/portal/usage');
  expect((await again.get('/portal/settings')).text).toContain(person.email);
});

it('links an account whose address is verified on both sides', async () => {
  const person = await signedUp();
  expect(await signInThrough(visitor(person.email), {})).toBe('/portal/usage');
  expect(await accounts(person.email)).toMatchObject([{ ways: ['credential', 'oidc'] }]);
});

it('takes an account from whoever signed up with an address that was never theirs', async () => {
  const squatter = visitor();
  await squatter.post('/sign-up', { name: 'Squatter', email: squatter.email, password: PASSWORD });
  const owner = visitor(squatter.email);
  expect(await signInThrough(owner, {})).toBe('/portal/usage');
  expect(await accounts(squatter.email)).toMatchObject([{ ways: ['oidc'], email_verified: true }]);
  expect((await squatter.post('/sign-in', { email: squatter.email, password: PASSWORD })).status).toBe(401);
});

const refused: [string, Wish, ((url: URL) => URL)?][] = [
  ['an address that is not verified', { email_verified: false }],
  ['an id token for another client', { wrong: { aud: 'someone-else' } }],
  ['an id token of another issuer', { wrong: { iss: 'https://evil.example' } }],
  ['an expired id token', { wrong: { exp: 1, iat: 0 } }],
  ['an id token with another nonce', { wrong: { nonce: 'x' } }],
  ['an id token signed by another key', { otherKey: true }],
  [
    'another state',
    {},
    (url) => {
      url.searchParams.set('state', 'x');
      return url;
    },
  ],
  [
    'a code of nobody',
    {},
    (url) => {
      url.searchParams.set('code', 'x');
      return url;
    },
  ],
];
it.for(refused)('refuses %s', async ([, wish, tamper]) => {
  const person = visitor();
  expect(await signInThrough(person, wish, tamper)).toBe('/sign-in?problem=identity');
  expect(await accounts(person.email)).toEqual([]);
  expect(location(await person.get('/portal'))).toContain('/sign-in');
});

it('refuses a callback that another browser began', async () => {
  const victim = visitor();
  const attacker = visitor();
  let stolen = '';
  await signInThrough(attacker, {}, (url) => {
    stolen = url.pathname + url.search;
    url.searchParams.set('state', 'unused');
    return url;
  });
  expect(location(await victim.get(stolen))).toBe('/sign-in?problem=identity');
});
