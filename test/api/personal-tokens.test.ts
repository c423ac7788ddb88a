// Personal tokens: a member's access for programs, by what both the token and the role allow.

import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { makePartner, query, sendJson, type TestPartner } from '../support/api.ts';
import { mailedPath, memberOf, PASSWORD, type Person, visitor } from '../support/portal.ts';

const location = (answer: { headers: Record<string, unknown> }) => String(answer.headers.location ?? '');

let partner: TestPartner;
let owner: Person;
let developer: Person;
beforeAll(async () => {
  partner = await makePartner();
  [owner, developer] = [await memberOf(partner.id), await memberOf(partner.id, 'developer')];
});

const make = (person: Person, fields: Record<string, string> = {}) =>
  person.post('/portal/settings/tokens', {
    form: randomUUID(),
    name: 'CI',
    permissions: 'develop',
    days: '30',
    proof: PASSWORD,
    ...fields,
  });
const shownIn = (text: string): string => /<code>(pt_[\w.-]+)/.exec(text)?.[1] ?? '';
const tokenOf = async (person: Person, fields: Record<string, string> = {}) =>
  shownIn((await make(person, fields)).text);
async function ask(token: string, method = 'GET', path = '/api/dev/apps', body?: object) {
  const { status, json } = await sendJson(path, method, body, {
    headers: { authorization: `Bearer ${token}` },
  });
  return [status, json.error];
}
const app = () => ({ name: `App ${randomUUID()}` });

