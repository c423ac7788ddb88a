// Accounts: what people rely on, and what an attacker tries.

import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { STEP_MS, totp } from '../../src/dev/totp.ts';
import { operatorConsole } from '../../src/operator/console/pages.ts';
import {
  call,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
} from '../support/api.ts';
import { shownIn } from '../support/factor.ts';
import { makeOperator } from '../support/operator.ts';
import {
  confirmAddress,
  mailedPath,
  memberOf,
  operatorSignedIn,
  PASSWORD,
  signedUp,
  visitor,
} from '../support/portal.ts';
import { CHANGING, filled, routesOf } from '../support/routes.ts';

const location = (answer: { headers: Record<string, unknown> }) => String(answer.headers.location ?? '');

/** The code of a step from now. The next one is good as well, also when the half minute ends meanwhile; each works once. */
const codeOf = (secret: string | Uint8Array<ArrayBuffer>, steps = 0) =>
  totp(secret, Date.now() + steps * STEP_MS);

describe('sign-up and sign-in', () => {
  it('verifies the address before it lets anybody in', async () => {
    const person = visitor();
    const signUp = await person.post('/sign-up', { name: 'P', email: person.email, password: PASSWORD });
    expect([signUp.status, location(signUp)]).toEqual([303, expect.stringContaining('/verify?sent=')]);
    expect([...person.cookies.keys()]).toEqual(['__Host-signed-up']);
    const early = await person.post('/sign-in', { email: person.email, password: PASSWORD });
    expect(early.status).toBe(401);
    expect(location(await person.get('/portal'))).toBe('/sign-in?back=%2Fportal');
    const verified = await confirmAddress(person);
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
    const setUp = await person.post('/portal/settings/two-factor', { password: PASSWORD });
    const { secret, text, codes } = shownIn(setUp.text);
    expect([secret.length > 16, codes.length > 5]).toEqual([true, true]);
    expect((await person.post('/portal/settings/two-factor/confirm', { code: '000000' })).status).toBe(400);
    const on = await person.post('/portal/settings/two-factor/confirm', { code: await codeOf(secret) });
    expect(location(on)).toContain('done=factor_on');

    const again = visitor(person.email);
    const first = await again.post('/sign-in', { email: person.email, password: PASSWORD });
    expect(location(first)).toContain('/two-factor');
    expect(location(await again.get('/portal'))).toContain('/sign-in');
    expect((await again.post('/two-factor', { code: '000000' })).status).toBe(401);
    expect(location(await again.post('/two-factor', { code: await codeOf(secret, 1) }))).toBe('/portal');
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
    expect(JSON.stringify(row)).not.toContain(text);
    expect(JSON.stringify(row)).not.toContain(codes[1]);
  });
});

