// Which mails a member gets: what is stopped is not sent to them, and to others it is; what keeps an account or money safe is
// always sent. The link of a mail stops its kind, and nothing else.

import { randomUUID } from 'node:crypto';
import { uuidv7 } from 'uuidv7';
import { beforeAll, describe, expect, it } from 'vitest';
import { MAIL_KINDS, type MailKind } from '../../src/mail/kinds.ts';
import {
  call,
  control,
  developerToken,
  eventually,
  makeKey,
  makePartner,
  query,
  sendJson,
  stack,
  type TestPartner,
} from '../support/api.ts';
import { mailedPath, memberOf, operatorSignedIn, type Person, visitor } from '../support/portal.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';

interface Mail {
  subject: string;
  body: string;
  html: string;
  headers: Record<string, string> | null;
}

const mailsTo = (email: string, subject: string): Promise<Mail[]> =>
  query<Mail & Record<string, unknown>>(
    'SELECT subject, body, html, headers FROM outbox_mail WHERE recipient = $1 AND subject LIKE $2 ORDER BY id',
    [email, subject],
  );
const mailTo = async (email: string, subject: string): Promise<Mail> => {
  const [mail] = await eventually(
    () => mailsTo(email, subject),
    (mails) => mails.length > 0,
  );
  if (!mail) throw new Error(`no mail ${subject}`);
  return mail;
};

let operator: Person;
beforeAll(async () => {
  operator = await operatorSignedIn();
});

/** Ends an episode of this rule. */
async function alert(partner: TestPartner, rule: string): Promise<void> {
  await query(
    `INSERT INTO alert_episode (id, owner, rule, subject, fired_at, value, peak, threshold)
     VALUES ($1, $2, $3, $4, now() - interval '1 hour', 9, 9, 5)`,
    [uuidv7(), partner.id, rule, randomUUID()],
  );
  await control('cron', { cron: '* * * * *' });
}

async function endpointIsGone(partner: TestPartner): Promise<void> {
  const receiver: Receiver = await startReceiver();
  receiver.answer = (_, response) => void response.writeHead(410).end();
  const headers = { authorization: `Bearer ${await developerToken(partner)}` };
  const url = `${receiver.origin}/${randomUUID()}`;
  const { json } = await sendJson(
    '/api/dev/webhooks',
    'POST',
    { url, events: ['webhook.test'] },
    { headers },
  );
  await sendJson(`/api/dev/webhooks/${json.id}/test`, 'POST', {}, { headers });
  await eventually(
    () => query('SELECT 1 FROM webhook_endpoint WHERE id = $1 AND state = $2', [json.id, 'disabled']),
    (rows) => rows.length > 0,
  );
  await receiver.close();
}

const revoke = async (partner: TestPartner): Promise<void> => {
  const { id } = await makeKey(partner.id);
  await operator.post(`/operator/keys/${id}/revoke`, { reason: 'not needed', confirm: 'Key' });
};

async function create(partner: TestPartner): Promise<void> {
  const form = {
    form: randomUUID(),
    name: 'Made',
    app: '',
    kind: 'bearer',
    environment: 'test',
    scopes: 'read:routes',
  };
  await operator.post(`/operator/partners/${partner.id}/keys`, form);
}

async function overdue(partner: TestPartner): Promise<void> {
  await query(
    `SELECT issue_invoice(jsonb_build_object('id', $1::uuid, 'kind', 'invoice', 'partner_id', $2::uuid, 'period_start', '2026-10-01',
       'period_end', '2026-10-31', 'currency', 'EUR', 'subtotal_minor', 5, 'tax_bps', 0, 'tax_minor', 0, 'total_minor', 5, 'status', 'open',
       'issued_at', now() - interval '30 days', 'due_at', now() - interval '4 days', 'seller', '{"name": "S"}'::jsonb, 'buyer',
       '{"name": "B"}'::jsonb, 'lines', jsonb_build_array(jsonb_build_object('kind', 'plan', 'tier', 'business', 'from_at', now(),
       'to_at', now(), 'quantity', 0, 'amount_minor', 5))))`,
    [uuidv7(), partner.id],
  );
  await control('cron', { cron: '17 * * * *' });
}

