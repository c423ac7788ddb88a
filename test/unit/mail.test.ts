// Mail: by binding, by HTTP, or into the outbox; a mail that cannot be sent is logged without its text.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { BRAND } from '../../src/brand/brand.ts';
import { partsOf } from '../../src/mail/mail-parts.tsx';
import { createMailer, type Mail, type MailerPorts } from '../../src/mail/mailer.ts';
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
