// W3C Trace Context: a call goes on in the trace that its caller is in, or begins one. Its ids are the request id's, which is
// as random as they have to be: nothing is drawn for them, and whoever has the one finds the other. Pure.

export interface Trace {
  traceId: string;
  /** Two hexadecimal digits. */
  flags: string;
  isContinued: boolean;
}

/** `00-<trace: 32 digits>-<the caller's span: 16>-<flags: 2>`; a version that is to come may say more behind it. */
const LENGTH = 55;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-|$)/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
/** `sampled` and `random`: the others are not defined, and not to be passed on. */
const KNOWN_FLAGS = 0b11;
/** Sampled: where callers know nothing of traces, an upstream that follows its caller would record nothing. */
const BEGUN = '01';

function isValid(traceparent: string): boolean {
  if (!TRACEPARENT.test(traceparent) || traceparent.startsWith('ff')) return false;
  if (traceparent.startsWith('00') && traceparent.length !== LENGTH) return false;
  return !traceparent.startsWith(NO_TRACE, 3) && !traceparent.startsWith(NO_SPAN, 36);
}

/** `callId`: the request's id, a UUID. */
export function traceOf(traceparent: string | null, callId: string): Trace {
  if (traceparent === null || !isValid(traceparent))
    return { traceId: callId.replaceAll('-', ''), flags: BEGUN, isContinued: false };
  const flags = `0${Number.parseInt(traceparent.charAt(LENGTH - 1), 16) & KNOWN_FLAGS}`;
  return { traceId: traceparent.slice(3, 35), flags, isContinued: true };
}

/**
 * What the upstream is told: that its span is within the call's, whose id is the end of the request's. Of that, 62 bits are
 * random in a UUID of version 7, and one is never 0.
 */
export const traceparentOf = ({ traceId, flags }: Trace, callId: string): string =>
  `00-${traceId}-${callId.slice(19, 23)}${callId.slice(24)}-${flags}`;
