// What is wrong with a document, or was left out of it: where, as a JSON pointer (RFC 6901), and in a sentence.

export interface Problem {
  pointer: string;
  message: string;
}

/** More are not listed: whoever mends these sees the others then. */
export const MAX_PROBLEMS = 50;

/** A document that cannot be offered as it is. */
export class UnfitDocument extends Error {
  override name = 'UnfitDocument';
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems.map(({ pointer, message }) => `${pointer || '/'} ${message}`).join('\n'));
    this.problems = problems.slice(0, MAX_PROBLEMS);
  }
}

export const unfit = (pointer: string, message: string): UnfitDocument =>
  new UnfitDocument([{ pointer, message }]);
