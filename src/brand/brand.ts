// Whose product this is: everything that another operator would say otherwise, and the documents of the APIs that it offers.
// `#brand` is src/brand/default.ts, or what build-brand.ts makes of another file. Checked there, not here: a Worker starts
// with what was built.

import * as given from '#brand';
import type { BrandFile } from './brand-schema.ts';

/** By language; English stands where one is missing. */
export type BrandText = { en: string } & Partial<Record<string, string>>;
export type Brand = Omit<BrandFile, '$schema' | 'documents'>;

export const BRAND: Brand = given.brand;
export const DOCUMENTS: readonly unknown[] = given.documents;

export const textIn = (text: BrandText, language: string): string => text[language] ?? text.en;
