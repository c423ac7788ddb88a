// Mail: by binding, by HTTP, or into the outbox; a mail that cannot be sent is logged without its text.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BRAND } from '../../src/brand/brand.ts';
import type { MailKind } from '../../src/mail/kinds.ts';
import { partsOf } from '../../src/mail/mail-parts.tsx';
import { createMailer, type Mail, type MailerPorts } from '../../src/mail/mailer.ts';
import { createNotices } from '../../src/mail/notices.ts';
import type { OutboxStore } from '../../src/mail/outbox-store.ts';
import { createStopLinks } from '../../src/mail/stop-link.ts';
import { MAILS } from '../../src/mail/texts.ts';
import { inviteAgain } from '../../src/partners/invitation-mail.ts';

const mail: Mail = {
  to: 'a@example.com',
  language: 'en',
  subject: 'Hello',
  body: ['Look here.', { label: 'Open it', url: 'https://p.example/x?a=1&b=secret' }],
};
const TEXT = 'Look here.\n\nOpen it:\nhttps://p.example/x?a=1&b=secret\n\nPasserelle';
const mailerOf = (ports: Partial<MailerPorts>) =>
  createMailer({ from: 'P <p@example.com>', sender: BRAND, log: () => undefined, ...ports });
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function provider(status: number) {
  const seen: { authorization?: string; body: unknown }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    seen.push({
      authorization: request.headers.authorization,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    });
    response.writeHead(status).end('{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/emails`, seen };
}

describe('a mailer', () => {
  it('sends a subject of one line, whatever a name in it holds, and to nothing but an address', async () => {
    const { url, seen } = await provider(200);
    const send = mailerOf({ http: { url, token: 't' } });
    await send({ ...mail, subject: 'Acme\r\nBcc: all@example.com\u2028\0x\u0085' });
    expect(seen[0]?.body).toMatchObject({ subject: 'Acme Bcc: all@example.com x' });
    expect(await send({ ...mail, to: 'a@example.com\r\nBcc: all@example.com' })).toBe(false);
    expect(seen).toHaveLength(1);
  });

  it('posts to an HTTP provider in the form of Resend', async () => {
    const { url, seen } = await provider(200);
    const send = mailerOf({ http: { url, token: 't' } });
    expect(await send(mail)).toBe(true);
    expect(seen).toEqual([
      {
        authorization: 'Bearer t',
        body: {
          from: 'P <p@example.com>',
          to: 'a@example.com',
          subject: 'Hello',
          text: TEXT,
          html: expect.stringMatching(/^<!doctype html><html lang="en">.*b=secret/s),
        },
      },
    ]);
  });

  it('hands on the headers of a mail, by whichever way', async () => {
    const { url, seen } = await provider(200);
    const sent: unknown[] = [];
    const binding = { send: async (message: unknown) => void sent.push(message) } as unknown as SendEmail;
    const outbox = { keep: async (kept: unknown) => void sent.push(kept) } as unknown as OutboxStore;
    const headers = { 'List-Unsubscribe': '<https://p.example/mails/x>' };
    for (const ports of [{ http: { url, token: 't' } }, { binding }, { outbox }])
      expect(await mailerOf(ports)({ ...mail, headers })).toBe(true);
    expect(seen[0]?.body).toMatchObject({ headers });
    expect(sent).toMatchObject([{ headers }, { headers }]);
  });

  it('says when it could not, without the text of the mail', async () => {
    const { url } = await provider(500);
    const lines: unknown[] = [];
    const send = mailerOf({ http: { url, token: 't' }, log: (line) => lines.push(line) });
    expect(await send(mail)).toBe(false);
    expect(await mailerOf({ log: (line) => lines.push(line) })(mail)).toBe(false);
    expect(lines).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });

  it('hands the binding what it takes', async () => {
    const sent: unknown[] = [];
    const binding = { send: async (message: unknown) => void sent.push(message) } as unknown as SendEmail;
    expect(await mailerOf({ binding })(mail)).toBe(true);
    expect(sent).toEqual([
      { from: 'P <p@example.com>', to: mail.to, subject: 'Hello', text: TEXT, html: expect.any(String) },
    ]);
  });
});

const TAGS = new Set(['html', 'head', 'meta', 'title', 'style', 'body', 'table', 'tr', 'td', 'p', 'a', 'br']);

/** As a reader of HTML sees it: its words, with what was escaped; `br` is a line. */
const wordsOf = (html: string): string =>
  html
    .slice(html.indexOf('<body'))
    .replaceAll(/<br\/?>/g, '\n')
    .replaceAll(/<[^>]*>/g, '\n\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replaceAll(/\n{2,}/g, '\n\n')
    .trim();

const NAME = '</td><img src=x onerror=alert(1)> & "Awa" \'s';
const DETAIL = '<script>alert(1)</script>\nof two lines';

describe.each(Object.entries(MAILS))('%s', (_, texts) => {
  const url = 'https://portal.example/x?a=1&b=2';
  const letter = { product: 'Passerelle', name: NAME, url, detail: DETAIL, foot: ['Terms: <a href=x>'] };

  it.each(['en', 'fr'] as const)('is written in %s, with its one link', (language) => {
    const described = texts[language](letter);
    const { text, html } = partsOf(described, language, BRAND);
    expect(described.body.filter((part) => typeof part !== 'string')).toHaveLength(1);
    expect(text).toContain(`\n${url}\n`);
    expect([...html.matchAll(/href="([^"]*)"/g)].map(([, href]) => href)).toEqual([
      url.replaceAll('&', '&amp;'),
    ]);
    expect(html).toContain(`<html lang="${language}">`);
    expect(described.subject.length).toBeGreaterThan(5);
  });

  it.each(['en', 'fr'] as const)('says the same in both parts in %s, and runs nothing', (language) => {
    const { text, html } = partsOf(texts[language](letter), language, BRAND);
    expect(wordsOf(html).replaceAll(/\s+/g, ' ')).toBe(
      text.replaceAll(/[ \s]?:(?=\nhttps)/g, '').replaceAll(/\s+/g, ' '),
    );
    const tags = [...html.matchAll(/<(\w+)([^>]*)/g)];
    expect(tags.filter(([, tag = '']) => !TAGS.has(tag))).toEqual([]);
    expect(
      tags.filter(([, , attributes = '']) => /\s(?:on\w+|src)=|url\(|@import/i.test(attributes)),
    ).toEqual([]);
  });

  it('has no button that leads nowhere, where no origin is known', () => {
    const { html } = partsOf(texts.en({ ...letter, url: '/portal/billing' }), 'en', BRAND);
    expect(html).not.toContain('<a ');
    expect(html).toContain('<br/>/portal/billing');
  });

  it('differs by language', () => expect(texts.en(letter).body).not.toEqual(texts.fr(letter).body));
});

describe('a mail that its reader may do without', () => {
  const PARTNER = '018f0000-0000-7000-8000-000000000001';
  const stopLinks = createStopLinks(['a secret']);
  const notify = async (
    reader: { subject: string; isOff: boolean } | undefined | Error,
    {
      language = 'en',
      origin,
      address,
      ...more
    }: { language?: string; origin?: string; address?: string; localOrigin?: string; asked?: string } = {},
  ) => {
    const sent: Mail[] = [];
    const lines: unknown[] = [];
    const isDone = await createNotices({
      mailer: async (each) => sent.push(each) > 0,
      product: 'Passerelle',
      origin,
      localOrigin: more.localOrigin,
      support: undefined,
      choices: {
        reader: async () => {
          if (reader instanceof Error) throw reader;
          return reader;
        },
      },
      stopLinks,
      stopAddress: address,
      log: (line) => lines.push(line),
    })({ email: 'a@example.com', language }, 'keyRevoked', {
      name: 'Till',
      path: '/portal/audit',
      origin: more.asked,
      optional: { partnerId: PARTNER, kind: 'keys' },
    });
    return { isDone, sent, lines };
  };
  const awa = { subject: 'awa', isOff: false };
  const origin = 'https://portal.example';

  it('says how to stop it, in its headers and below our name', async () => {
    const { sent } = await notify(awa, { language: 'fr', origin, address: 'stop@portal.example' });
    const url = sent[0]?.stop?.url ?? '';
    expect(sent[0]?.headers).toEqual({
      'List-Unsubscribe': `<${url}>, <mailto:stop@portal.example?subject=unsubscribe%20keys>`,
      'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
    });
    const { text, html } = partsOf(sent[0] as Mail, 'fr', BRAND);
    expect(text.endsWith(`\n\nPasserelle\n\nNe plus recevoir d’e-mails de ce type :\n${url}`)).toBe(true);
    expect(html).toContain(`href="${url}"`);
    expect(await stopLinks.read(url.replace(`${origin}/mails/`, ''))).toEqual({
      partnerId: PARTNER,
      subject: 'awa',
      kind: 'keys',
    });
    const { headers } = (await notify(awa, { origin })).sent[0] ?? {};
    expect(headers?.['List-Unsubscribe']).toBe(`<${url}>`);
  });

  it.each([
    [
      'where it is deployed',
      { origin, asked: 'http://a.localhost', localOrigin: 'http://127.0.0.1:1' },
      origin,
    ],
    [
      'on your machine, where it was asked for',
      { asked: 'http://a.localhost', localOrigin: 'http://127.0.0.1:1' },
      'http://a.localhost',
    ],
    ['on your machine, of a job', { localOrigin: 'http://127.0.0.1:1' }, 'http://127.0.0.1:1'],
  ])('leads to the portal: %s', async (_, given, to) => {
    const [sent] = (await notify(awa, given)).sent;
    expect(sent?.stop?.url).toMatch(new RegExp(`^${to}/mails/`));
    expect(partsOf(sent as Mail, 'en', BRAND).text).toContain(`${to}/portal/audit\n`);
  });

  it('has no header that leads nowhere, where no origin is known', async () => {
    const [sent] = (await notify(awa, { address: 'stop@portal.example' })).sent;
    expect([sent?.headers, sent?.stop?.url]).toEqual([undefined, expect.stringMatching(/^\/mails\//)]);
    expect(partsOf(sent as Mail, 'en', BRAND).html).not.toContain('<a ');
  });

  it('is not sent to whoever stopped it, and there is no more to do', async () => {
    const { isDone, sent } = await notify({ ...awa, isOff: true }, { origin });
    expect([isDone, sent]).toEqual([true, []]);
  });

  it('is sent without a link to who is no member, or where choices cannot be read', async () => {
    const failed = await notify(new Error('no database'), { origin });
    for (const { sent } of [failed, await notify(undefined, { origin })])
      expect(sent.map(({ headers, stop }) => [headers, stop])).toEqual([[undefined, undefined]]);
    expect(failed.lines).toHaveLength(1);
  });

  it('has a link that any of our secrets may have signed, for nothing but its kind', async () => {
    const link = { partnerId: PARTNER, subject: 'https://id.example|é', kind: 'usage' } as const;
    const path = await createStopLinks(['old']).path(link);
    const token = path.replace('/mails/', '');
    expect(await createStopLinks(['new', 'old']).read(token)).toEqual(link);
    expect(await createStopLinks(['new']).read(token)).toBeUndefined();
    const none = await createStopLinks(['old']).path({ ...link, kind: 'prices' as MailKind });
    expect(await createStopLinks(['old']).read(none.replace('/mails/', ''))).toBeUndefined();
  });
});

it('an invitation that is mailed again says so only when it was', async () => {
  const sent: string[] = [];
  const ports = (arrives: boolean) => ({
    members: { renewInvitation: async () => ({ token: 'link', partner: 'Studio' }) },
    mailer: async ({ to, language, ...letter }: Mail) => {
      sent.push(to, partsOf(letter, language, BRAND).text);
      return arrives;
    },
    brand: { name: 'Passerelle' },
  });
  const wording = { origin: 'https://portal.example.com', language: 'fr' } as const;
  await inviteAgain(ports(true), 'id', 'a@example.com', wording);
  expect(sent).toEqual(['a@example.com', expect.stringContaining('https://portal.example.com/invite/link')]);
  await expect(inviteAgain(ports(false), 'id', 'a@example.com', wording)).rejects.toMatchObject({
    code: 'service_unavailable',
  });
});
