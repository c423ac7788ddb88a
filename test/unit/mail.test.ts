// Mail: by binding, by HTTP, or into the outbox; a mail that cannot be sent is logged without its text.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailer } from '../../src/mail/mailer.ts';
import { MAILS } from '../../src/mail/texts.ts';
import { inviteAgain } from '../../src/partners/invitation-mail.ts';

const mail = { to: 'a@example.com', subject: 'Hello', body: 'secret link' };
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
    const send = createMailer({ from: 'P <p@example.com>', http: { url, token: 't' }, log: () => undefined });
    await send({ ...mail, subject: 'Acme\r\nBcc: all@example.com\u2028\0x\u0085' });
    expect(seen[0]?.body).toMatchObject({ subject: 'Acme Bcc: all@example.com x' });
    expect(await send({ ...mail, to: 'a@example.com\r\nBcc: all@example.com' })).toBe(false);
    expect(seen).toHaveLength(1);
  });

  it('posts to an HTTP provider in the form of Resend', async () => {
    const { url, seen } = await provider(200);
    const send = createMailer({ from: 'P <p@example.com>', http: { url, token: 't' }, log: () => undefined });
    expect(await send(mail)).toBe(true);
    expect(seen).toEqual([
      {
        authorization: 'Bearer t',
        body: { from: 'P <p@example.com>', to: 'a@example.com', subject: 'Hello', text: 'secret link' },
      },
    ]);
  });

  it('says when it could not, without the text of the mail', async () => {
    const { url } = await provider(500);
    const lines: unknown[] = [];
    const send = createMailer({ from: 'p', http: { url, token: 't' }, log: (line) => lines.push(line) });
    expect(await send(mail)).toBe(false);
    expect(await createMailer({ from: 'p', log: (line) => lines.push(line) })(mail)).toBe(false);
    expect(lines).toHaveLength(2);
    expect(JSON.stringify(lines)).not.toContain('secret link');
  });

  it('hands the binding what it takes', async () => {
    const sent: unknown[] = [];
    const binding = { send: async (message: unknown) => void sent.push(message) } as unknown as SendEmail;
    expect(await createMailer({ from: 'p', binding, log: () => undefined })(mail)).toBe(true);
    expect(sent).toEqual([{ from: 'p', to: 'a@example.com', subject: 'Hello', text: 'secret link' }]);
  });
});

it.each(Object.entries(MAILS))('%s is written in both languages, with its link', (_, texts) => {
  const letter = { product: 'Passerelle', name: 'Awa', url: 'https://portal.example/x' };
  for (const language of ['en', 'fr'] as const) {
    const { subject, body } = texts[language](letter);
    expect(body).toContain(letter.url);
    expect(subject.length).toBeGreaterThan(5);
  }
  expect(texts.en(letter).subject).not.toBe(texts.fr(letter).subject);
});

it('an invitation that is mailed again says so only when it was', async () => {
  const sent: string[] = [];
  const ports = (arrives: boolean) => ({
    members: { renewInvitation: async () => ({ token: 'link', partner: 'Studio' }) },
    mailer: async ({ to, body }: { to: string; body: string }) => {
      sent.push(to, body);
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
