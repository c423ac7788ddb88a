// What the documents say to people: scopes, notes and summaries in a language, and the calls that show an API. Pure.

import { inFrenchType } from '../core/french.ts';
import type { Catalog } from './catalog.ts';

const typed = (text: string, language: string): string => (language === 'fr' ? inFrenchType(text) : text);

type Documents = Pick<Catalog, 'documents'>;

/** What a scope allows; nothing where no document says it. */
export function scopeWords({ documents }: Documents, scope: string, language: string): string | undefined {
  const [said] = documents.flatMap((each) => each['x-passerelle'].scopes[scope] ?? []);
  return said?.[language] === undefined ? said?.en : typed(said[language], language);
}

/** A summary or description in a language; as it is where there is no translation. */
export function translated({ documents }: Documents, text: string, language: string): string {
  const [found] = documents.flatMap((each) => each['x-passerelle'].translations[language]?.[text] ?? []);
  return found === undefined ? text : typed(found, language);
}

/** What the documents say of a subject, a sentence or two each. */
export const notesOf = ({ documents }: Documents, subject: string, language: string): string[] =>
  documents.flatMap((each) => {
    const note = each['x-passerelle'].notes[subject];
    return note ? typed(note[language] ?? note.en, language) : [];
  });

export interface FirstCall {
  method: string;
  path: string;
  /** As JSON. */
  body?: string;
  scope: string | null;
  api: string;
}

/** In the documents' order. */
export const firstCalls = ({ documents }: Documents): FirstCall[] =>
  documents.flatMap(({ paths, 'x-passerelle': { id: api } }) =>
    Object.values(paths).flatMap((item) =>
      Object.entries(item).flatMap(([method, operation]) => {
        const { 'x-first-call': shown, 'x-passerelle': own } = operation;
        if (!shown) return [];
        const body = shown.body && JSON.stringify(shown.body);
        return [{ method: method.toUpperCase(), path: shown.path, body, scope: own.scope, api }];
      }),
    ),
  );

/** Of this gateway itself, which every key may call. */
const OWN_READ = { path: '/dashboard/me', api: '' };
const OWN_WRITE = { path: '/dashboard/api-keys', body: '{"name":"Example"}', api: '' };

export interface ShownCalls {
  read: string;
  write: string;
  /** JSON. */
  body: string;
  /** What a key that may write reads. */
  list: string;
}

/** Those that programs of the guides make: our own where the documents show none. */
export function shownCalls(catalog: Documents): ShownCalls {
  const calls = firstCalls(catalog);
  const reads = calls.filter(({ method }) => method === 'GET');
  const [read = OWN_READ] = reads;
  const write = calls.find(({ method, body }) => method === 'POST' && body) ?? OWN_WRITE;
  const list = reads.find(({ api }) => api === write.api) ?? read;
  return { read: read.path, write: write.path, body: write.body ?? '{}', list: list.path };
}

/** Whether one of the sandboxes that we bring answers for some API. */
export const hasSandbox = ({ documents }: Documents, name: string): boolean =>
  documents.some((each) => each['x-passerelle'].sandbox === name);
