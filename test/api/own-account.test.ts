// What people do with their own account: join by an invitation, change its address, delete it.

import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { type Answer, eventually, makePartner, query, stack } from '../support/api.ts';
import { mailedPath, memberOf, PASSWORD, type Person, signedUp, visitor } from '../support/portal.ts';

/** The statuses of what is sent several times, all of which have come as far as the account before one goes on. */
async function atOnce(email: string, send: () => Promise<Answer>): Promise<number[]> {
  const TIMES = 5;
  const holder = new pg.Client({ connectionString: stack.databaseUrl });
  await holder.connect();
  await holder.query('BEGIN');
  await holder.query('SELECT 1 FROM dev_accounts WHERE email = $1 FOR UPDATE', [email]);
  const answers = Promise.all(Array.from({ length: TIMES }, send));
  await eventually(
    () =>
      query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%dev_accounts%'`),
    (waiting) => waiting.length === TIMES,
  );
  await holder.query('COMMIT');
  await holder.end();
  return (await answers).map(({ status }) => status).sort();
}

const location = (answer: { headers: Record<string, unknown> }) => String(answer.headers.location ?? '');

describe('whoever comes by an invitation', () => {
  async function invitation(email: string) {
    const partner = await makePartner();
    const owner = await memberOf(partner.id);
    await owner.post('/portal/members/invite', { email, role: 'developer' });
    return { partner, owner, path: await mailedPath(email, '/invite/') };
  }
  const fields = (email: string, back: string) => ({ name: 'P', email, password: PASSWORD, back });
  const isKnown = async (email: string) =>
    (await query('SELECT 1 FROM dev_accounts WHERE email = $1', [email])).length > 0;

  it('has opened a mail to the address, and is asked to open no other', async () => {
    const person = visitor();
    const { partner, path } = await invitation(person.email);
    await person.get(path);
    expect([...person.cookies.keys()]).not.toContain('__Host-session');
    const answer = await person.post('/sign-up', fields(person.email, path));
    expect([answer.status, location(answer)]).toEqual([303, path]);
    expect(location(await person.post(path))).toBe('/portal?done=joined');
    expect(
      await query('SELECT role FROM partner_member WHERE partner_id = $1 AND email = $2', [
        partner.id,
        person.email,
      ]),
    ).toEqual([{ role: 'developer' }]);
    expect(
      await query(`SELECT 1 FROM outbox_mail WHERE recipient = $1 AND strpos(body, '/verify') > 0`, [
        person.email,
      ]),
    ).toEqual([]);
    expect((await visitor().post('/sign-in', { email: person.email, password: PASSWORD })).status).toBe(303);
  });

  it('confirms any address but the invited one', async () => {
    const invited = visitor();
    const other = visitor();
    const { path } = await invitation(invited.email);
    expect(location(await other.post('/sign-up', fields(other.email, path)))).toContain('/verify?sent=');
    expect(await isKnown(other.email)).toBe(false);
    expect([...other.cookies.keys()]).toEqual(['__Host-signed-up']);
  });

  it('confirms it where the invitation is forged, withdrawn, late or used', async () => {
    const person = visitor();
    const { partner, path } = await invitation(person.email);
    const refused = async (back: string) => {
      const answer = await visitor().post('/sign-up', fields(person.email, back));
      expect(location(answer), back).toContain('/verify?sent=');
      expect(await isKnown(person.email), back).toBe(false);
    };
    await refused(`${path.slice(0, -1)}${path.endsWith('A') ? 'B' : 'A'}`);
    for (const change of [
      'withdrawn_at = now()',
      "expires_at = now() - interval '1 minute', withdrawn_at = NULL",
      "expires_at = now() + interval '1 day', accepted_at = now()",
    ]) {
      await query(`UPDATE partner_invitation SET ${change} WHERE partner_id = $1`, [partner.id]);
      await refused(path);
    }
  });

  it('takes nothing from an account that has the address', async () => {
    const person = await signedUp();
    const { path } = await invitation(person.email);
    const finder = visitor();
    const again = { ...fields(person.email, path), password: 'a password of others' };
    expect(location(await finder.post('/sign-up', again))).toContain('/verify?sent=');
    expect([...finder.cookies.keys()]).toEqual(['__Host-signed-up']);
    expect((await visitor().post('/sign-in', { email: person.email, password: PASSWORD })).status).toBe(303);
    await eventually(
      () =>
        query('SELECT 1 FROM outbox_mail WHERE recipient = $1 AND subject LIKE $2', [
          person.email,
          '%already have%',
        ]),
      (rows) => rows.length > 0,
    );
  });
});