/** What makes each mail that may be stopped, and how its subject begins. */
const OPTIONAL: [kind: MailKind, subject: string, happen: (partner: TestPartner) => Promise<void>][] = [
  ['usage', 'Resolved: %', (partner) => alert(partner, 'error_rate')],
  ['usage', 'Resolved: %', (partner) => alert(partner, 'latency_p95')],
  ['usage', 'Resolved: %', (partner) => alert(partner, 'quota')],
  ['webhooks', 'Resolved: %', (partner) => alert(partner, 'webhook_failing')],
  ['webhooks', 'Your webhook endpoint was disabled', endpointIsGone],
  ['keys', 'Your key % was revoked', revoke],
  ['keys', 'An operator created the key %', create],
  ['reminders', '%overdue%', overdue],
];

/** `off`: those that are not ticked. */
const form = (...off: MailKind[]): Record<string, string> =>
  Object.fromEntries(MAIL_KINDS.filter((kind) => !off.includes(kind)).map((kind) => [kind, 'true']));

async function people() {
  const partner = await makePartner();
  const [chooser, other] = [await memberOf(partner.id), await memberOf(partner.id)];
  return { partner, chooser, other };
}

/** What the foot of a mail has to stop it: by path alone where a job of this stack sent it, which knows no origin. */
const stopOf = ({ body }: Mail): string => /\n\nStop emails of this kind:\n(\S+)$/.exec(body)?.[1] ?? '';
const linkOf = (mail: Mail): string => new URL(stopOf(mail), stack.url).pathname;

/** As a mail program does: no cookie, no origin. */
const oneClick = (path: string, headers: Record<string, string> = {}) =>
  call(path, {
    method: 'POST',
    body: 'List-Unsubscribe=One-Click',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  });

const stoppedBy = async ({ email }: Person): Promise<string[]> =>
  (
    await query<{ kind: string }>(
      'SELECT o.kind FROM mail_opt_out o JOIN partner_member m USING (partner_id, subject) WHERE m.email = $1 ORDER BY o.kind',
      [email],
    )
  ).map(({ kind }) => kind);

