// What a failed call is counted and looked for under: its code of ours, or, where the upstream's own answer failed, its status
// (PROBLEM in scope-reports.ts). `upstream_503` is the upstream's, `upstream_error` is ours. Pure.

import { isErrorCode } from '../core/errors.ts';

/** The route of calls that match none. */
export const UNMATCHED = 'unmatched';

const UPSTREAM = /^upstream_([45]\d\d)$/;

/** The status that the upstream answered; undefined of a code of ours. */
export const upstreamStatus = (problem: string): string | undefined => UPSTREAM.exec(problem)?.[1];

export const isProblem = (text: string): boolean => isErrorCode(text) || UPSTREAM.test(text);