describe('an address is changed', () => {
  const newAddress = () => visitor().email;
  const ask = (person: Person, email: string, proof = PASSWORD) =>
    person.post('/portal/settings/email', { email, proof });
  const addressOf = async (email: string) =>
    (await query<{ email: string }>('SELECT email FROM dev_accounts WHERE email = $1', [email]))[0]?.email;
  async function changed(person: Person): Promise<{ to: string; undo: string }> {
    const to = newAddress();
    await ask(person, to);
    const answer = await person.post(await mailedPath(to, '/email/'));
    expect(location(answer)).toBe('/portal/settings?done=address_changed');
    return { to, undo: await mailedPath(person.email, '/email/undo/') };
  }
  const signIn = (email: string, password = PASSWORD) => visitor().post('/sign-in', { email, password });

  it('by the link that the new address was mailed, and everything goes with it', async () => {
    const person = await signedUp();
    const other = visitor(person.email);
    await other.post('/sign-in', { email: person.email, password: PASSWORD });
    const to = newAddress();
    expect(location(await ask(person, to))).toBe('/portal/settings?done=address_asked');
    expect((await person.get('/portal/settings')).text).toContain(
      `Waiting for the link that was sent to ${to}`,
    );
    const path = await mailedPath(to, '/email/');
    // Nothing is the new address's before, and looking changes nothing.
    expect((await person.get(path)).text).toContain('Use this address');
    expect((await signIn(to)).status).toBe(401);
    expect(await addressOf(to)).toBeUndefined();
    expect((await person.post(path)).status).toBe(303);
    expect((await person.post(path)).status).toBe(404);
    expect((await person.get('/portal')).status).toBe(200);
    expect(location(await other.get('/portal'))).toContain('/sign-in');
    expect([(await signIn(to)).status, (await signIn(person.email)).status]).toEqual([303, 401]);
    const rows = await query(
      `SELECT m.email, p.email AS partner, d.action, d.target->>'subject' = m.subject AS "isTarget", d.details
       FROM partner_member m JOIN partner p ON p.id = m.partner_id
       JOIN dev_portal_audit d ON d.partner_id = p.id AND d.action = 'member.address_changed' WHERE m.email = $1`,
      [to],
    );
    expect(rows).toEqual([
      { email: to, partner: to, action: 'member.address_changed', isTarget: true, details: {} },
    ]);
    const kept = await query('SELECT token_hash, undo_hash FROM dev_address_change WHERE new_email = $1', [
      to,
    ]);
    expect(path).not.toContain(kept[0]?.token_hash);
  });

  it('not by a session that was left open, nor by who guesses', async () => {
    const person = await signedUp();
    const to = newAddress();
    const wrong = await ask(person, to, 'not the password');
    expect([wrong.status, wrong.text.includes('id="email-proof-error"')]).toEqual([400, true]);
    expect(wrong.text).toContain(`value="${to}"`);
    expect((await person.post('/portal/settings/email', { email: to })).status).toBe(400);
    expect(await query('SELECT 1 FROM dev_address_change WHERE new_email = $1', [to])).toEqual([]);
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) statuses.push((await ask(person, to, `wrong ${i}`)).status);
    expect(await query('SELECT 1 FROM outbox_mail WHERE recipient = $1', [to])).toEqual([]);
    // The guard's count, after which even the right one is not judged.
    await ask(person, to);
    expect(await query('SELECT 1 FROM dev_address_change WHERE new_email = $1', [to])).toEqual([]);
  });

  it('not by a link that is forged, old, cancelled, of a reset since, or of another account', async () => {
    const [person, stranger] = [await signedUp(), await signedUp()];
    const to = newAddress();
    const askedPath = async () => {
      await query('DELETE FROM outbox_mail WHERE recipient = $1', [to]);
      await query(`DELETE FROM allowance WHERE what LIKE 'mail%'`);
      await ask(person, to);
      return mailedPath(to, '/email/');
    };
    const refused = async (path: string) => {
      expect((await person.post(path)).status, path).toBe(404);
      expect(await addressOf(to)).toBeUndefined();
    };
    const first = await askedPath();
    expect((await stranger.get(first)).text).toContain('The link is for another account');
    expect((await stranger.post(first)).status).toBe(404);
    expect(location(await visitor().post(first))).toContain('/sign-in?back=');
    await refused('/email/AAAA');
    // A later one ends it.
    const second = await askedPath();
    await refused(first);
    expect(location(await person.post('/portal/settings/email/cancel'))).toContain('done=address_kept');
    await refused(second);
    const third = await askedPath();
    await query(
      `UPDATE dev_address_change SET expires_at = now() - interval '1 second' WHERE new_email = $1`,
      [to],
    );
    await refused(third);
    const fourth = await askedPath();
    await visitor().post('/reset', { email: person.email });
    await visitor().post(await mailedPath(person.email, '/reset/'), { password: 'another long password' });
    const again = visitor(person.email);
    await again.post('/sign-in', { email: person.email, password: 'another long password' });
    expect((await again.post(fourth)).status).toBe(404);
    expect(await addressOf(to)).toBeUndefined();
  });

  it('not to one that has an account, which nobody is told of but its owner', async () => {
    const [person, owner] = [await signedUp(), await signedUp()];
    const [taken, free] = [await ask(person, owner.email), await ask(person, newAddress())];
    expect([taken.status, location(taken)]).toEqual([free.status, location(free)]);
    expect(await mailedPath(owner.email, 'signed up with your address')).toBe('/sign-in');
    // Also where it got one since.
    const to = newAddress();
    await ask(person, to);
    const path = await mailedPath(to, '/email/');
    await signedUp(to);
    expect((await person.post(path)).status).toBe(404);
    expect((await person.get('/portal')).status).toBe(200);
    expect(await addressOf(person.email)).toBe(person.email);
  });

  it('and undone from the old one, whatever was done since', async () => {
    const person = await signedUp();
    const { to, undo } = await changed(person);
    // Whoever took it goes on: another address, a new password, an identity.
    const thief = visitor(to);
    await thief.post('/sign-in', { email: to, password: PASSWORD });
    await query(
      `INSERT INTO dev_credential (id, account_id, provider_id, subject)
       SELECT 'thief-' || id, id, 'https://issuer.example', 'thief-' || id FROM dev_accounts WHERE email = $1`,
      [to],
    );
    const further = newAddress();
    await ask(thief, further);
    expect((await thief.post(await mailedPath(further, '/email/'))).status).toBe(303);
    const second = await mailedPath(to, '/email/undo/');

    const finder = visitor();
    expect((await finder.get(undo)).text).toContain(person.email);
    expect(await addressOf(person.email)).toBeUndefined();
    const choose = location(await finder.post(undo)).split('?')[0] ?? '';
    expect([...finder.cookies.keys()]).not.toContain('__Host-session');
    expect(await addressOf(person.email)).toBe(person.email);
    expect((await finder.post(undo)).status).toBe(404);
    expect((await finder.post(second)).status).toBe(404);
    expect(location(await thief.get('/portal'))).toContain('/sign-in');
    expect((await signIn(person.email)).status).toBe(401);
    expect(
      await query(
        `SELECT 1 FROM dev_credential c JOIN dev_accounts a ON a.id = c.account_id WHERE a.email = $1`,
        [person.email],
      ),
    ).toEqual([]);
    await finder.post(choose, { password: 'another long password' });
    const back = await signIn(person.email, 'another long password');
    expect([back.status, location(back)]).toEqual([303, '/portal']);
    expect(
      await query('SELECT email FROM partner WHERE email = ANY ($1)', [[person.email, to, further]]),
    ).toEqual([{ email: person.email }]);
  });

  it('and undone with a new password at once, however many mails others had sent', async () => {
    const person = await signedUp();
    const { undo } = await changed(person);
    const strangers = Array.from({ length: 3 }, () => visitor());
    for (const stranger of [...strangers, ...strangers, ...strangers])
      await stranger.post('/sign-up', { name: 'S', email: person.email, password: PASSWORD });
    // All that it may be sent within the hour.
    await eventually(
      () =>
        query(`SELECT 1 FROM outbox_mail WHERE recipient = $1 AND strpos(body, '/verify?') > 0`, [
          person.email,
        ]),
      (rows) => rows.length === 6,
    );
    const finder = visitor();
    const undone = await finder.post(undo);
    expect([undone.status, location(undone)]).toEqual([303, expect.stringMatching(/^\/reset\/[\w-]{43}\?/)]);
    const page = await finder.get(location(undone));
    expect(page.text).toContain('Your account is yours again.');
    const choose = /<form[^>]* action="([^"]+)"/.exec(page.text)?.[1] ?? '';
    expect((await finder.post(choose, { password: 'short' })).status).toBe(400);
    expect((await finder.post(choose, { password: 'another long password' })).status).toBe(200);
    expect((await signIn(person.email, 'another long password')).status).toBe(303);
    expect((await finder.post(choose, { password: 'a third long password' })).status).toBe(400);
    const kept = await query(`SELECT identifier FROM dev_verification`);
    expect(JSON.stringify(kept)).not.toContain(choose.split('/')[2]);
  });

  it('and undone once, also by a link that is sent several times at once', async () => {
    const person = await signedUp();
    const { to, undo } = await changed(person);
    expect(await atOnce(to, () => visitor().post(undo))).toEqual([303, 404, 404, 404, 404]);
    const audited = `SELECT 1 FROM dev_portal_audit d JOIN partner p ON p.id = d.partner_id
      WHERE p.email = $1 AND action = $2`;
    expect(await query(audited, [person.email, 'member.address_restored'])).toHaveLength(1);
  });

  it('and confirmed once, also by a link that is sent several times at once', async () => {
    const person = await signedUp();
    const to = newAddress();
    await ask(person, to);
    const path = await mailedPath(to, '/email/');
    expect(await atOnce(person.email, () => person.post(path))).toEqual([303, 404, 404, 404, 404]);
    const audited = `SELECT 1 FROM dev_portal_audit d JOIN partner p ON p.id = d.partner_id
      WHERE p.email = $1 AND action = $2`;
    expect(await query(audited, [to, 'member.address_changed'])).toHaveLength(1);
    expect((await visitor().post(await mailedPath(person.email, '/email/undo/'))).status).toBe(303);
  });

  it('and not undone after 72 hours', async () => {
    const { to, undo } = await changed(await signedUp());
    await query(
      `UPDATE dev_address_change SET confirmed_at = now() - interval '72 hours 1 second' WHERE new_email = $1`,
      [to],
    );
    expect([(await visitor().get(undo)).status, (await visitor().post(undo)).status]).toEqual([404, 404]);
    expect(await addressOf(to)).toBe(to);
  });
});

