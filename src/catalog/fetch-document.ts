// Fetches a document that an operator names. Never from where no webhook may go; redirects are followed by hand, so that each
// place is looked at. Time bound: FETCH_TIMEOUT_MS for all of it; size: what a document may have.

import { unfit } from './adopt/problems.ts';
import { MAX_DOCUMENT_BYTES } from './adopt/read-document.ts';

const FETCH_TIMEOUT_MS = 10_000;
const MAX_REDIRECTS = 3;

export interface FetchPorts {
  /** Why nothing is fetched from there; undefined where it may be. */
  refuses(url: string): Promise<string | undefined>;
  fetch(url: string, init: RequestInit): Promise<Response>;
}

async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw unfit('', `is larger than ${MAX_DOCUMENT_BYTES / 1024 / 1024} MiB`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** @throws UnfitDocument when it cannot be had */
export async function fetchDocument(url: string, { refuses, fetch }: FetchPorts): Promise<string> {
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  let at = url;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const refused = await refuses(at);
    if (refused) throw unfit('', refused);
    let response: Response;
    try {
      response = await fetch(at, {
        redirect: 'manual',
        signal,
        headers: { accept: 'application/json, application/yaml, text/yaml, */*;q=0.5' },
      });
    } catch {
      throw unfit('', 'could not be fetched: nobody answered in time');
    }
    const { status, headers } = response;
    const location = headers.get('location');
    if (status >= 300 && status < 400 && location && URL.canParse(location, at)) {
      await response.body?.cancel();
      at = new URL(location, at).href;
      continue;
    }
    if (!response.ok) throw unfit('', `could not be fetched: its server answered ${status}`);
    try {
      return await textOf(response);
    } catch (error) {
      if (error instanceof Error && error.name === 'UnfitDocument') throw error;
      throw unfit('', 'could not be fetched: it broke off');
    }
  }
  throw unfit('', `could not be fetched: it was redirected more than ${MAX_REDIRECTS} times`);
}
