// First parts of paths that are our own: no API is offered there.

/** Of our surfaces; a test compares them with the routers. */
export const OWN_PARTS: ReadonlySet<string> = new Set([
  '',
  '.well-known',
  'api',
  'assets',
  'dashboard',
  'dev',
  'docs',
  'docs.md',
  'email',
  'health',
  'healthz',
  'livez',
  'invite',
  'leaks',
  'llms.txt',
  'mails',
  'mcp',
  'metrics',
  'oauth',
  'openapi',
  'openapi.json',
  'operator',
  'outbox',
  'portal',
  'preferences',
  'prove',
  'readyz',
  'reset',
  'robots.txt',
  'second-factor',
  'sign-in',
  'sign-out',
  'sign-up',
  'two-factor',
  'verify',
  'welcome',
]);

/** For what is to come. */
const KEPT = new Set(['batch', 'favicon.ico', 'graphql', 'live', 'scim']);

export const isOwnPart = (firstPart: string): boolean => OWN_PARTS.has(firstPart) || KEPT.has(firstPart);
