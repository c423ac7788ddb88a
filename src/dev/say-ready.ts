// What the terminal shows when everything runs.

import { CODE_PATH } from './code-page.ts';
import { LOGINS } from './demo.ts';
import type { LocalApi } from './offer.ts';
import type { Stack } from './stack.ts';

const toApi = (url: string, { title, id, upstream, routes, leftOut }: LocalApi): string => `
  ${title.slice(0, 22).padEnd(22)}  ${url}/${id}  ->  ${upstream ?? 'the examples of its document'}
  ${`${routes} routes`.padEnd(22)}  ${url}/operator/apis/${id}${leftOut > 0 ? ` (says what was left out: ${leftOut})` : ''}`;

/** `folder`: as whoever reads it would type it. `api`: that it was started for. */
export function sayReady(
  { url, demo: { keys } }: Stack,
  upstream: string | undefined,
  folder: string,
  api?: LocalApi,
): void {
  const call = api?.call ?? { method: 'GET', path: '/v2/stops/search?q=colobane' };
  const method = call.method === 'GET' ? '' : `-X ${call.method} `;
  const key = api?.upstream ? keys.live : keys.test;
  console.log(`
Passerelle is ready: ${url}
${
  api
    ? `${toApi(url, api)}
`
    : ''
}
  ${api ? 'Upstream of samples  ' : 'Upstream of live keys'}   ${upstream ?? 'the built-in sandbox (set UPSTREAM_ORIGIN for a real one)'}
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

  curl -i ${method}-H 'Authorization: Bearer ${key}' '${url}${call.path}'

Ctrl-C stops everything; the data is kept (npm run reset wipes it).`);
}
