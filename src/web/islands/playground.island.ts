// The reference: loads its bundle from our own assets, fills in the test key of this browser session, and asks nobody
// else for anything.

import { toHex, utf8 } from '../../core/encoding.ts';
import { boundText, hmacKey, SIGNATURE_HEADERS } from '../../keys/signature.ts';

interface Settings {
  library: string;
  language: string;
  theme: 'system' | 'light' | 'dark';
  documents: { title: string; url: string }[];
  /** Summaries in the language of the page, by those of the documents. */
  summaries: Record<string, string>;
}
interface Operation {
  summary?: string;
  security?: object[];
}
interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
  components: object;
}
interface Reference {
  updateConfiguration(configuration: unknown): void;
}

const KEY = 'playground-key';
const settings = JSON.parse(document.getElementById('reference-settings')?.textContent ?? '{}') as Settings;
const field = document.getElementById('playground-key') as HTMLInputElement | null;
const problem = document.querySelector('[data-playground-error]');

const isDark =
  settings.theme === 'dark' ||
  (settings.theme === 'system' && matchMedia('(prefers-color-scheme: dark)').matches);

/** As the reference shows it: with one way to authenticate, since signing is done here, and in the page's language. */
function shown(document: OpenApiDocument): OpenApiDocument {
  for (const item of Object.values(document.paths))
    for (const operation of Object.values(item)) {
      operation.security = [{ bearer: [] }];
      operation.summary = settings.summaries[operation.summary ?? ''] ?? operation.summary;
    }
  const bearer = { type: 'http', scheme: 'bearer', description: 'pk_test_…' };
  return { ...document, components: { ...document.components, securitySchemes: { bearer } } };
}

let documents: OpenApiDocument[] = [];

const configuration = (token: string) =>
  settings.documents.map(({ title }, index) => ({
    title,
    slug: `api-${index + 1}`,
    default: index === 0,
    content: documents[index],
    withDefaultFonts: false,
    telemetry: false,
    persistAuth: false,
    hideClientButton: true,
    showDeveloperTools: 'never',
    agent: { disabled: true },
    mcp: { disabled: true },
    forceDarkModeState: isDark ? 'dark' : 'light',
    hideDarkModeToggle: true,
    // Ctrl K is one search: the page's own, where it has one.
    hideSearch: document.getElementById('palette') !== null,
    defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
    hiddenClients: {
      c: true,
      clojure: true,
      csharp: true,
      go: true,
      http: true,
      java: true,
      kotlin: true,
      objc: true,
      ocaml: true,
      powershell: true,
      r: true,
      ruby: true,
      rust: true,
      swift: true,
      dart: true,
      fsharp: true,
    },
    authentication: {
      preferredSecurityScheme: 'bearer',
      securitySchemes: { bearer: { token } },
    },
  }));

let reference: Reference | undefined;

/** The id of a signing key is shown in the reference's examples; its secret stays here. */
const idOf = (credential: string): string => credential.split(':', 1)[0] ?? '';

/**
 * Signs the whole request and all headers that were set, as the guide says, where it goes out under the id of the signing
 * key. The browser's cache is passed by: it would make the request conditional after it was signed.
 */
async function signed(request: Request): Promise<Request> {
  const [id = '', secret] = (sessionStorage.getItem(KEY) ?? '').split(':');
  if (!secret || request.headers.get('authorization') !== `Bearer ${id}`) return request;
  const { method, url } = request;
  const headers = new Headers(request.headers);
  headers.delete('authorization');
  const set = [...headers.keys()].toSorted().join(';');
  if (set !== '') headers.set(SIGNATURE_HEADERS, set);
  headers.set('x-signature-version', '2');
  headers.set('x-timestamp', String(Math.floor(Date.now() / 1000)));
  headers.set('x-nonce', crypto.randomUUID());
  const body = new Uint8Array(await request.clone().arrayBuffer());
  const text = utf8(await boundText({ method, url, headers }, body));
  const signature = await crypto.subtle.sign('HMAC', await hmacKey(secret, 'bound'), text);
  headers.set('x-api-key', `${id}:${toHex(signature)}`);
  return new Request(request, { headers, cache: 'no-store' });
}

function use(token: string): void {
  if (/^[pa]k_live_/.test(token)) {
    if (problem && field) problem.textContent = field.dataset.liveRefused ?? '';
    if (field) field.value = '';
    return;
  }
  if (problem) problem.textContent = '';
  sessionStorage.setItem(KEY, token);
  reference?.updateConfiguration(configuration(idOf(token)));
}

if (field) {
  field.value = sessionStorage.getItem(KEY) ?? '';
  field.addEventListener('change', () => use(field.value.trim()));
}
document
  .querySelector<HTMLButtonElement>('[data-playground-key]')
  ?.addEventListener('click', async (event) => {
    const button = event.currentTarget as HTMLButtonElement;
    button.disabled = true;
    const response = await fetch(button.dataset.playgroundKey ?? '', { method: 'POST' }).catch(
      () => undefined,
    );
    const answer = (await response?.json().catch(() => undefined)) as
      | { secret?: string; problem?: string }
      | undefined;
    button.disabled = false;
    if (answer?.secret && field) {
      field.value = answer.secret;
      use(answer.secret);
    } else if (problem) {
      problem.textContent = answer?.problem ?? '…';
    }
  });

// What the last answer said of the limits, beside the reference's own list of headers.
const limits = document.querySelector('[data-limits]');
const PERIODS = ['Second', 'Day', 'Month'];
const send = globalThis.fetch.bind(globalThis);
globalThis.fetch = async (...request: Parameters<typeof fetch>) => {
  const response = await send(await signed(new Request(...request)));
  const found = PERIODS.flatMap((period) => {
    const remaining = response.headers.get(`x-ratelimit-remaining-${period}`);
    const limit = response.headers.get(`x-ratelimit-limit-${period}`);
    return remaining === null ? [] : [`X-RateLimit-Remaining-${period}: ${remaining} / ${limit}`];
  });
  if (limits && found.length > 0) {
    limits.textContent = [
      `${response.status}`,
      ...found,
      `X-Request-Id: ${response.headers.get('x-request-id')}`,
    ].join('\n');
    limits.parentElement?.classList.remove('hidden');
  }
  return response;
};

// Half a megabyte: after the first paint, which it would hold up.
document.querySelector('[data-loading]')?.classList.remove('hidden');
await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
const [{ createApiReference }, ...loaded] = await Promise.all([
  import(settings.library) as Promise<{
    createApiReference(element: string, configuration: unknown): Reference;
  }>,
  ...settings.documents.map(async ({ url }) => shown((await (await send(url)).json()) as OpenApiDocument)),
]);
documents = loaded;
// It takes what is there for its own, made on a server.
document.getElementById('reference')?.replaceChildren();
reference = createApiReference('#reference', configuration(idOf(sessionStorage.getItem(KEY) ?? '')));
