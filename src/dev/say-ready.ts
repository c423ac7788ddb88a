// What the terminal shows when everything runs.

import { CODE_PATH } from './code-page.ts';
import { LOGINS } from './demo.ts';
import type { Stack } from './stack.ts';

/** `folder`: as whoever reads it would type it. */
export function sayReady({ url, demo: { keys } }: Stack, upstream: string | undefined, folder: string): void {
  console.log(`
Passerelle is ready: ${url}

  Upstream of live keys   ${upstream ?? 'the built-in sandbox (set UPSTREAM_ORIGIN for a real one)'}
  Portal                  ${url}/sign-in
  Developer               ${LOGINS.developer.email}  password ${LOGINS.developer.password}
  Operator                ${LOGINS.operator.email}  password ${LOGINS.operator.password}
  Operator's code         ${url}${CODE_PATH}
  Mails                   ${url}/outbox
  Guides, reference       ${url}/docs
  Live key                ${keys.live}
  Test key                ${keys.test}
  Free-tier key           ${keys.free}
  Enterprise key          ${keys.enterprise}
  Signing key             ${keys.signing.id}  secret ${keys.signing.secret}
  Tokens, database        ${folder}/demo.json
  Requests                ${folder}/worker.log

Try it:

  curl -i -H 'Authorization: Bearer ${keys.test}' '${url}/v2/stops/search?q=colobane'

Ctrl-C stops everything; the data is kept (npm run reset wipes it).`);
}
