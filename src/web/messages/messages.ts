// The two catalogues. French has the shape of English: a string that is in one and not in the other does not compile.

import type { Language } from '../format.ts';
import { en } from './en.ts';
import { fr } from './fr.ts';

export type Messages = typeof en;
/** What was done: each has its words in both languages. */
export type Done = keyof Messages['done'];

export const messagesOf = (language: Language): Messages => (language === 'fr' ? fr : en);
