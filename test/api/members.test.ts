// What a member may do about being one, by the developer API as by the page.

import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { call, developerToken, makePartner, query, sendJson } from '../support/api.ts';
import { memberOf, PASSWORD } from '../support/portal.ts';

const rolesOf = async (partnerId: string) =>
  (await query('SELECT role FROM partner_member WHERE partner_id = $1 ORDER BY created_at', [partnerId])).map(
    ({ role }) => role,
  );

it('whoever works for a partner leaves it, whatever the role and also while it is suspended; its last owner stays', async () => {
  const partner = await makePartner();
  const owner = await developerToken(partner);
  const colleague = await developerToken({ ...partner, email: 'colleague@example.com' });
  await query(
    `UPDATE partner_member SET role = 'viewer' WHERE partner_id = $1 AND email LIKE 'colleague@%'`,
    [partner.id],
  );
  const as = (token: string, path: string) =>
    call(`/api/dev/members${path}`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });

  // Everything else about members stays the owner's.
  expect((await as(colleague, '/somebody')).status).toBe(403);
  expect((await as(colleague, '/me/')).status).toBe(403);
  await query(`UPDATE partner SET status = 'suspended' WHERE id = $1`, [partner.id]);
  expect(await as(colleague, '/me')).toMatchObject({ status: 200, json: { message: expect.any(String) } });
  expect(await rolesOf(partner.id)).toEqual(['owner']);
  expect(await as(owner, '/me')).toMatchObject({ status: 409, json: { error: 'conflict' } });
  expect(await rolesOf(partner.id)).toEqual(['owner']);
  const [left] = await query(
    `SELECT actor FROM dev_portal_audit WHERE partner_id = $1 AND action = 'member.removed'`,
    [partner.id],
  );
  expect(left?.actor).toMatch(/^developer:/);
  const { json } = await call('/openapi/developer.json');
  expect(json.paths['/api/dev/members/me']).toHaveProperty('delete');
});

it('a personal token removes and changes members, but not its own, however the path names it', async () => {
  const partner = await makePartner();
  const [owner, other] = [await memberOf(partner.id), await memberOf(partner.id)];
  const made = await owner.post('/portal/settings/tokens', {
    form: randomUUID(),
    name: 'CI',
    permissions: 'own',
    days: '30',
    proof: PASSWORD,
  });
  const authorization = `Bearer ${/<code>(pt_[\w.-]+)/.exec(made.text)?.[1]}`;
  const subjectOf = async (email: string) =>
    String((await query('SELECT subject FROM partner_member WHERE email = $1', [email]))[0]?.subject);
  const remove = async (path: string) =>
    (await call(`/api/dev/members/${path}`, { method: 'DELETE', headers: { authorization } })).status;
  const own = await subjectOf(owner.email);
  const encoded = [...own].map((each) => `%${each.charCodeAt(0).toString(16)}`).join('');
  for (const path of ['me', '%6de', own, encoded]) expect(await remove(path), path).toBe(403);
  const become = async (who: string) =>
    (await sendJson(`/api/dev/members/${who}`, 'PATCH', { role: 'viewer' }, { headers: { authorization } }))
      .status;
  for (const path of [own, encoded]) expect(await become(path), path).toBe(403);
  expect(await become(await subjectOf(other.email))).toBe(200);
  expect(await remove(await subjectOf(other.email))).toBe(200);
  expect(await rolesOf(partner.id)).toEqual(['owner']);
});
