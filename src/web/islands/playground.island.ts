// The reference: loads its bundle from our own assets, fills in the test key of this browser session, and asks nobody
// else for anything.

interface Settings {
  library: string;
  language: string;
  theme: 'system' | 'light' | 'dark';
  documents: { info: { title: string } }[];
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

const configuration = (token: string) =>
  settings.documents.map((document, index) => ({
    title: document.info.title,
    slug: `api-${index + 1}`,
    default: index === 0,
    content: document,
    withDefaultFonts: false,
    telemetry: false,
    persistAuth: false,
    hideClientButton: true,
    showDeveloperTools: 'never',
    agent: { disabled: true },
    mcp: { disabled: true },
    forceDarkModeState: isDark ? 'dark' : 'light',
    hideDarkModeToggle: true,
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

function use(token: string): void {
  if (token.startsWith('pk_live_')) {
    if (problem && field) problem.textContent = field.dataset.liveRefused ?? '';
    if (field) field.value = '';
    return;
  }
  if (problem) problem.textContent = '';
  sessionStorage.setItem(KEY, token);
  reference?.updateConfiguration(configuration(token));
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
  const response = await send(...request);
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

const { createApiReference } = (await import(settings.library)) as {
  createApiReference(element: string, configuration: unknown): Reference;
};
reference = createApiReference('#reference', configuration(sessionStorage.getItem(KEY) ?? ''));

export {};
