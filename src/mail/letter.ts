// A mail as it is described once: paragraphs and the one thing to do. mail-parts.tsx makes plain text and HTML of it. Pure.

export type MailLanguage = 'en' | 'fr';

/** The page to open: a button, or its label and address. */
export interface Action {
  label: string;
  url: string;
}
export interface MailText {
  subject: string;
  /** In this order; between them is an empty line. */
  body: readonly (string | Action)[];
  /** How to get no more of its kind; below our name. */
  stop?: Action;
}

export interface Letter {
  product: string;
  name: string;
  url: string;
  /** What a letter of its kind says besides. */
  detail?: string;
  /** Paragraphs that end it, before our name. */
  foot?: readonly string[];
  /** Whom to ask. */
  support?: string;
}
