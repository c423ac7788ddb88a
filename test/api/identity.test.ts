// Sign-in through an OIDC issuer: who is let in, what is linked, and what is refused.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { totp } from '../../src/dev/totp.ts';
import { call, eventually, query, sendJson, stack } from '../support/api.ts';
import { makeOperator } from '../support/operator.ts';
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
async function signInThrough(
  person: Person,
  wish: Wish,
  tamper = (url: URL) => url,
  fields: Record<string, string> = {},
): Promise<string> {
  const wasIn = person.cookies.has('__Host-session');
  const next = { sub: randomUUID(), email: person.email, email_verified: true, name: 'From Molam', ...wish };
  await sendJson('/next', 'POST', next, { origin: stack.identity });
  const begun = await person.post('/sign-in/identity', { back: '/portal/usage', ...fields });
  const issuer = at(String(begun.headers.refresh).replace('0; url=', ''));
  const answered = await call(issuer.pathname + issuer.search, { origin: issuer.origin });
  const callback = tamper(at(location(answered)));
  const back = location(await person.get(callback.pathname + callback.search));
  // What the issuer sends the browser to signs nobody in: a form does.
  expect(person.cookies.has('__Host-session')).toBe(wasIn);
  return back === '/sign-in/identity/confirm' ? location(await person.post(back)) : back;
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
  expect(account).toMatchObject({ email_verified: true, name: 'From Molam', ways: [stack.identity] });
  const again = visitor();
  // The subject counts, not the address.
  expect(await signInThrough(again, { sub, email: 'changed@example.com' })).toBe('/portal/usage');
  expect((await again.get('/portal/settings')).text).toContain(person.email);
});

/** The mails to this address about its account, by subject. */
const told = async (email: string, subject: string) =>
  eventually(
    () => query('SELECT 1 FROM outbox_mail WHERE recipient = $1 AND subject LIKE $2', [email, `${subject}%`]),
    (rows) => rows.length > 0,
  );

it('links an account only when its owner shows the password, and says so by mail', async () => {
  const owner = await signedUp();
  const person = visitor(owner.email);
  const sub = randomUUID();
  expect(await signInThrough(person, { sub })).toBe('/sign-in/identity/link');
  expect((await person.get('/sign-in/identity/link')).text).toContain(owner.email);
  // Not signed in: the button is somebody else's.
  expect(location(await person.post('/sign-in/identity/link'))).toBe('/sign-in/identity/link');
  expect(await accounts(owner.email)).toMatchObject([{ ways: ['credential'] }]);
  const signIn = { email: owner.email, password: PASSWORD, back: '/sign-in/identity/link' };
  expect(location(await person.post('/sign-in', signIn))).toBe('/sign-in/identity/link');
  expect(location(await person.post('/sign-in/identity/link'))).toBe('/portal/usage?done=identity_linked');
  expect(await accounts(owner.email)).toMatchObject([{ ways: ['credential', stack.identity] }]);
  expect(await told(owner.email, 'Your account was linked to')).toHaveLength(1);
  expect(await signInThrough(visitor(), { sub, email: owner.email })).toBe('/portal/usage');
});

it('links another address only to who is signed in and has just proven it, and unlinks', async () => {
  const person = await signedUp();
  const wish = { sub: randomUUID(), email: visitor().email };
  const link = () => signInThrough(person, wish, undefined, { purpose: 'link', back: '/portal/settings' });
  await query(
    `UPDATE dev_session SET proven_at = now() - interval '11 minutes' WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
    [person.email],
  );
  expect(await link()).toBe('/sign-in/identity/link');
  expect(location(await person.post('/sign-in/identity/link'))).toContain('/prove?back=');
  expect((await person.post('/prove', { proof: 'wrong' })).status).toBe(401);
  const back = { proof: PASSWORD, back: '/sign-in/identity/link' };
  expect(location(await person.post('/prove', back))).toBe('/sign-in/identity/link');
  expect(location(await person.post('/sign-in/identity/link'))).toBe('/portal/settings?done=identity_linked');
  // Nobody else can have it.
  const other = await signedUp();
  await signInThrough(other, wish, undefined, { purpose: 'link' });
  expect((await other.post('/sign-in/identity/link')).status).toBe(409);

  const unlink = /identities\/[^/]+\/unlink/.exec((await person.get('/portal/settings')).text)?.[0] ?? '';
  expect(location(await person.post(`/portal/settings/${unlink}`))).toContain('done=identity_unlinked');
  expect(await told(person.email, 'Your account was unlinked from')).toHaveLength(1);
  expect(await accounts(person.email)).toMatchObject([{ ways: ['credential'] }]);
});

it('asks for the second factor that is on, unless the issuer says that there was one', async () => {
  const { email, factor } = await makeOperator();
  const sub = randomUUID();
  await query(
    'INSERT INTO dev_credential (id, account_id, provider_id, subject) SELECT $1, id, $2, $1 FROM dev_accounts WHERE email = $3',
    [sub, stack.identity, email],
  );
  const person = visitor(email);
  expect(await signInThrough(person, { sub })).toBe('/two-factor?back=%2Fportal%2Fusage');
  expect(location(await person.get('/portal'))).toContain('/sign-in');
  const code = await totp(factor, Date.now());
  expect(location(await person.post('/two-factor', { code, back: '/operator' }))).toBe('/operator');
  expect((await person.get('/operator')).status).toBe(200);
  const saying = visitor(email);
  expect(await signInThrough(saying, { sub, wrong: { amr: ['pwd', 'otp'] } })).toBe('/portal/usage');
  expect((await saying.get('/operator')).status).toBe(200);
});

it('the last way in stays', async () => {
  const person = visitor();
  await signInThrough(person, {});
  const [row] = await query(
    'SELECT c.id FROM dev_credential c JOIN dev_accounts a ON a.id = c.account_id WHERE a.email = $1',
    [person.email],
  );
  expect((await person.post(`/portal/settings/identities/${row?.id}/unlink`)).status).toBe(400);
  expect(await accounts(person.email)).toMatchObject([{ ways: [stack.identity] }]);
});

it('another person of the issuer does not get in by an address that came to them', async () => {
  const before = visitor();
  await signInThrough(before, {});
  expect(await signInThrough(visitor(before.email), {})).toBe('/sign-in/identity/link');
  expect(await accounts(before.email)).toMatchObject([{ ways: [stack.identity] }]);
});

it('takes an account from whoever signed up with an address that was never theirs', async () => {
  const squatter = visitor();
  await squatter.post('/sign-up', { name: 'Squatter', email: squatter.email, password: PASSWORD });
  const owner = visitor(squatter.email);
  expect(await signInThrough(owner, {})).toBe('/portal/usage');
  expect(await accounts(squatter.email)).toMatchObject([{ ways: [stack.identity], email_verified: true }]);
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
