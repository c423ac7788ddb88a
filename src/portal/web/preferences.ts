// What a browser prefers, kept in its cookies: language, appearance, environment.

import { setCookie } from 'hono/cookie';
import * as z from 'zod';
import { safePath, withQuery } from '../../web/redirects.ts';
import { cookieName, PREFERENCE_SECONDS, readForm } from '../../web/web.ts';
import { portal } from './portal-web.tsx';

const preferences = z.object({
  back: z.string().optional(),
  language: z.enum(['en', 'fr']).optional(),
  theme: z.enum(['system', 'light', 'dark']).optional(),
  environment: z.enum(['test', 'live']).optional(),
});

portal.post('/preferences', async (context) => {
  const { data } = await readForm(context, preferences);
  const isSecure = context.var.view.origin.startsWith('https:');
  for (const name of ['language', 'theme', 'environment'] as const) {
    const value = data?.[name];
    if (value) {
      setCookie(context, cookieName(context.var.services.config, name), value, {
        path: '/',
        sameSite: 'Lax',
        httpOnly: true,
        secure: isSecure,
        maxAge: PREFERENCE_SECONDS,
      });
    }
  }
  const back = safePath(data?.back, '/');
  // What was just chosen stands, whatever the link here named.
  return context.redirect(data?.environment ? withQuery(back, { environment: undefined }) : back, 303);
});
