// Programs that the guides show, each in five languages. Tests run every one of them as it is read on its page
// (test/api/guides.test.ts). `{{origin}}` is the only placeholder; keys come from the environment.

import call from './snippets/call.md';
import errors from './snippets/errors.md';
import idempotency from './snippets/idempotency.md';
import pagination from './snippets/pagination.md';
import retry from './snippets/retry.md';
import signing from './snippets/signing.md';
import signingBody from './snippets/signing-body.md';
import threeDSecure from './snippets/three-d-secure.md';
import webhookVerify from './snippets/webhook-verify.md';

export interface Snippet {
  /** Of the fenced block: `sh`. */
  fence: string;
  /** For people: `curl`. */
  label: string;
  code: string;
}

const LABELS: Record<string, string> = {
  sh: 'curl',
  js: 'JavaScript',
  python: 'Python',
  go: 'Go',
  php: 'PHP',
};
const BLOCK = /^```(\w+)\n([\s\S]*?)\n```$/gm;

const parse = (text: string): readonly Snippet[] =>
  [...text.matchAll(BLOCK)].map(([, fence = '', code = '']) => ({
    fence,
    label: LABELS[fence] ?? fence,
    code,
  }));

/** By the name that a guide's `snippets` block gives. */
export const SNIPPETS: ReadonlyMap<string, readonly Snippet[]> = new Map(
  Object.entries({
    call,
    errors,
    idempotency,
    pagination,
    retry,
    signing,
    'signing-body': signingBody,
    'three-d-secure': threeDSecure,
    'webhook-verify': webhookVerify,
  }).map(([name, text]) => [name, parse(text)]),
);

/** Of a new signing key's page: what its owner pastes. */
export const signingCurl = (origin: string): string =>
  (SNIPPETS.get('signing') ?? [])
    .find(({ fence }) => fence === 'sh')
    ?.code.replaceAll('{{origin}}', origin) ?? '';
