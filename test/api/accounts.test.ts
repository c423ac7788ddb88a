// Accounts: what people rely on, and what an attacker tries.

import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { call, eventually, makePartner, query, stack } from '../support/api.ts';
import { mailedPath, memberOf, PASSWORD, signedUp, visitor } from '../support/portal.ts';

const location = (answer: { headers: Record<string, unknown> }) => String(answer.headers.location ?? '');

/** RFC 6238: six digits, 30 seconds, SHA-1. */
function totp(secret: string, nowMs = Date.now()): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const letter of secret.replace(/=+$/, ''))
    bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  const key = Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(nowMs / 30_000)));
  const hash = createHmac('sha1', key).update(counter).digest();
  const offset = (hash[hash.length - 1] ?? 0) & 15;
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

describe('sign-up and sign-in', () => {
  it('verifies the address before it lets anybody in', async () => {
    const person = visitor();
    const signUp = await person.post('/sign-up', { name: 'P', email: person.email, password: PASSWORD });
    expect([signUp.status, location(signUp)]).toEqual([303, expect.stringContaining('/verify?sent=')]);
    expect(person.cookies.size).toBe(0);
    const early = await person.post('/sign-in', { email: person.email, password: PASSWORD });
    expect(location(early)).toContain('/verify');
    expect(location(await person.get('/portal'))).toBe('/sign-in?back=%2Fportal');
    const verified = await person.get(await mailedPath(person.email, '/verify'));
    expect([verified.status, location(verified)]).toEqual([303, '/portal']);
    expect((await person.get('/portal')).status).toBe(200);
  });

  it('sets a __Host- cookie that scripts and other sites do not get', async () => {
    const person = await signedUp();
    const again = visitor(person.email);
    const answer = await again.post('/sign-in', { email: person.email, password: PASSWORD });
    const cookie = answer.headers['set-cookie']?.find((line) => line.startsWith('__Host-session='));
    expect(cookie).toMatch(/HttpOnly/i);
    expect(cookie).toMatch(/Secure/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    expect(cookie).toMatch(/Path=\/(;|$)/i);
    expect(cookie).not.toMatch(/Domain=/i);
  });

  it('says the same of an address with and without an account', async () => {
    const known = await signedUp();
    const unknown = visitor();
    const bodies = async (path: string, fields: (email: string) => Record<string, string>) =>
      Promise.all(
        [known.email, unknown.email].map(async (email) => {
          const { status, text, headers } = await visitor().post(path, fields(email));
          const normal = (value: string) =>
            value.replaceAll(email, 'X').replaceAll(encodeURIComponent(email), 'X');
          return [
            status,
            normal(String(headers.location ?? '')),
            normal(text)
              .replace(/nonce="[^"]+"/g, '')
              .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, ''),
          ];
        }),
      );
    for (const [path, fields] of [
      ['/sign-in', (email: string) => ({ email, password: 'wrong password' })],
      ['/sign-up', (email: string) => ({ name: 'P', email, password: PASSWORD })],
      ['/reset', (email: string) => ({ email })],
      ['/verify', (email: string) => ({ email })],
    ] as const) {
      const [a, b] = await bodies(path, fields);
      expect(a, path).toEqual(b);
    }
    // The owner of the address is told.
    expect(await mailedPath(known.email, 'signed up with your address')).toBe('/sign-in');
  });

  it('a reset works once, ends all sessions, and takes the new password', async () => {
    const person = await signedUp();
    await visitor().post('/reset', { email: person.email });
    const path = await mailedPath(person.email, '/reset/');
    const done = await visitor().post(path, { password: 'another long password' });
    expect(done.status).toBe(200);
    expect(location(await person.get('/portal'))).toContain('/sign-in');
    expect((await visitor().post(path, { password: 'a third long password' })).status).toBe(400);
    const fresh = visitor(person.email);
    expect((await fresh.post('/sign-in', { email: person.email, password: PASSWORD })).status).toBe(401);
    expect(
      location(await fresh.post('/sign-in', { email: person.email, password: 'another long password' })),
    ).toBe('/portal');
  });

  it('counts tries before it hashes: soon they are refused, from where they come and nowhere else', async () => {
    const person = await signedUp();
    const guesser = visitor();
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++)
      statuses.push((await guesser.post('/sign-in', { email: person.email, password: `wrong ${i}` })).status);
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    const right = { email: person.email, password: PASSWORD };
    expect((await guesser.post('/sign-in', right)).status).toBe(429);
    expect((await visitor().post('/sign-in', right)).status).toBe(303);
  });

  it.each([
    ['no name', { name: '', email: 'a@example.com', password: PASSWORD }, 'f-name-error'],
    ['no address', { name: 'P', email: 'nonsense', password: PASSWORD }, 'f-email-error'],
    ['a short password', { name: 'P', email: 'a@example.com', password: 'short' }, 'f-password-error'],
    [
      'a huge password',
      { name: 'P', email: 'a@example.com', password: 'x'.repeat(5000) },
      'f-password-error',
    ],
  ])('%s: a clear error, 400, and what was typed stays', async (_, fields, error) => {
    const { status, text } = await visitor().post('/sign-up', fields);
    expect(status).toBe(400);
    expect(text).toContain(error);
    expect(text).not.toContain(PASSWORD);
  });
});

