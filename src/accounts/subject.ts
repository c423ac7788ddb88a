// Who somebody is, in one word: the id of an account of ours, or a person whom an issuer names. Only `iss` and `sub`
// together name anybody (OpenID Connect Core 1.0, section 2). Pure.

/** Stands in no id of an account (the table says so) and in no issuer (the settings say so). */
const SEPARATOR = '|';

export const subjectOf = (issuer: string, sub: string): string => `${issuer}${SEPARATOR}${sub}`;
