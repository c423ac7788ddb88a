// The page of `npm start` that stands in for the phone of the demo's operator: the code of the moment. On your machine only.

import { STEP_MS, totp } from './totp.ts';

export const CODE_PATH = '/dev/code';

const WORDS = {
  en: {
    title: 'Code of the demo’s operator',
    text: 'In the place of an authenticator app, on your machine only. Each code works once.',
  },
  fr: {
    title: 'Code de l’opérateur de démonstration',
    text: 'À la place d’une application d’authentification, sur votre machine seulement. Chaque code ne sert qu’une fois.',
  },
};

const STYLE = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 420px; margin: 0 auto; padding: 48px 20px; }
h1 { font-size: 20px; } p { opacity: 0.75; }
code { display: block; font: 600 44px/1.4 ui-monospace, monospace; letter-spacing: 0.08em; user-select: all; }`;

export async function codePage(request: Request, secret: string, nowMs: number): Promise<Response> {
  const language = /^\s*fr/i.test(request.headers.get('accept-language') ?? '') ? 'fr' : 'en';
  const { title, text } = WORDS[language];
  const seconds = Math.ceil((STEP_MS - (nowMs % STEP_MS)) / 1000);
  return new Response(
    `<!doctype html><html lang="${language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><style>${STYLE}</style>
<main><h1>${title}</h1><code>${await totp(secret, nowMs)}</code><p>${text}</p></main></html>`,
    {
      headers: {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        refresh: String(seconds),
      },
    },
  );
}