describe('two-factor', () => {
  it('is turned on by a code, asked for at sign-in, and recovery codes work once', async () => {
    const person = await signedUp();
    expect((await person.post('/portal/settings/two-factor', { password: 'wrong' })).status).toBe(400);
    const setUp = (await person.post('/portal/settings/two-factor', { password: PASSWORD })).text;
    const secret = /data-label="Secret"><code>([A-Z2-7]+)/.exec(setUp)?.[1] ?? '';
    const codes = (/data-label="Recovery codes"><code>([^<]+)/.exec(setUp)?.[1] ?? '').split('\n');
    expect([secret.length > 16, codes.length > 5]).toEqual([true, true]);
    expect((await person.post('/portal/settings/two-factor/confirm', { code: '000000' })).status).toBe(400);
    const on = await person.post('/portal/settings/two-factor/confirm', { code: totp(secret) });
    expect(location(on)).toContain('done=factor_on');

    const again = visitor(person.email);
    const first = await again.post('/sign-in', { email: person.email, password: PASSWORD });
    expect(location(first)).toContain('/two-factor');
    expect(location(await again.get('/portal'))).toContain('/sign-in');
    expect((await again.post('/two-factor', { code: '000000' })).status).toBe(401);
    expect(location(await again.post('/two-factor', { code: totp(secret) }))).toBe('/portal');
    expect((await again.get('/portal')).status).toBe(200);

    const lost = visitor(person.email);
    await lost.post('/sign-in', { email: person.email, password: PASSWORD });
    expect(location(await lost.post('/two-factor', { code: codes[0] ?? '' }))).toBe('/portal');
    const reused = visitor(person.email);
    await reused.post('/sign-in', { email: person.email, password: PASSWORD });
    expect((await reused.post('/two-factor', { code: codes[0] ?? '' })).status).toBe(401);
    const [row] = await query(
      'SELECT secret, backup_codes FROM dev_two_factor f JOIN dev_accounts a ON a.id = f.account_id WHERE a.email = $1',
      [person.email],
    );
    expect(JSON.stringify(row)).not.toContain(secret);
    expect(JSON.stringify(row)).not.toContain(codes[1]);
  });
});

describe('sessions', () => {
  it('are seen, and ended one by one or all others', async () => {
    const person = await signedUp();
    const other = visitor(person.email);
    await other.post('/sign-in', { email: person.email, password: PASSWORD });
    const settings = await person.get('/portal/settings');
    const id = /sessions\/([^/]+)\/end"/.exec(settings.text)?.[1] ?? '';
    expect((await person.post(`/portal/settings/sessions/${id}/end`)).status).toBe(303);
    expect(location(await other.get('/portal'))).toContain('/sign-in');
    expect((await person.get('/portal')).status).toBe(200);
    // Someone else's session is not found.
    const stranger = await signedUp();
    const [mine] = await query(
      'SELECT s.id FROM dev_session s JOIN dev_accounts a ON a.id = s.account_id WHERE a.email = $1',
      [person.email],
    );
    expect((await stranger.post(`/portal/settings/sessions/${mine?.id}/end`)).status).toBe(404);
    expect((await person.get('/portal')).status).toBe(200);
  });

  it('signing out ends the session for good', async () => {
    const person = await signedUp();
    const cookie = person.cookies.get('__Host-session') ?? '';
    await person.post('/sign-out');
    const { status } = await call('/portal', { headers: { cookie: `__Host-session=${cookie}` } });
    expect(status).toBe(303);
  });

  it('a cookie with a forged signature is nobody', async () => {
    const person = await signedUp();
    const [token = ''] = decodeURIComponent(person.cookies.get('__Host-session') ?? '').split('.');
    const forged = encodeURIComponent(`${token}.${Buffer.from(randomBytes(32)).toString('base64')}`);
    expect((await call('/portal', { headers: { cookie: `__Host-session=${forged}` } })).status).toBe(303);
  });
});