describe('a personal token', () => {
  it('is shown once, kept as a hash, told by mail and audited', async () => {
    const form = randomUUID();
    const made = await make(owner, { form, name: 'Nightly' });
    const token = shownIn(made.text);
    expect([made.status, token.startsWith('pt_')]).toEqual([200, true]);
    expect((await make(owner, { form, name: 'Nightly' })).text).toContain('already submitted');
    const page = (await owner.get('/portal/settings')).text;
    expect([page.includes('Nightly'), page.includes(token)]).toEqual([true, false]);
    const [kept] = await query('SELECT * FROM dev_token WHERE id = $1', [form]);
    expect(JSON.stringify(kept)).not.toContain(token.slice(9));
    expect(await mailedPath(owner.email, 'The API token Nightly was created')).toBe('/reset');
    const rows = await query(
      `SELECT action, target->>'token' AS name FROM dev_portal_audit WHERE partner_id = $1 AND target->>'token_id' = $2`,
      [partner.id, form],
    );
    expect(rows).toEqual([{ action: 'token.created', name: 'Nightly' }]);
    expect(
      JSON.stringify(await query('SELECT * FROM dev_portal_audit WHERE partner_id = $1', [partner.id])),
    ).not.toContain(token.slice(9));
  });

  it('is not made by a session that was left open, nor with more than the role', async () => {
    const wrong = await make(owner, { proof: 'not the password' });
    expect([wrong.status, wrong.text.includes('id="token-proof-error"')]).toEqual([400, true]);
    const more = await make(developer, { permissions: 'develop\nown' });
    expect([more.status, more.text.includes('id="token-permissions-error"')]).toEqual([400, true]);
    expect(
      await query(`SELECT 1 FROM dev_token t JOIN dev_accounts a ON a.id = t.subject WHERE a.email = $1`, [
        developer.email,
      ]),
    ).toEqual([]);
  });

  it('does what both it and the role allow, now', async () => {
    const reads = await tokenOf(owner, { permissions: '' });
    expect(await ask(reads)).toEqual([200, undefined]);
    expect(await ask(reads, 'POST', '/api/dev/apps', app())).toEqual([403, 'forbidden']);
    expect(await ask(reads, 'DELETE', '/api/dev/members/me')).toEqual([403, 'forbidden']);
    expect(await ask(reads, 'PATCH', '/api/dev/members/me/mails', { usage: false })).toEqual([
      403,
      'forbidden',
    ]);
    expect(await ask(reads, 'GET', '/api/dev/plans/business/review')).toEqual([403, 'forbidden']);
    const lacking = await sendJson('/api/dev/apps', 'POST', app(), {
      headers: { authorization: `Bearer ${reads}` },
    });
    expect([lacking.json.required_scope, lacking.headers['www-authenticate']]).toEqual([
      'develop',
      'Bearer realm="passerelle", error="insufficient_scope", scope="develop"',
    ]);
    const develops = await tokenOf(developer);
    expect(await ask(develops, 'POST', '/api/dev/apps', app())).toEqual([201, undefined]);
    const invitation = { email: `${randomUUID()}@example.com`, role: 'viewer' };
    expect(await ask(await tokenOf(owner), 'POST', '/api/dev/members/invitations', invitation)).toEqual([
      403,
      'forbidden',
    ]);
    expect(
      await ask(
        await tokenOf(owner, { permissions: 'own' }),
        'POST',
        '/api/dev/members/invitations',
        invitation,
      ),
    ).toEqual([201, undefined]);
    await query(`UPDATE partner_member SET role = 'viewer' WHERE partner_id = $1 AND email = $2`, [
      partner.id,
      developer.email,
    ]);
    expect(await ask(develops)).toEqual([200, undefined]);
    expect(await ask(develops, 'POST', '/api/dev/apps', app())).toEqual([403, 'forbidden']);
    await query(`UPDATE partner_member SET role = 'developer' WHERE partner_id = $1 AND email = $2`, [
      partner.id,
      developer.email,
    ]);
  });

  it('is for its partner, whichever was chosen last', async () => {
    const token = await tokenOf(developer);
    const other = await makePartner();
    await query(
      `INSERT INTO partner_member (partner_id, subject, email, role, chosen_at)
       SELECT $1, id, email, 'owner', now() + interval '1 hour' FROM dev_accounts WHERE email = $2`,
      [other.id, developer.email],
    );
    const wanted = app();
    await ask(token, 'POST', '/api/dev/apps', wanted);
    expect(await query('SELECT partner_id FROM dev_apps WHERE name = $1', [wanted.name])).toEqual([
      { partner_id: partner.id },
    ]);
    await query('DELETE FROM partner_member WHERE partner_id = $1', [other.id]);
  });

  it('is refused when it is forged, ended, revoked, or its member is gone', async () => {
    const token = await tokenOf(developer);
    expect(await ask(token)).toEqual([200, undefined]);
    const [used] = await query('SELECT last_used_at IS NOT NULL AS is FROM dev_token WHERE prefix = $1', [
      token.slice(0, 9),
    ]);
    expect(used?.is).toBe(true);
    const [body = '', signature = ''] = token.split('.');
    for (const forged of [
      `${body}.${signature.slice(1)}`,
      body,
      `${body.slice(0, -1)}.${signature}`,
      'pt_x.y',
      `${token}x`,
    ])
      expect(await ask(forged), forged).toEqual([401, 'invalid_token']);
    const idOf = async (of: string) =>
      (await query<{ id: string }>('SELECT id FROM dev_token WHERE prefix = $1', [of.slice(0, 9)]))[0]?.id;
    // Others do not revoke it.
    expect((await owner.post(`/portal/settings/tokens/${await idOf(token)}/revoke`)).status).toBe(404);
    const revoked = await developer.post(`/portal/settings/tokens/${await idOf(token)}/revoke`);
    expect(location(revoked)).toBe('/portal/settings?done=token_revoked');
    expect(await ask(token)).toEqual([401, 'invalid_token']);
    const late = await tokenOf(developer);
    await query(`UPDATE dev_token SET expires_at = now() - interval '1 second' WHERE id = $1`, [
      await idOf(late),
    ]);
    expect(await ask(late)).toEqual([401, 'invalid_token']);
    const last = await tokenOf(developer);
    await query('UPDATE partner SET requires_factor = true WHERE id = $1', [partner.id]);
    expect(await ask(last)).toEqual([403, 'forbidden']);
    await query('UPDATE partner SET requires_factor = false WHERE id = $1', [partner.id]);
    const [member] = await query<{ subject: string }>(
      'DELETE FROM partner_member WHERE partner_id = $1 AND email = $2 RETURNING subject',
      [partner.id, developer.email],
    );
    expect(await ask(last)).toEqual([401, 'invalid_token']);
    expect(await query('SELECT 1 FROM dev_token WHERE subject = $1', [member?.subject])).toEqual([]);
  });

  it('ends with every new password, and with its account taken back; each end is audited', async () => {
    const next = 'another long password';
    const ways: Record<string, (person: Person) => Promise<unknown>> = {
      'a reset': async ({ email }) => {
        await visitor().post('/reset', { email });
        return visitor().post(await mailedPath(email, '/reset/'), { password: next });
      },
      'a change': async (person) => {
        await person.post('/portal/settings/password', { password: PASSWORD, next });
        expect((await person.get('/portal')).status).toBe(200);
      },
      'an undone change of address': async (person) => {
        const to = visitor().email;
        await person.post('/portal/settings/email', { email: to, proof: PASSWORD });
        await person.post(await mailedPath(to, '/email/'));
        return visitor().post(await mailedPath(person.email, '/email/undo/'));
      },
    };
    const others = await tokenOf(owner);
    for (const [way, end] of Object.entries(ways)) {
      const person = await memberOf(partner.id, 'developer');
      const [id] = await query<{ id: string }>('SELECT id FROM dev_accounts WHERE email = $1', [
        person.email,
      ]);
      const tokens = [await tokenOf(person, { name: way }), await tokenOf(person, { name: way })];
      for (const token of tokens) expect(await ask(token), way).toEqual([200, undefined]);
      await end(person);
      for (const token of tokens) expect(await ask(token), way).toEqual([401, 'invalid_token']);
      const audited = `SELECT target->>'token_id' AS id, actor, ip IS NOT NULL AND request_id IS NOT NULL AS "isTraced"
        FROM dev_portal_audit WHERE partner_id = $1 AND target->>'token' = $2 AND action = $3 ORDER BY 1`;
      const made = await query(audited, [partner.id, way, 'token.created']);
      expect([made.length, made[0]]).toMatchObject([2, { actor: `developer:${id?.id}`, isTraced: true }]);
      expect(await query(audited, [partner.id, way, 'token.revoked']), way).toEqual(made);
    }
    expect(await ask(others)).toEqual([200, undefined]);
  });
});
