// Request bodies within their bound, whole or as a stream.

/** Calls it when the caller has broken off, now or later: a body is then neither read nor cancelled. */
export function whenGone({ signal }: Pick<Request, 'signal'>, done: () => void): void {
  if (signal.aborted) done();
  else signal.addEventListener('abort', done, { once: true });
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(bytes);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

export type Unreadable = 'too_large' | 'cut_short';

/** The whole body; `cut_short` when whoever sends it stopped. */
export async function readBody(
  message: { body: ReadableStream | null; headers: Pick<Headers, 'get'> },
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | Unreadable> {
  if (!message.body) return new Uint8Array();
  if (Number(message.headers.get('content-length') ?? 0) > maxBytes) return 'too_large';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of message.body as ReadableStream<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > maxBytes) return 'too_large';
      chunks.push(chunk);
    }
  } catch {
    return 'cut_short';
  }
  return joined(chunks, bytes);
}

/** The whole body; undefined where it is larger, or does not come in time. Never throws. */
export async function bytesWithin(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  const ended = new AbortController();
  const timer = setTimeout(() => ended.abort(), timeoutMs);
  const reader = body.getReader();
  ended.signal.addEventListener('abort', () => void reader.cancel().catch(() => undefined));
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (ended.signal.aborted) return undefined;
      if (done) break;
      bytes += value.length;
      if (bytes > maxBytes) {
        ended.abort();
        return undefined;
      }
      chunks.push(value);
    }
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
  return joined(chunks, bytes);
}

/** The beginning of a body as text: at most so many bytes, and what has come in time. Never throws. */
export async function headOf(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  timeoutMs: number,
): Promise<string> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<{ done: true; value?: undefined }>((resolve) => {
    timer = setTimeout(() => resolve({ done: true }), timeoutMs);
  });
  let text = '';
  try {
    for (let bytes = 0; bytes < maxBytes; ) {
      const { done, value } = await Promise.race([reader.read(), late]);
      if (done) break;
      text += decoder.decode(value.subarray(0, maxBytes - bytes), { stream: true });
      bytes += value.length;
    }
  } catch {
    // What has come is all that there is.
  }
  clearTimeout(timer);
  reader.cancel().catch(() => undefined);
  return text;
}

export interface CountedStream {
  body: ReadableStream<Uint8Array>;
  bytes(): number;
  isTooLarge(): boolean;
  /** Whether its sender broke it off. */
  isCutShort(): boolean;
  /** Whether all of it has come. */
  isWhole(): boolean;
}

export interface StreamEvents {
  /** Called before the stream ends that is too large, or that its sender broke off. */
  brokenOff?(): void;
  /** Called at the end, also of a stream that its reader gave up. */
  done?(): void;
}

/**
 * Passes a stream on, counting, and breaks it off past the bound, and where its sender does. That is told first: the runtime ends
 * what it sends on in good order, and whoever receives it would take the part for the whole.
 */
export function countStream(
  source: ReadableStream<Uint8Array>,
  maxBytes: number,
  { brokenOff, done }: StreamEvents,
): CountedStream {
  let bytes = 0;
  let isWhole = false;
  let isCutShort = false;
  let isGivenUp = false;
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      bytes += chunk.length;
      if (bytes <= maxBytes) return controller.enqueue(chunk);
      brokenOff?.();
      controller.error(new Error('body over its bound'));
    },
    flush() {
      isWhole = true;
      done?.();
    },
    cancel() {
      isGivenUp = true;
      done?.();
    },
  });
  source.pipeTo(writable, { preventAbort: true }).catch((error) => {
    // Its reader gave up, or was given up as it was too much.
    if (isGivenUp || bytes > maxBytes) return;
    isCutShort = true;
    brokenOff?.();
    return writable.abort(error).catch(() => undefined);
  });
  return {
    body: readable,
    bytes: () => bytes,
    isTooLarge: () => bytes > maxBytes,
    isCutShort: () => isCutShort,
    isWhole: () => isWhole,
  };
}
