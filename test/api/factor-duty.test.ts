// A partner that asks a second factor of all its members: whoever has none sets it up, and can do nothing else.

import { beforeAll, describe, expect, it } from 'vitest';
import { subjectOf } from '../../src/accounts/subject.ts';
import { ISSUER } from '../../src/dev/issuer.ts';
import {
  control,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  type TestPartner,
} from '../support/api.ts';
import { withFactor } from '../support/factor.ts';
import { mailedPath, memberOf, PASSWORD, type Person, visitor } from '../support/portal.ts';

const location = (answer: { headers: Record<string, unknown> }) => String(answer.headers.location ?? '');
const ask = (person: Person, required: boolean) =>
  person.post('/portal/settings/partner-factor', { required: String(required) });

let partner: TestPartner;
let owner: Person;
let member: Person;
let codeOf: (steps?: number) => Promise<string>;
beforeAll(async () => {
  partner = await makePartner();
  [owner, member] = [await memberOf(partner.id), await memberOf(partner.id, 'developer')];
});
const isAsked = async () =>
  (await query<{ on: boolean }>('SELECT requires_factor AS on FROM partner WHERE id = $1', [partner.id]))[0]
    ?.on;

describe('a second factor of all members', () => {
  it('is asked for by an owner who has shown one', async () => {
    const refused = await ask(owner, true);
    expect([refused.status, refused.text.includes('for yourself first')]).toEqual([400, true]);
    codeOf = await withFactor(owner);
    expect((await ask(member, true)).status).toBe(403);
    expect(await isAsked()).toBe(false);
    expect((await owner.get('/portal/settings')).text).toContain('1 member has none yet');
    expect(location(await ask(owner, true))).toBe('/portal/settings?done=factor_duty_on');
    expect(await isAsked()).toBe(true);
    // Again, it changes nothing and tells nobody.
    await ask(owner, true);
    const rows = await query(
      `SELECT details FROM dev_portal_audit WHERE partner_id = $1 AND action = 'partner.factor_changed'`,
      [partner.id],
    );
    expect(rows).toEqual([{ details: { required: true } }]);
    expect(await mailedPath(member.email, 'two-factor authentication')).toBe('/portal');
    const mails = await query('SELECT 1 FROM outbox_mail WHERE subject LIKE $1 AND recipient = ANY ($2)', [
      '%asks for two-factor%',
      [owner.email, member.email],
    ]);
    expect(mails).toHaveLength(1);
  });

  it('leads whoever has none to where it is set up, whatever they ask for', async () => {
    for (const path of ['/portal', '/portal/keys', '/portal/settings'])
      expect(location(await member.get(path)), path).toBe(`/second-factor?back=${encodeURIComponent(path)}`);
    for (const path of ['/portal/apps', '/portal/settings/account', '/portal/settings/password'])
      expect(location(await member.post(path, { name: 'App' })), path).toBe('/second-factor?back=%2Fportal');
    expect(await query('SELECT 1 FROM dev_apps WHERE partner_id = $1', [partner.id])).toEqual([]);
    expect((await owner.get('/portal')).status).toBe(200);
    const late = await memberOf(partner.id, 'viewer');
    expect(location(await late.get('/portal'))).toContain('/second-factor');
  });

  it('is asked of programs as well: of a session by what was shown in it, of a token by what its member has', async () => {
    const cookie = (person: Person) =>
      [...person.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const asked = async (headers: Record<string, string>) => {
      const { status, json } = await sendJson('/api/dev/apps', 'GET', undefined, { headers });
      return [status, json.message?.includes('two-factor') ?? false];
    };
    expect(await asked({ cookie: cookie(member) })).toEqual([403, true]);
    expect(await asked({ cookie: cookie(owner) })).toEqual([200, false]);
    const sub = `duty-${partner.id}`;
    const tokenOf = (claims: object) =>
      control<string>('token', { sub, email: `${sub}@example.com`, wrong: claims });
    await query('INSERT INTO partner_member (partner_id, subject, email) VALUES ($1, $2, $3)', [
      partner.id,
      subjectOf(ISSUER, sub),
      `${sub}@example.com`,
    ]);
    const bearer = async (claims: object) => ({ authorization: `Bearer ${await tokenOf(claims)}` });
    expect(await asked(await bearer({ amr: ['pwd'] }))).toEqual([403, true]);
    expect(await asked(await bearer({ amr: ['pwd', 'otp'] }))).toEqual([200, false]);
    // Keys are no members.
    const key = await makeKey(partner.id);
    expect(
      (
        await sendJson('/dashboard/me', 'GET', undefined, {
          headers: { authorization: `Bearer ${key.secret}` },
        })
      ).status,
    ).toBe(200);
  });

  it('lets in whoever sets it up; a session that has not shown it is asked', async () => {
    const elsewhere = visitor(member.email);
    await elsewhere.post('/sign-in', { email: member.email, password: PASSWORD });
    await query('UPDATE partner SET requires_factor = false WHERE id = $1', [partner.id]);
    const memberCode = await withFactor(member);
    await query('UPDATE partner SET requires_factor = true WHERE id = $1', [partner.id]);
    expect((await member.get('/portal')).status).toBe(200);
    expect(location(await elsewhere.get('/portal'))).toBe('/prove?back=%2Fportal');
    expect(location(await elsewhere.post('/prove', { proof: await memberCode(1), back: '/portal' }))).toBe(
      '/portal',
    );
    expect((await elsewhere.get('/portal')).status).toBe(200);
    // Whoever turns theirs off is out at once, in every session.
    expect(location(await member.post('/portal/settings/two-factor/off', { password: PASSWORD }))).toContain(
      'factor_off',
    );
    expect(location(await member.get('/portal'))).toContain('/second-factor');
    expect(location(await elsewhere.get('/portal'))).toContain('/second-factor');
  });

  it('is not given up by a session that was left open', async () => {
    await query(
      `UPDATE dev_session SET factor_at = now() - interval '1 hour' WHERE account_id = (SELECT id FROM dev_accounts WHERE email = $1)`,
      [owner.email],
    );
    expect(location(await ask(owner, false))).toBe('/prove?back=%2Fportal%2Fsettings');
    expect(await isAsked()).toBe(true);
    await eventually(
      async () => owner.post('/prove', { proof: await codeOf(1), back: '/portal/settings' }),
      ({ status }) => status === 303,
    );
    expect(location(await ask(owner, false))).toBe('/portal/settings?done=factor_duty_off');
    expect(await isAsked()).toBe(false);
  });
});
