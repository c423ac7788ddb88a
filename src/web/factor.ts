// What asks for a second factor: operators' pages, and partners that have it asked of their members.

import { withQuery } from './redirects.ts';
import { askProof, type WebContext } from './web.ts';

/** To where whoever looks sets one up, or shows it, and from there to `back`; undefined where the session has seen one. */
export function askFactor<Services>(context: WebContext<Services>, back: string): Response | undefined {
  if (context.var.session.factorAtMs !== undefined) return undefined;
  if (context.var.view.account?.twoFactorEnabled) return askProof(context, back);
  return context.redirect(withQuery('/second-factor', { back }), 303);
}