describe('what scanners and other sites open', () => {
  it('a link of a mail confirms nothing and signs nobody in; in another browser a password is chosen', async () => {
    const person = visitor();
    await person.post('/sign-up', { name: 'P', email: person.email, password: PASSWORD });
    const path = await mailedPath(person.email, '/verify');
    const scanner = visitor(person.email);
    const page = await scanner.get(path);
    expect([page.status, scanner.cookies.size]).toEqual([200, 0]);
    expect(page.text).toContain('Is this your address?');
    const accounts = () => query('SELECT name FROM dev_accounts WHERE email = $1', [person.email]);
    expect((await confirmAddress(scanner)).status).toBe(403);
    const weak = await confirmAddress(scanner, { name: 'P', password: 'password12' });
    expect([weak.status, weak.text]).toEqual([400, expect.stringContaining('This is a common password')]);
    expect(await accounts()).toEqual([]);
    const chosen = { name: 'Elsewhere', password: 'another long password' };
    expect(location(await confirmAddress(scanner, chosen))).toBe('/portal');
    expect(await accounts()).toEqual([{ name: 'Elsewhere' }]);
    // Used once, it is over for everybody, the browser that asked included.
    expect((await confirmAddress(person)).text).toContain('This link does not work');
    expect(person.cookies.has('__Host-session')).toBe(false);
  });

  it('a link to confirm an address of theirs does not swap who is signed in', async () => {
    const victim = await signedUp();
    const session = victim.cookies.get('__Host-session');
    const attacker = visitor();
    await attacker.post('/sign-up', { name: 'A', email: attacker.email, password: PASSWORD });
    const path = await mailedPath(attacker.email, '/verify');
    await victim.get(path);
    const token = new URLSearchParams(path.split('?')[1]).get('token') ?? '';
    expect((await victim.post('/verify/confirm', { token })).status).toBe(403);
    const forged = await victim.post(
      '/verify/confirm',
      { token, password: PASSWORD },
      { origin: 'https://evil.example' },
    );
    expect(forged.status).toBe(403);
    expect(victim.cookies.get('__Host-session')).toBe(session);
  });

  it('whoever signs up with an address of others takes nothing from them, before or after they did', async () => {
    const squatted = 'squatter has a password';
    const [before, after] = [visitor(), visitor()];
    const owner = visitor(before.email);
    const { email } = owner;
    const squat = (squatter: typeof before) =>
      squatter.post('/sign-up', { name: 'S', email, password: squatted });
    await squat(before);
    const first = await mailedPath(email, '/verify');
    await owner.post('/sign-up', { name: 'O', email, password: PASSWORD });
    const owners = await eventually(
      () => mailedPath(email, '/verify'),
      (path) => path !== first,
    );
    await squat(after);
    await eventually(
      () => mailedPath(email, '/verify'),
      (path) => path !== owners,
    );
    const press = (person: typeof owner, path: string) =>
      person.post('/verify/confirm', { token: new URLSearchParams(path.split('?')[1]).get('token') ?? '' });
    // The owner's link is not the squatter's to press, and is still the owner's.
    expect((await press(before, owners)).status).toBe(403);
    expect((await press(after, owners)).status).toBe(403);
    expect(location(await press(owner, owners))).toBe('/portal');
    expect((await before.get(first)).text).toContain('This link does not work');
    expect((await before.post('/sign-in', { email, password: squatted })).status).toBe(401);
    expect((await visitor().post('/sign-in', { email, password: PASSWORD })).status).toBe(303);
  });

  it('the owner of an address gets in by a link that a squatter asked for, and the squatter does not', async () => {
    const squatter = visitor();
    const owner = visitor(squatter.email);
    const { email } = owner;
    await squatter.post('/sign-up', { name: 'S', email, password: 'squatter has a password' });
    expect(location(await confirmAddress(owner, { name: 'O', password: PASSWORD }))).toBe('/portal');
    expect((await squatter.post('/sign-in', { email, password: 'squatter has a password' })).status).toBe(
      401,
    );
    expect((await visitor().post('/sign-in', { email, password: PASSWORD })).status).toBe(303);
  });

  it('the link is sent again to the browser that signed up, and to no other', async () => {
    const person = visitor();
    await person.post('/sign-up', { name: 'P', email: person.email, password: PASSWORD });
    await mailedPath(person.email, '/verify');
    await visitor().post('/verify', { email: person.email });
    await person.post('/verify', { email: person.email });
    // Links of one second are the same: mails are counted.
    const mails = () => query('SELECT 1 FROM outbox_mail WHERE recipient = $1', [person.email]);
    await eventually(mails, (rows) => rows.length >= 2);
    expect(await mails()).toHaveLength(2);
    expect(location(await confirmAddress(person))).toBe('/portal');
  });

  it('a GET of the portal or of its API makes nobody a partner', async () => {
    const person = await signedUp();
    await query('DELETE FROM partner_member WHERE email = $1', [person.email]);
    await query('DELETE FROM partner WHERE email = $1', [person.email]);
    expect(location(await person.get('/portal'))).toBe('/welcome');
    expect((await person.get('/api/dev/apps')).status).toBe(403);
    expect(await query('SELECT 1 FROM partner WHERE email = $1', [person.email])).toEqual([]);
    expect(location(await person.post('/welcome'))).toBe('/portal');
    expect((await person.get('/portal')).status).toBe(200);
  });
});

