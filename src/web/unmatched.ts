// The end of a surface: what none of its routes took.

import type { Hono } from 'hono';
import { AppError } from '../core/errors.ts';
import type { WebContext, WebEnv } from './web.ts';

/** Nothing is here, or nothing for this method. @throws AppError */
export function refuseUnmatched<Services>(
  { router }: Pick<Hono<WebEnv<Services>>, 'router'>,
  context: WebContext<Services>,
): never {
  // Middleware is for all methods.
  const allowed = ['GET', 'POST'].filter((method) =>
    router.match(method, context.req.path)[0].some(([[, route]]) => route.method === method),
  );
  if (allowed.length === 0) throw new AppError('not_found');
  context.header('allow', allowed.join(', '));
  throw new AppError('method_not_allowed');
}