describe('an account is deleted', () => {
  const remove = (person: Person, proof = PASSWORD) => person.post('/portal/settings/delete', { proof });
  const idOf = async ({ email }: Person) =>
    (await query<{ id: string }>('SELECT id FROM dev_accounts WHERE email = $1', [email]))[0]?.id ?? '';
  /** Of a partner that has another owner, and of no other. */
  async function leaver() {
    const partner = await makePartner();
    const stays = await memberOf(partner.id);
    const person = await memberOf(partner.id);
    await query('DELETE FROM partner_member WHERE email = $1 AND partner_id <> $2', [
      person.email,
      partner.id,
    ]);
    return { partner, stays, person, id: await idOf(person) };
  }

  it('with its sessions, memberships, invitations and address; the audit stays, and names nobody', async () => {
    const { partner, stays, person, id } = await leaver();
    await person.post('/portal/members/invite', { email: 'someone@example.com', role: 'viewer' });
    // Their own partner, which signing up made, has the address.
    await query(`UPDATE partner SET email = id || '@example.com' WHERE email = $1`, [person.email]);
    await query('UPDATE partner SET email = $2, billing_email = $2 WHERE id = $1', [
      partner.id,
      person.email,
    ]);
    await query('INSERT INTO dev_credential (id, account_id, provider_id, subject) VALUES ($1, $2, $3, $1)', [
      `i-${id}`,
      id,
      'https://issuer.example',
    ]);
    await query(
      `INSERT INTO partner_member (partner_id, subject, email, role) VALUES ($1, $2, $3, 'viewer')`,
      [partner.id, `https://issuer.example|i-${id}`, person.email],
    );
    const other = visitor(person.email);
    await other.post('/sign-in', { email: person.email, password: PASSWORD });
    await query('DELETE FROM outbox_mail WHERE recipient = $1', [person.email]);
    const answer = await remove(person);
    expect([answer.status, answer.text.includes('Your account is deleted')]).toEqual([200, true]);
    expect([...person.cookies.keys()]).not.toContain('__Host-session');
    expect(location(await other.get('/portal'))).toContain('/sign-in');
    expect((await visitor().post('/sign-in', { email: person.email, password: PASSWORD })).status).toBe(401);
    const [mail] = await eventually(
      () =>
        query<{ subject: string }>('SELECT subject FROM outbox_mail WHERE recipient = $1', [person.email]),
      (rows) => rows.length > 0,
    );
    expect(mail?.subject).toContain('was deleted');
    await query('DELETE FROM outbox_mail WHERE recipient = $1', [person.email]);
    // Nowhere in the database: but for usage, which has no addresses of people.
    const columns = await query<{ table: string; column: string }>(
      `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns
       WHERE table_schema = 'public' AND data_type IN ('text', 'character varying', 'jsonb') AND table_name NOT LIKE 'api_usage%'`,
    );
    const found = await query<{ at: string }>(
      columns
        .map(
          ({ table, column }) =>
            `SELECT '${table}.${column}' AS at WHERE EXISTS (SELECT 1 FROM "${table}" WHERE strpos("${column}"::text, $1) > 0)`,
        )
        .join(' UNION ALL '),
      [person.email],
    );
    expect(found).toEqual([]);
    expect(
      await query(
        `SELECT action, target FROM dev_portal_audit WHERE partner_id = $1 AND actor = $2 ORDER BY id DESC LIMIT 1`,
        [partner.id, `developer:${id}`],
      ),
    ).toEqual([{ action: 'account.deleted', target: { subject: id } }]);
    expect((await stays.get('/portal/audit')).text).toContain('deleted their account');
    expect(
      await query('SELECT 1 FROM partner_invitation WHERE partner_id = $1 AND withdrawn_at IS NULL', [
        partner.id,
      ]),
    ).toEqual([]);
  });

  it('not by a session that was left open', async () => {
    const { person } = await leaver();
    const wrong = await remove(person, 'not the password');
    expect([wrong.status, wrong.text.includes('id="delete-proof-error"')]).toEqual([400, true]);
    expect((await person.post('/portal/settings/delete')).status).toBe(400);
    expect(await idOf(person)).not.toBe('');
  });

  it('not while a partner would be without an owner, also of two who leave at once', async () => {
    const { partner, stays, person } = await leaver();
    const alone = await signedUp();
    const refused = await remove(alone);
    expect([refused.status, refused.text.includes('You are the only owner of Person')]).toEqual([400, true]);
    expect((await alone.get('/portal')).status).toBe(200);
    await query('DELETE FROM partner_member WHERE email = $1 AND partner_id <> $2', [
      stays.email,
      partner.id,
    ]);
    const both = await Promise.all([remove(stays), remove(person)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(await query(`SELECT role FROM partner_member WHERE partner_id = $1`, [partner.id])).toEqual([
      { role: 'owner' },
    ]);
  });

  it('not of an operator, whom SQL made', async () => {
    const operator = await signedUp();
    await query('UPDATE dev_accounts SET is_operator = true WHERE email = $1', [operator.email]);
    expect((await remove(operator)).status).toBe(403);
    expect(await idOf(operator)).not.toBe('');
  });
});
