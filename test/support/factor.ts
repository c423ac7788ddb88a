// A second factor, as a person sets it up and shows it.

import { STEP_MS, totp } from '../../src/dev/totp.ts';
import { PASSWORD, type Person } from './portal.ts';

/** The secret and the codes that the page of the set-up shows. */
export function shownIn(page: string): { secret: Uint8Array<ArrayBuffer>; text: string; codes: string[] } {
  const text = /data-label="Secret"[^>]*><code>([A-Z2-7]+)/.exec(page)?.[1] ?? '';
  const codes = (/data-label="Recovery codes"[^>]*><code>([^<]+)/.exec(page)?.[1] ?? '').split('\n');
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...text].map((letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('');
  return {
    secret: Uint8Array.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))),
    text,
    codes,
  };
}

/** Turns it on. How its codes are made: each works once, so the next one is of the next half minute. */
export async function withFactor(person: Person): Promise<(steps?: number) => Promise<string>> {
  const page = await person.post('/portal/settings/two-factor', { password: PASSWORD });
  const { secret } = shownIn(page.text);
  const codeOf = (steps = 0) => totp(secret, Date.now() + steps * STEP_MS);
  await person.post('/portal/settings/two-factor/confirm', { code: await codeOf() });
  return codeOf;
}
