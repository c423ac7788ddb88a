// What people do with their own account: join by an invitation, change its address, delete it.

import { describe, expect, it } from 'vitest';
import { eventually, makePartner, query } from '../support/api.ts';
import { mailedPath, memberOf, PASSWORD, signedUp, visitor } from '../support/portal.ts';

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
