// Programs that the guides show, each in five languages. Tests run every one of them as it is read on its page
// (test/api/guides.test.ts). Placeholders are those of `filled`; keys come from the environment.

import type { Catalog } from '../../../catalog/catalog.ts';
import { shownCalls } from '../../../catalog/document-words.ts';
import call from './snippets/call.md';
import errors from './snippets/errors.md';
import idempotency from './snippets/idempotency.md';
import oauth from './snippets/oauth.md';
import pagination from './snippets/pagination.md';
import retry from './snippets/retry.md';
import signing from './snippets/signing.md';
import signingBody from './snippets/signing-body.md';
import threeDSecure from './snippets/three-d-secure.md';
import webhookVerify from './snippets/webhook-verify.md';

type Documents = Pick<Catalog, 'documents'>;

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
    oauth,
    pagination,
    retry,
    signing,
    'signing-body': signingBody,
    'three-d-secure': threeDSecure,
    'webhook-verify': webhookVerify,
  }).map(([name, text]) => [name, parse(text)]),
);

/** With this origin, and the calls that the offered APIs show: `read`, `list`, and `write` with its `body`. */
export function filled(text: string, { origin, catalog }: { origin: string; catalog: Documents }): string {
  const values: Record<string, string> = { origin, ...shownCalls(catalog) };
  return text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Of a new signing key's page: what its owner pastes. */
export const signingCurl = (origin: string, catalog: Documents): string =>
  filled(SNIPPETS.get('signing')?.find(({ fence }) => fence === 'sh')?.code ?? '', { origin, catalog });
