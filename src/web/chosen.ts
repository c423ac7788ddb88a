// What a browser has chosen: language, appearance and environment. Whatever is not one of the choices is not there.

import type { Context } from 'hono';
import { getCookie } from 'hono/cookie';
import type { Config } from '../config.ts';
import type { Language } from './format.ts';
import type { View } from './view.ts';

/** The name of a cookie of ours: on your machine, one that no other checkout uses. */
export const cookieName = (config: Config, name: string): string => name + config.COOKIE_SUFFIX;

export function languageOf(context: Context, config: Config): Language {
  const chosen = getCookie(context, cookieName(config, 'language'));
  if (chosen === 'fr' || chosen === 'en') return chosen;
  const wanted = (context.req.header('accept-language') ?? '').toLowerCase().split(',');
  for (const part of wanted) {
    if (part.trim().startsWith('fr')) return 'fr';
    if (part.trim().startsWith('en')) return 'en';
  }
  return 'en';
}

export const themeOf = (context: Context, config: Config): View['theme'] => {
  const chosen = getCookie(context, cookieName(config, 'theme'));
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system';
};

/** Of a link to one environment, or as it was chosen. */
export function environmentOf(context: Context, config: Config): View['environment'] {
  const named = context.req.query('environment');
  if (named === 'live' || named === 'test') return named;
  return getCookie(context, cookieName(config, 'environment')) === 'live' ? 'live' : 'test';
}