describe('other sites', () => {
  const senders: [string, Record<string, string>][] = [
    ['another origin', { origin: 'https://evil.example' }],
    ['an opaque origin', { origin: 'null' }],
    ['a cross-site fetch without origin', { 'sec-fetch-site': 'cross-site' }],
    ['a sibling site', { 'sec-fetch-site': 'same-site' }],
  ];
  it.for(senders)('%s cannot send our forms', async ([, headers]) => {
    const person = await signedUp();
    const { status } = await call('/portal/apps', {
      method: 'POST',
      body: 'name=Evil',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        cookie: [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...headers,
      },
    });
    expect(status).toBe(403);
    expect(await query(`SELECT 1 FROM dev_apps WHERE name = 'Evil'`)).toEqual([]);
  });

  it("the portal's API takes the session, and not from another site", async () => {
    const person = await signedUp();
    await person.get('/portal');
    const cookie = [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const send = (headers: Record<string, string>) =>
      call('/api/dev/apps', {
        method: 'POST',
        body: JSON.stringify({ name: 'By API' }),
        headers: { 'content-type': 'application/json', cookie, ...headers },
      });
    expect((await send({ origin: stack.url })).status).toBe(201);
    expect((await send({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await call('/api/dev/apps', { headers: { cookie: '__Host-session=x.y' } })).status).toBe(401);
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
  ])('a link back to %s leads home instead', async (back) => {
    const person = await signedUp();
    const fresh = visitor(person.email);
    const answer = await fresh.post('/sign-in', { email: person.email, password: PASSWORD, back });
    expect(location(answer)).toBe('/portal');
    expect(location(await fresh.post('/preferences', { language: 'fr', back }))).toBe('/');
  });

  it('pages cannot be framed, and run no script but ours', async () => {
    const { headers, text } = await visitor().get('/sign-in');
    const policy = String(headers['content-security-policy']);
    const nonce = /nonce="([^"]+)"/.exec(text)?.[1];
    expect(policy).toContain(`'nonce-${nonce}'`);
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(policy).not.toContain('unsafe-eval');
    expect(text).not.toMatch(/<script(?![^>]*nonce)/);
    expect(text).not.toMatch(/\son\w+="/);
    expect(text).not.toMatch(/\sstyle="/);
  });
});

describe('roles', () => {
  it.each([
    ['viewer', '/portal/apps', { name: 'No' }],
    ['billing', '/portal/apps', { name: 'No' }],
    ['developer', '/portal/members/invite', { email: 'x@example.com', role: 'owner' }],
    ['viewer', '/portal/settings/partner', { name: 'No' }],
  ])('a %s may not post %s', async (role, path, fields) => {
    const partner = await makePartner();
    const person = await memberOf(partner.id, role);
    const { status, text, headers } = await person.post(path, fields);
    expect(status).toBe(403);
    expect(text).toContain(String(headers['x-request-id']));
  });

  it('a partner keeps an owner: the last one cannot leave or step down, also not two at once', async () => {
    const partner = await makePartner();
    const [a, b] = await Promise.all([memberOf(partner.id), memberOf(partner.id)]);
    const subjects = await query<{ subject: string; email: string }>(
      'SELECT subject, email FROM partner_member WHERE partner_id = $1',
      [partner.id],
    );
    const subjectOf = (person: { email: string }) =>
      subjects.find(({ email }) => email === person.email)?.subject ?? '';
    const both = await Promise.all(
      [a, b].map((person) => person.post('/portal/members/remove', { subject: subjectOf(person) })),
    );
    expect(both.map(({ status }) => status).sort()).toEqual([303, 409]);
    const owners = await query(`SELECT 1 FROM partner_member WHERE partner_id = $1 AND role = 'owner'`, [
      partner.id,
    ]);
    expect(owners).toHaveLength(1);
  });

  it('only operators open the console, and a form cannot make one', async () => {
    const person = await signedUp();
    expect((await person.get('/operator')).status).toBe(403);
    expect((await visitor().get('/operator')).headers.location).toContain('/sign-in');
    const sneaky = visitor();
    await sneaky.post('/sign-up', {
      name: 'P',
      email: sneaky.email,
      password: PASSWORD,
      isOperator: 'true',
      is_operator: 'true',
    });
    const [row] = await eventually(
      () => query('SELECT is_operator FROM dev_accounts WHERE email = $1', [sneaky.email]),
      (rows) => rows.length > 0,
    );
    expect(row?.is_operator).toBe(false);
  });
});

describe('invitations', () => {
  it('are for one address, once, for a time', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const invited = await signedUp();
    const stranger = await signedUp();
    await owner.post('/portal/members/invite', { email: invited.email, role: 'developer' });
    const path = await mailedPath(invited.email, '/invite/');
    expect((await stranger.post(path)).status).toBe(404);
    expect((await invited.post(path)).status).toBe(303);
    expect((await invited.post(path)).status).toBe(404);
    expect((await invited.get(path)).status).toBe(404);
    const members = await query('SELECT role FROM partner_member WHERE partner_id = $1 AND email = $2', [
      partner.id,
      invited.email,
    ]);
    expect(members).toEqual([{ role: 'developer' }]);
    const [stored] = await query('SELECT token_hash FROM partner_invitation WHERE partner_id = $1', [
      partner.id,
    ]);
    expect(path).not.toContain(stored?.token_hash);
  });

  it('end when withdrawn or late', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const late = await signedUp();
    await owner.post('/portal/members/invite', { email: late.email, role: 'developer' });
    const path = await mailedPath(late.email, '/invite/');
    await query(`UPDATE partner_invitation SET expires_at = now() - interval '1 second' WHERE email = $1`, [
      late.email,
    ]);
    expect((await late.post(path)).status).toBe(404);
  });
});