describe('passwords', () => {
  it.each([
    ['password12', 'This is a common password'],
    ['1234567890', 'This is a common password'],
    ['aaaaaaaaaa', 'Repeated characters'],
    ['passerelle', 'based on your name'],
    ['Pa55erelle1', 'based on your name'],
    ['Ndiaye-2026', 'based on your name'],
  ])('%s is refused at sign-up, at a reset and in the settings', async (weak, why) => {
    const newcomer = visitor();
    const signUp = { name: 'Awa Ndiaye', email: newcomer.email, password: weak };
    const { status, text } = await newcomer.post('/sign-up', signUp);
    expect([status, text.includes(why)]).toEqual([400, true]);
  });

  it('common ones are refused at a reset and in the settings, too', async () => {
    const person = await signedUp();
    await visitor().post('/reset', { email: person.email });
    const path = await mailedPath(person.email, '/reset/');
    expect((await visitor().post(path, { password: 'password123' })).text).toContain(
      'This is a common password',
    );
    const own = `${person.email.split('@')[0]}1`;
    expect((await visitor().post(path, { password: own })).text).toContain('based on your name');
    const change = { password: PASSWORD, next: 'qwertyuiop' };
    expect((await person.post('/portal/settings/password', change)).text).toContain(
      'This is a common password',
    );
  });

  it('a reset ends every older link, tells by mail, and keeps no link in clear', async () => {
    const person = await signedUp();
    await visitor().post('/reset', { email: person.email });
    const older = await mailedPath(person.email, '/reset/');
    await visitor().post('/reset', { email: person.email });
    const newer = await eventually(
      () => mailedPath(person.email, '/reset/'),
      (path) => path !== older,
    );
    const stored = await query('SELECT identifier || value AS text FROM dev_verification');
    for (const path of [older, newer])
      expect(JSON.stringify(stored)).not.toContain(path.slice('/reset/'.length));
    expect((await visitor().post(newer, { password: 'another long password' })).status).toBe(200);
    expect((await visitor().post(older, { password: 'a third long password' })).status).toBe(400);
    expect(await mailedPath(person.email, 'changed with a link')).toBe('/reset');
  });

  it('changing it ends links that are under way, and tells by mail', async () => {
    const person = await signedUp();
    await visitor().post('/reset', { email: person.email });
    const path = await mailedPath(person.email, '/reset/');
    await person.post('/portal/settings/password', { password: PASSWORD, next: 'another long password' });
    expect((await visitor().post(path, { password: 'a third long password' })).status).toBe(400);
    expect(await mailedPath(person.email, 'Your password was changed.')).toBe('/reset');
  });
});