describe('a kind of mail that is stopped', () => {
  it.each(OPTIONAL)('%s: "%s" goes to others alone', async (kind, subject, happen) => {
    const { partner, chooser, other } = await people();
    await chooser.post('/portal/settings/mails', form(kind));
    await happen(partner);
    const mail = await mailTo(other.email, subject);
    expect(await mailsTo(chooser.email, subject)).toEqual([]);
    const stop = stopOf(mail);
    expect(stop).toMatch(/^(?:http:\/\/[^/]+)?\/mails\/[\w-]+\.[\w-]+$/);
    const headers = {
      'List-Unsubscribe': `<${stop}>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    };
    expect(mail.headers).toEqual(stop.startsWith('/') ? null : headers);
    expect(mail.html.includes(`href="${stop}"`)).toBe(!stop.startsWith('/'));
  });

  it.each(MAIL_KINDS)('%s stops no other', async (kind) => {
    const { partner, chooser } = await people();
    await chooser.post('/portal/settings/mails', form(kind));
    const others = new Map(
      OPTIONAL.filter(([each]) => each !== kind && each !== 'webhooks').map((each) => [each[0], each]),
    );
    for (const [, subject, happen] of others.values()) {
      await happen(partner);
      await mailTo(chooser.email, subject);
    }
  });

  it('is about one partner: of another, the same person gets it', async () => {
    const { chooser } = await people();
    const partner = await makePartner();
    await query(
      `INSERT INTO partner_member (partner_id, subject, email, role) SELECT $1, id, email, 'owner' FROM dev_accounts WHERE email = $2`,
      [partner.id, chooser.email],
    );
    await chooser.post('/portal/settings/mails', form('keys'));
    await revoke(partner);
    await mailTo(chooser.email, 'Your key % was revoked');
  });

  it('goes to an address that is no member’s, without a link', async () => {
    const { partner } = await people();
    await revoke(partner);
    const mail = await mailTo(partner.email, 'Your key % was revoked');
    expect([mail.headers, mail.body.includes('/mails/')]).toEqual([null, false]);
  });

  it('does not have a reminder sent again and again to nobody', async () => {
    const { partner, chooser } = await people();
    await query('DELETE FROM partner_member WHERE partner_id = $1 AND email <> $2', [
      partner.id,
      chooser.email,
    ]);
    await query('UPDATE partner SET email = $2 WHERE id = $1', [partner.id, chooser.email]);
    await chooser.post('/portal/settings/mails', form('reminders'));
    await overdue(partner);
    expect(await mailsTo(chooser.email, '%overdue%')).toEqual([]);
    expect(
      await query(
        'SELECT day FROM invoice_reminder r JOIN invoice i ON i.id = r.invoice_id WHERE i.partner_id = $1',
        [partner.id],
      ),
    ).toEqual([{ day: 3 }]);
  });
});

describe('whoever stops all that may be stopped is still told', () => {
  const ALWAYS: [subject: string, happen: (partner: TestPartner, person: Person) => Promise<unknown>][] = [
    ['Resolved: %', (partner) => alert(partner, 'refused_signatures')],
    ['%suspended%', (partner) => operator.post(`/operator/partners/${partner.id}/suspend`, { reason: 'x' })],
    ['Your plan at %', (_, person) => person.post('/portal/billing/plan', { tier: 'free' })],
    ['%password%', (_, { email }) => visitor().post('/reset', { email })],
    [
      '%another owner',
      async (partner, person) => {
        const viewer = await memberOf(partner.id, 'viewer');
        const [member] = await query('SELECT subject FROM partner_member WHERE email = $1', [viewer.email]);
        await person.post('/portal/members/role', { subject: String(member?.subject), role: 'owner' });
      },
    ],
  ];

  it.each(ALWAYS)('"%s"', async (subject, happen) => {
    const partner = await makePartner({ tier: 'business' });
    const person = await memberOf(partner.id);
    await person.post('/portal/settings/mails', {});
    expect(await stoppedBy(person)).toEqual([...MAIL_KINDS].sort());
    await happen(partner, person);
    const mail = await mailTo(person.email, subject);
    expect([mail.headers, mail.body.includes('/mails/')]).toEqual([null, false]);
  });
});

describe('the settings', () => {
  const ticked = (page: string): string[] =>
    [...page.matchAll(/<input type="checkbox" name="(\w+)" value="true" checked/g)].map(
      ([, name = '']) => name,
    );

  it('show what was chosen, and say what is always sent', async () => {
    const { partner, chooser, other } = await people();
    const before = await chooser.get('/portal/settings');
    expect(ticked(before.text)).toEqual(MAIL_KINDS);
    expect(before.text).toContain('Always sent: ');
    const answer = await chooser.post('/portal/settings/mails', form('usage', 'keys'));
    expect(answer.headers.location).toBe('/portal/settings?done=saved');
    expect(ticked((await chooser.get('/portal/settings')).text)).toEqual(['webhooks', 'reminders']);
    expect(ticked((await other.get('/portal/settings')).text)).toEqual(MAIL_KINDS);
    const french = await chooser.get('/portal/settings', { 'accept-language': 'fr' });
    expect(french.text).toContain('Toujours envoyés');
    await chooser.post('/portal/settings/mails', form('usage', 'keys'));
    await chooser.post('/portal/settings/mails', form('usage'));
    expect(
      await query(
        `SELECT d.details, d.actor = 'developer:' || m.subject AND d.target->>'subject' = m.subject AS own FROM dev_portal_audit d
         JOIN partner_member m ON m.partner_id = d.partner_id AND m.email = $2
         WHERE d.partner_id = $1 AND d.action = 'member.mails_changed' ORDER BY d.id`,
        [partner.id, chooser.email],
      ),
    ).toEqual([
      { details: { mails: { usage: false, keys: false } }, own: true },
      { details: { mails: { keys: true } }, own: true },
    ]);
  });

  it('are those of the API, for whoever asks', async () => {
    const { partner, chooser } = await people();
    const headers = { authorization: `Bearer ${await developerToken(partner)}` };
    const path = '/api/dev/members/me/mails';
    const all = { usage: true, keys: true, webhooks: true, reminders: true };
    expect((await call(path, { headers })).json).toEqual(all);
    const changed = await sendJson(path, 'PATCH', { keys: false }, { headers });
    expect([changed.status, changed.json]).toEqual([200, { ...all, keys: false }]);
    expect((await sendJson(path, 'PATCH', { keys: 'no' }, { headers })).status).toBe(400);
    expect((await call(path, { headers })).json).toEqual({ ...all, keys: false });
    expect(await stoppedBy(chooser)).toEqual([]);
  });

  it('are a viewer’s too, also while the partner is suspended, and go with the membership', async () => {
    const partner = await makePartner();
    const viewer = await memberOf(partner.id, 'viewer');
    await query(`UPDATE partner SET status = 'suspended' WHERE id = $1`, [partner.id]);
    expect((await viewer.post('/portal/settings/mails', form('usage'))).status).toBe(303);
    expect(await stoppedBy(viewer)).toEqual(['usage']);
    await query('DELETE FROM partner_member WHERE email = $1', [viewer.email]);
    expect(await query('SELECT 1 FROM mail_opt_out WHERE partner_id = $1', [partner.id])).toEqual([]);
  });
});

describe('the link of a mail', () => {
  async function mailed() {
    const { partner, chooser, other } = await people();
    await revoke(partner);
    return { partner, chooser, other, path: linkOf(await mailTo(chooser.email, 'Your key % was revoked')) };
  }

  it('shows what it stops, changes nothing by a GET, and can be taken back', async () => {
    const { chooser, path } = await mailed();
    expect(path).toBe(await mailedPath(chooser.email, '/mails/'));
    const asked = await call(path);
    expect([asked.status, asked.text.includes('Stop these emails'), await stoppedBy(chooser)]).toEqual([
      200,
      true,
      [],
    ]);
    const reader = visitor();
    const stopped = await reader.post(path);
    expect([stopped.status, stopped.text.includes('These emails are stopped')]).toEqual([200, true]);
    expect(await stoppedBy(chooser)).toEqual(['keys']);
    expect((await call(path)).text).toContain(`action="${path}/resume"`);
    expect((await reader.post(`${path}/resume`)).text).toContain('You get these emails again');
    expect(await stoppedBy(chooser)).toEqual([]);
  });

  it('is one click for a mail program, of its kind and reader alone, however often', async () => {
    const { partner, chooser, other, path } = await mailed();
    const webmail = { origin: 'https://mail.example', 'sec-fetch-site': 'cross-site' };
    for (const headers of [undefined, undefined, webmail])
      expect((await oneClick(path, headers)).status).toBe(200);
    expect([await stoppedBy(chooser), await stoppedBy(other)]).toEqual([['keys'], []]);
    expect(
      await query(
        `SELECT details FROM dev_portal_audit WHERE partner_id = $1 AND action = 'member.mails_changed'`,
        [partner.id],
      ),
    ).toEqual([{ details: { mails: { keys: false } } }]);
    // Nothing else is done from anywhere.
    expect((await oneClick(`${path}/resume`)).status).toBe(403);
    expect((await oneClick('/portal/settings/mails')).status).toBe(403);
  });

  it('is refused where it was forged, altered, or made for something else', async () => {
    const { chooser, other, path } = await mailed();
    const [body = '', signature = ''] = path.slice('/mails/'.length).split('.');
    const [partner, subject] = JSON.parse(Buffer.from(body, 'base64url').toString());
    const claims = (...values: unknown[]) => Buffer.from(JSON.stringify(values)).toString('base64url');
    const [token] = await query<{ token: string }>(
      'SELECT token_hash AS token FROM partner_invitation LIMIT 1',
    );
    const refused = [
      `${claims(partner, subject, 'usage')}.${signature}`,
      `${claims(partner, randomUUID(), 'keys')}.${signature}`,
      `${claims(randomUUID(), subject, 'keys')}.${signature}`,
      `${body}.${signature.slice(0, -2)}AA`,
      `${body}.${'A'.repeat(signature.length)}`,
      `${body}.`,
      body,
      `${body}.${signature}.${signature}`,
      'x',
      String(token?.token),
    ];
    for (const each of refused)
      for (const answer of [await call(`/mails/${each}`), await oneClick(`/mails/${each}`)])
        expect([each, answer.status, answer.text.includes('This link does not work')]).toEqual([
          each,
          404,
          true,
        ]);
    expect([await stoppedBy(chooser), await stoppedBy(other)]).toEqual([[], []]);
    // Nor does it open anything else.
    for (const elsewhere of ['/verify?token=', '/reset/', '/invite/', '/email/', '/email/undo/'])
      expect((await visitor().get(`${elsewhere}${body}.${signature}`)).text).not.toContain(chooser.email);
  });

  it('says nothing to whoever is a member no more', async () => {
    const { chooser, path } = await mailed();
    await query('DELETE FROM partner_member WHERE email = $1', [chooser.email]);
    expect([(await call(path)).status, (await oneClick(path)).status]).toEqual([404, 404]);
  });
});
