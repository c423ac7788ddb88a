// Where the portal is, for links in answers.

import type { Config } from '../config.ts';

/** As configured; on your machine, where that may be missing, the origin of the request. */
export const portalOriginOf = ({ PORTAL_ORIGIN }: Pick<Config, 'PORTAL_ORIGIN'>, url: string): string =>
  PORTAL_ORIGIN ?? new URL(url).origin;