describe('operators', () => {
  it('need a second factor, which the console asks them to set up', async () => {
    const person = await signedUp();
    await query('UPDATE dev_accounts SET is_operator = true WHERE email = $1', [person.email]);
    expect(location(await person.get('/operator'))).toBe('/second-factor?back=%2Foperator');
    expect((await person.post('/second-factor', { proof: 'wrong' })).status).toBe(401);
    const { secret } = shownIn((await person.post('/second-factor', { proof: PASSWORD })).text);
    const code = await codeOf(secret);
    const on = await person.post('/second-factor/confirm', { code, back: '/operator' });
    expect(location(on)).toBe('/operator');
    expect((await person.get('/operator')).status).toBe(200);
    expect(await mailedPath(person.email, 'turned on')).toBe('/reset');
  });

  it('are signed out twelve hours after they signed in, however often they come', async () => {
    const operator = await operatorSignedIn();
    const age = (hours: number) =>
      query(
        `UPDATE dev_session SET created_at = now() - make_interval(hours => $2) WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
        [operator.email, hours],
      );
    await age(11);
    expect((await operator.get('/operator')).status).toBe(200);
    await age(13);
    expect(location(await operator.get('/operator'))).toContain('/sign-in');
    await age(0);
    expect(location(await operator.get('/operator'))).toContain('/sign-in');
  });

  it.each(['suspend', '%73uspend'])('prove again who they are before they %s', async (action) => {
    const made = await makeOperator();
    const operator = await operatorSignedIn(made);
    const partner = await makePartner();
    const path = `/operator/partners/${partner.id}`;
    await query(
      `UPDATE dev_session SET factor_at = now() - interval '11 minutes' WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
      [operator.email],
    );
    const asked = await operator.post(`${path}/${action}`, { reason: 'unpaid' });
    const prove = `/prove?back=${encodeURIComponent(path)}`;
    expect(location(asked)).toBe(prove);
    const statusOf = async () =>
      (await query('SELECT status FROM partner WHERE id = $1', [partner.id]))[0]?.status;
    expect(await statusOf()).toBe('active');
    // A password is not a factor, and the code that signed in is used up.
    expect((await operator.post('/prove', { proof: made.password })).status).toBe(401);
    const code = await codeOf(made.factor, 1);
    expect(location(await operator.post('/prove', { proof: code, back: path }))).toBe(path);
    await operator.post(`${path}/suspend`, { reason: 'unpaid' });
    expect(await statusOf()).toBe('suspended');
  });

  it('prove again who they are before every change, but those that stop harm or can do none', async () => {
    const operator = await operatorSignedIn();
    await query(
      `UPDATE dev_session SET factor_at = now() - interval '11 minutes' WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
      [operator.email],
    );
    const free: string[] = [];
    for (const route of CHANGING.page.filter((each) => each.includes(' /operator'))) {
      const { path } = filled(route, '019f0000-0000-7000-8000-000000000000');
      const to = location(await operator.post(path, {}));
      if (!to.startsWith('/prove?back=')) free.push(route);
      else if (path === `${path.split('/').slice(0, 3).join('/')}`)
        expect(to).toContain(encodeURIComponent(path));
    }
    expect(free.sort()).toEqual([
      'POST /operator/alerts/:rule',
      'POST /operator/blocks',
      'POST /operator/dead-letters/:id/replay',
      'POST /operator/keys/:key/revoke',
    ]);
  });

  it('come back to the page that their form was on, whatever they have to show first', async () => {
    const id = '019f0000-0000-7000-8000-000000000000';
    const pages = routesOf(operatorConsole)
      .map((route) => filled(route, id))
      .filter(({ method }) => method === 'GET')
      .map(({ path }) => path);
    const operator = await operatorSignedIn();
    await query(
      'UPDATE dev_session SET factor_at = NULL WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)',
      [operator.email],
    );
    for (const [person, first] of [
      [operator, '/prove'],
      [visitor(), '/sign-in'],
    ] as const)
      for (const route of CHANGING.page.filter((each) => each.includes(' /operator'))) {
        const to = new URL(location(await person.post(filled(route, id).path)), stack.url);
        expect([route, to.pathname]).toEqual([route, first]);
        expect(pages, route).toContain(to.searchParams.get('back'));
      }
  });

  it('look after their own account: new recovery codes ask for the factor, sessions end, a password changes', async () => {
    const made = await makeOperator();
    const [operator, elsewhere] = [await operatorSignedIn(made), visitor(made.email)];
    await elsewhere.post('/sign-in', { email: made.email, password: made.password });
    await elsewhere.post('/two-factor', { code: await codeOf(made.factor, 1) });
    expect((await operator.get('/operator')).text).toContain('href="/portal/settings"');
    expect((await operator.get('/portal/settings')).status).toBe(200);
    expect(location(await operator.get('/portal/apps'))).toBe('/operator');
    expect((await operator.post('/portal/settings/partner', { name: 'x' })).status).toBe(403);
    await operator.post('/portal/settings/sessions/end-others');
    expect(location(await elsewhere.get('/operator'))).toContain('/sign-in');
    const codes = { password: made.password };
    const newCodes = () => operator.post('/portal/settings/two-factor/codes', codes);
    await query(
      `UPDATE dev_session SET factor_at = now() - interval '11 minutes' WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
      [made.email],
    );
    expect(location(await newCodes())).toBe('/prove?back=%2Fportal%2Fsettings');
    await query(
      `UPDATE dev_session SET factor_at = now() WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
      [made.email],
    );
    expect(shownIn((await newCodes()).text).codes.length).toBeGreaterThan(5);
    const changed = { password: made.password, next: 'another long password' };
    expect(location(await operator.post('/portal/settings/password', changed))).toContain('password_changed');
  });

  it('an open session is no place to guess codes: ten wrong ones lock the factor', async () => {
    const made = await makeOperator();
    const operator = await operatorSignedIn(made);
    await operator.get('/operator');
    for (let i = 0; i < 10; i++)
      expect((await operator.post('/prove', { proof: `00000${i}` })).status).toBe(401);
    expect((await operator.post('/prove', { proof: await codeOf(made.factor, 1) })).status).toBe(401);
  });

  it('wrong codes from elsewhere lock neither a known browser nor a recovery code', async () => {
    const person = await signedUp();
    await person.get('/portal');
    const { secret, codes } = shownIn(
      (await person.post('/portal/settings/two-factor', { password: PASSWORD })).text,
    );
    await person.post('/portal/settings/two-factor/confirm', { code: await codeOf(secret, -1) });
    const signingIn = async (browser = visitor(person.email)) => {
      await browser.post('/sign-in', { email: person.email, password: PASSWORD });
      return browser;
    };
    for (let i = 0; i < 13; i++) {
      const thief = await signingIn();
      expect((await thief.post('/two-factor', { code: `00000${i % 10}` })).status).toBe(401);
    }
    const elsewhere = await signingIn();
    expect((await elsewhere.post('/two-factor', { code: await codeOf(secret) })).status).toBe(401);
    expect(location(await elsewhere.post('/two-factor', { code: codes[0] ?? '' }))).toBe('/portal');
    await person.post('/sign-out');
    await signingIn(person);
    expect(location(await person.post('/two-factor', { code: await codeOf(secret, 1) }))).toBe('/portal');
  });

  it('a code works once, also for two who send it at once', async () => {
    const made = await makeOperator();
    const signingIn = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const person = visitor(made.email);
        await person.post('/sign-in', { email: made.email, password: made.password });
        return person;
      }),
    );
    const code = await codeOf(made.factor);
    const answers = await Promise.all(signingIn.map((person) => person.post('/two-factor', { code })));
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 401, 401, 401]);
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

  it('a form that is sent without one leads to a page after signing in', async () => {
    const answer = await visitor().post('/portal/billing/overage', { overage_action: 'block' });
    expect(location(answer)).toBe('/sign-in?back=%2Fportal');
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
    '/.//evil.example',
    '/portal/%2e%2e//evil.example',
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

  it.each([
    ['en', 'Your role does not allow this', 'Ask us for this plan'],
    ['fr', 'Votre rôle ne le permet pas', 'Demandez-nous ce forfait'],
  ])('%s: an error page says why', async (language, role, plan) => {
    const partner = await makePartner();
    const said = async (as: string, path: string, fields: Record<string, string>) =>
      (await (await memberOf(partner.id, as)).post(path, fields, { 'accept-language': language })).text;
    expect(await said('viewer', '/portal/apps', { name: 'No' })).toContain(role);
    expect(await said('owner', '/portal/billing/plan', { tier: 'nobody-has-it' })).toContain(plan);
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
    await confirmAddress(sneaky, { isOperator: 'true', is_operator: 'true' });
    const [row] = await query('SELECT is_operator FROM dev_accounts WHERE email = $1', [sneaky.email]);
    expect(row?.is_operator).toBe(false);
  });
});

describe('a suspended partner', () => {
  it('is read, downloaded and paid; nothing new is made in it, and what must end ends', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    await owner.get('/portal');
    const [key, gone] = [await makeKey(partner.id), await makePartner()];
    await owner.post('/portal/members/invite', { email: gone.email, role: 'viewer' });
    const [invitation] = await query('SELECT id FROM partner_invitation WHERE partner_id = $1', [partner.id]);
    await query(`UPDATE partner SET status = 'suspended' WHERE id = $1`, [partner.id]);
    const token = { headers: { authorization: `Bearer ${await developerToken(partner)}` } };
    for (const path of [
      '/portal',
      '/portal/billing',
      '/portal/usage.csv',
      '/portal/audit.csv',
      '/portal/settings',
    ])
      expect([path, (await owner.get(path)).status]).toEqual([path, 200]);
    expect((await call('/api/dev/apps', token)).status).toBe(200);
    const person = `new-${partner.email}`;
    for (const [path, fields] of [
      ['/portal/apps', { name: 'New' }],
      ['/portal/playground/key', {}],
      ['/portal/members/invite', { email: person, role: 'viewer' }],
      ['/portal/billing/plan', { tier: 'starter' }],
      ['/portal/billing/overage', { overage_action: 'block', cap: '' }],
      ['/portal/webhooks', { url: 'https://hook.example.com' }],
      ['/portal/settings/tokens', { form: randomUUID(), name: 'New', days: '7', proof: PASSWORD }],
    ] as const)
      expect([path, await owner.post(path, fields)]).toMatchObject([
        path,
        { status: 403, text: expect.stringContaining('The account is suspended.') },
      ]);
    expect((await owner.get('/portal/settings')).text).not.toContain('id="token"');
    for (const [path, method, body] of [
      ['/api/dev/apps', 'POST', { name: 'New' }],
      ['/api/dev/members/invitations', 'POST', { email: person, role: 'viewer' }],
      ['/api/dev/billing', 'PATCH', { tier: 'starter' }],
      ['/api/dev/billing', 'PATCH', { overage_action: 'block', billing_email: 'bills@example.com' }],
      ['/api/dev/billing', 'PATCH', { spending_cap_minor: null }],
    ] as const) {
      const { status, json } = await sendJson(path, method, body, token);
      expect([path, status, json.error]).toEqual([path, 403, 'partner_suspended']);
    }
    const details = { billing_email: 'bills@example.com' };
    expect((await sendJson('/api/dev/billing', 'PATCH', details, token)).status).toBe(200);
    expect((await owner.post('/portal/billing', details)).status).toBe(303);
    expect(
      (await sendJson(`/api/dev/keys/${key.id}/revoke`, 'POST', { reason: 'leaked' }, token)).status,
    ).toBe(200);
    expect((await owner.post(`/portal/members/invitations/${invitation?.id}/withdraw`)).status).toBe(303);
  });

  it('gains no member; the invitation holds until it is reinstated', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const invited = await signedUp();
    await owner.post('/portal/members/invite', { email: invited.email, role: 'viewer' });
    const path = await mailedPath(invited.email, '/invite/');
    const [invitation] = await query('SELECT id FROM partner_invitation WHERE partner_id = $1', [partner.id]);
    const become = (status: string) =>
      query('UPDATE partner SET status = $1 WHERE id = $2', [status, partner.id]);
    await become('suspended');
    for (const answer of [
      await invited.post(path),
      await invited.post('/welcome', { invitation: String(invitation?.id) }),
    ])
      expect([answer.status, answer.text]).toEqual([
        403,
        expect.stringContaining('The account is suspended.'),
      ]);
    await become('active');
    expect((await invited.post(path)).status).toBe(303);
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

  it('are accepted by their token only: the page of who is invited sends the link again', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const invited = await signedUp();
    await owner.post('/portal/members/invite', { email: invited.email, role: 'owner' });
    const first = await mailedPath(invited.email, '/invite/');
    const id = /name="invitation" value="([^"]+)"/.exec((await invited.get('/welcome')).text)?.[1] ?? '';
    expect(location(await invited.post('/welcome', { invitation: id }))).toBe('/welcome?sent');
    const isMember = async () =>
      (
        await query('SELECT 1 FROM partner_member WHERE partner_id = $1 AND email = $2', [
          partner.id,
          invited.email,
        ])
      ).length > 0;
    expect(await isMember()).toBe(false);
    const again = await eventually(
      () => mailedPath(invited.email, '/invite/'),
      (path) => path !== first,
    );
    expect((await invited.post(first)).status).toBe(404);
    expect((await invited.post(again)).status).toBe(303);
    expect(await isMember()).toBe(true);
    // The first owner hears of every other one.
    const mails = await eventually(
      () =>
        query<{ body: string }>('SELECT body FROM outbox_mail WHERE recipient = $1 AND subject LIKE $2', [
          owner.email,
          '%another owner',
        ]),
      (rows) => rows.length > 0,
    );
    expect(mails[0]?.body).toContain(invited.email);
    // Nobody else's invitation is sent anywhere.
    const stranger = await signedUp();
    expect((await stranger.post('/welcome', { invitation: id })).status).toBe(404);
  });

  it('go to the address that an operator made a partner for, and make it the owner', async () => {
    const person = await signedUp();
    await query('DELETE FROM partner WHERE email = $1', [person.email]);
    const operator = { headers: { authorization: `Bearer ${stack.demo.operator.token}` } };
    const body = { name: 'Made', email: person.email.toUpperCase() };
    const { status, json } = await sendJson('/api/admin/partners', 'POST', body, operator);
    expect([status, json.email]).toEqual([201, person.email]);
    expect(location(await person.get('/portal'))).toBe('/welcome');
    expect((await person.post(await mailedPath(person.email, '/invite/'))).status).toBe(303);
    expect((await person.get('/portal')).text).toContain('Made');
  });

  it('are not needed by whoever has verified the address of a partner without members', async () => {
    const person = await signedUp();
    await query('DELETE FROM partner_member WHERE email = $1', [person.email]);
    expect(location(await person.post('/welcome'))).toBe('/portal');
    expect((await person.get('/portal')).status).toBe(200);
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
    // What is late keeps nobody from being invited again.
    expect((await owner.post('/portal/members/invite', { email: late.email, role: 'viewer' })).status).toBe(
      303,
    );
    const again = await eventually(
      () => mailedPath(late.email, '/invite/'),
      (newer) => newer !== path,
    );
    expect((await late.post(again)).status).toBe(303);
  });

  const subjectOf = async (email: string) =>
    String((await query('SELECT id FROM dev_accounts WHERE email = $1', [email]))[0]?.id);

  it('are one for an address, also when sent at once: none lets a removed member back in', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const invited = await signedUp();
    const invite = () => owner.post('/portal/members/invite', { email: invited.email, role: 'developer' });
    const holder = new pg.Client({ connectionString: stack.databaseUrl });
    await holder.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT 1 FROM partner WHERE id = $1 FOR UPDATE', [partner.id]);
    const answers = Promise.all([invite(), invite(), invite()]);
    // Each has begun before one of them is done.
    await eventually(
      () => query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`),
      (rows) => rows.length >= 3,
    );
    await holder.query('COMMIT');
    await holder.end();
    expect((await answers).map(({ status }) => status)).toEqual([303, 303, 303]);
    const mails = await eventually(
      () =>
        query<{ body: string }>(
          `SELECT body FROM outbox_mail WHERE recipient = $1 AND strpos(body, '/invite/') > 0`,
          [invited.email],
        ),
      (rows) => rows.length === 3,
    );
    const paths = mails.map(({ body }) => /\/invite\/[\w-]+/.exec(body)?.[0] ?? '');
    const accepted = [];
    for (const path of paths) accepted.push((await invited.post(path)).status);
    expect(accepted.sort()).toEqual([303, 404, 404]);
    await owner.post('/portal/members/remove', { subject: await subjectOf(invited.email) });
    for (const path of paths) expect((await invited.post(path)).status).toBe(404);
  });

  it('of a member end with the membership', async () => {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    const invited = await signedUp();
    await owner.post('/portal/members/invite', { email: invited.email, role: 'developer' });
    const path = await mailedPath(invited.email, '/invite/');
    await query(
      `INSERT INTO partner_member (partner_id, subject, email, role) SELECT $1, id, email, 'viewer' FROM dev_accounts WHERE email = $2`,
      [partner.id, invited.email],
    );
    await owner.post('/portal/members/remove', { subject: await subjectOf(invited.email) });
    expect((await invited.post(path)).status).toBe(404);
  });

  it.each(['steps down', 'leaves'])("end with the inviter's ownership, who %s", async (how) => {
    const partner = await makePartner();
    const [owner, other] = [await memberOf(partner.id), await memberOf(partner.id)];
    const invited = await signedUp();
    await other.post('/portal/members/invite', { email: invited.email, role: 'developer' });
    const path = await mailedPath(invited.email, '/invite/');
    expect((await invited.get(path)).status).toBe(200);
    const [account] = await query('SELECT id FROM dev_accounts WHERE email = $1', [other.email]);
    const subject = String(account?.id);
    if (how === 'leaves') await other.post('/portal/members/remove', { subject });
    else await owner.post('/portal/members/role', { subject, role: 'viewer' });
    expect((await invited.post(path)).status).toBe(404);
  });
});
