// What a scope allows, in a sentence: of our own in our words, of the offered APIs in those of their documents.

import type { Catalog } from '../catalog/catalog.ts';
import { scopeWords } from '../catalog/document-words.ts';
import type { View } from './view.ts';

export const scopeText = (
  catalog: Pick<Catalog, 'documents'>,
  scope: string,
  { m, language }: Pick<View, 'm' | 'language'>,
): string =>
  (Object.hasOwn(m.scopes, scope) ? m.scopes[scope as keyof typeof m.scopes] : undefined) ??
  scopeWords(catalog, scope, language) ??
  '';
