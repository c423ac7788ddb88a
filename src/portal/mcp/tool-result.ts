// An API's answer as the result of a tool: what a model reads, and what its program may want to know of the call.

import { toBase64 } from '../../core/encoding.ts';
import { isErrorCode } from '../../core/errors.ts';
import { bytesWithin, headOf } from '../../http/body.ts';
import { messagesOf } from '../../web/messages/messages.ts';

type Content =
  | { type: 'text'; text: string }
  | { type: 'image' | 'audio'; data: string; mimeType: string }
  | { type: 'resource'; resource: { uri: string; mimeType: string; blob: string } };

export interface ToolResult {
  content: Content[];
  isError?: boolean;
  _meta?: Record<string, unknown>;
  [more: string]: unknown;
}

/** What a call came to. */
export interface Called {
  response: Response;
  requestId: string;
  /** Where it was asked. */
  url: string;
  /** That it was billed. */
  units: number;
}

/** A model reads no more. */
const MAX_TEXT_BYTES = 512 * 1024;
const MAX_MEDIA_BYTES = 4 * 1024 * 1024;
const MAX_READ_MS = 60_000;
const TEXTUAL =
  /^\s*(?:text\/|application\/(?:[\w.+-]+\+)?(?:json|xml|yaml|javascript)|application\/x-www-form-urlencoded)/i;

const text = (words: string): Content => ({ type: 'text', text: words });

export const failed = (words: string): ToolResult => ({ content: [text(words)], isError: true });
/** What costs nothing, as JSON. */
export const answered = (value: unknown): ToolResult => ({ content: [text(JSON.stringify(value, null, 2))] });

const PERIODS = ['Second', 'Day', 'Month', 'Budget'] as const;
const number = (value: string | null): number | undefined =>
  value !== null && /^-?\d+$/.test(value) ? Number(value) : undefined;

/** What is left of each limit; -1 is unlimited. */
function remainingOf(headers: Headers): Record<string, number> | undefined {
  const left = PERIODS.flatMap((period) => {
    const remaining = number(headers.get(`X-RateLimit-Remaining-${period}`));
    return remaining === undefined ? [] : [[period.toLowerCase(), remaining] as const];
  });
  return left.length > 0 ? Object.fromEntries(left) : undefined;
}

/** What is no text, as what it is. */
async function mediaOf(type: string, body: ReadableStream, url: string): Promise<Content> {
  const bytes = await bytesWithin(body, MAX_MEDIA_BYTES, MAX_READ_MS);
  if (!bytes) return text(`The answer is ${type}, and too large for a tool, or did not end in time`);
  const [mimeType = type] = type.split(';', 1);
  const data = toBase64(bytes);
  const [kind] = mimeType.toLowerCase().trim().split('/');
  return kind === 'image' || kind === 'audio'
    ? { type: kind, data, mimeType }
    : { type: 'resource', resource: { uri: url, mimeType, blob: data } };
}

async function contentOf({ body, headers }: Response, url: string): Promise<Content[]> {
  const type = headers.get('content-type') ?? '';
  if (!body) return [];
  if (type !== '' && !TEXTUAL.test(type)) return [await mediaOf(type, body, url)];
  const read = await headOf(body, MAX_TEXT_BYTES + 1, MAX_READ_MS);
  if (read.length <= MAX_TEXT_BYTES) return [text(read)];
  return [text(read.slice(0, MAX_TEXT_BYTES)), text('The answer is longer, and was cut here')];
}

/** What may be done about it, in a sentence, where the refusal is one of ours. */
function adviceOf(content: readonly Content[]): Content[] {
  const [first] = content;
  if (first?.type !== 'text') return [];
  try {
    const { error } = JSON.parse(first.text);
    return typeof error === 'string' && isErrorCode(error)
      ? [text(messagesOf('en').errorGuide[error].fix)]
      : [];
  } catch {
    return [];
  }
}

export async function toolResult({ response, requestId, url, units }: Called): Promise<ToolResult> {
  const { status, headers } = response;
  const content = await contentOf(response, url);
  const isError = status >= 400;
  const remaining = remainingOf(headers);
  const retryAfter = number(headers.get('retry-after'));
  return {
    content: [
      ...(isError ? [text(`HTTP ${status}`)] : []),
      ...(content.length > 0 ? content : [text(`HTTP ${status}, without a body`)]),
      ...(isError ? adviceOf(content) : []),
    ],
    ...(isError && { isError }),
    _meta: {
      'passerelle/request_id': requestId,
      'passerelle/status': status,
      'passerelle/units': units,
      ...(remaining && { 'passerelle/remaining': remaining }),
      ...(retryAfter !== undefined && { 'passerelle/retry_after': retryAfter }),
    },
  };
}
