// The command palette: Ctrl K, a few letters, Enter. The server finds what it offers; what was found is kept for this page.

/** After the last letter. */
const PAUSE_MS = 120;
/** A whole key is not sent: what is shown of it finds it as well. */
const SECRET = /^([ps]k_(?:live|test)_\w{8})\w+$/;

interface Parts {
  dialog: HTMLDialogElement;
  form: HTMLFormElement;
  input: HTMLInputElement;
  list: HTMLElement;
  note: HTMLElement;
}

function partsOf(): Parts | undefined {
  const dialog = document.getElementById('palette');
  const form = dialog?.querySelector<HTMLFormElement>('form[data-options]');
  const input = form?.querySelector('input');
  const list = dialog?.querySelector<HTMLElement>('[role="listbox"]');
  const note = dialog?.querySelector<HTMLElement>('[role="status"]');
  if (!(dialog instanceof HTMLDialogElement) || !form || !input || !list || !note) return undefined;
  return { dialog, form, input, list, note };
}

/** The options for what is typed, as HTML of ours. Undefined when the server has none to give. */
function createFinder(address: string) {
  const known = new Map<string, string>();
  return async (words: string): Promise<string | undefined> => {
    const before = known.get(words);
    if (before !== undefined) return before;
    const url = `${address}?${new URLSearchParams({ q: words })}`;
    const response = await fetch(url).catch(() => undefined);
    // A session that ended leads to another page.
    if (!response?.ok || response.redirected) return undefined;
    const found = await response.text();
    known.set(words, found);
    return found;
  };
}

/** The options and which of them is chosen. */
function createList({ input, list, note }: Parts) {
  let options: HTMLElement[] = [];
  let chosen = 0;
  function choose(index: number): void {
    options[chosen]?.setAttribute('aria-selected', 'false');
    chosen = (index + options.length) % (options.length || 1);
    const option = options[chosen];
    option?.setAttribute('aria-selected', 'true');
    // Above the first is the name of its group.
    if (chosen === 0) list.parentElement?.scrollTo(0, 0);
    else option?.scrollIntoView({ block: 'nearest' });
    if (option) input.setAttribute('aria-activedescendant', option.id);
    else input.removeAttribute('aria-activedescendant');
  }
  return {
    show(html: string | undefined): void {
      list.innerHTML = html ?? '';
      options = [...list.querySelectorAll<HTMLElement>('[role="option"]')];
      const isEmpty = options.length === 0;
      list.hidden = isEmpty;
      input.setAttribute('aria-expanded', String(!isEmpty));
      list.setAttribute('aria-busy', 'false');
      note.textContent = isEmpty
        ? ((html === undefined ? note.dataset.failed : note.dataset.none) ?? '')
        : '';
      choose(0);
    },
    wait: () => list.setAttribute('aria-busy', 'true'),
    settle: () => list.setAttribute('aria-busy', 'false'),
    move: (by: number) => choose(chosen + by),
    go: () => options[chosen]?.click(),
  };
}

export function startPalette(): void {
  const parts = partsOf();
  if (!parts) return;
  const { dialog, form, input } = parts;
  const find = createFinder(form.dataset.options ?? '');
  const list = createList(parts);
  let shown: string | undefined;
  let pause: ReturnType<typeof setTimeout> | undefined;

  /** What was typed last is what is shown, whichever answer comes first. */
  async function draw(): Promise<void> {
    clearTimeout(pause);
    const words = input.value.trim().replace(SECRET, '$1');
    if (shown === words) return list.settle();
    const found = await find(words);
    if (words !== input.value.trim().replace(SECRET, '$1')) return;
    shown = found === undefined ? undefined : words;
    list.show(found);
  }
  function open(): void {
    input.value = '';
    if (!dialog.open) dialog.showModal();
    input.focus();
    void draw();
  }

  for (const button of document.querySelectorAll('[data-palette]'))
    button.addEventListener('click', (event) => {
      event.preventDefault();
      open();
    });
  document.addEventListener('keydown', (event) => {
    const isAsked = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
    if (!isAsked || document.querySelector('dialog[data-locked][open]')) return;
    event.preventDefault();
    open();
  });
  input.addEventListener('input', () => {
    clearTimeout(pause);
    list.wait();
    pause = setTimeout(draw, PAUSE_MS);
  });
  input.addEventListener('keydown', (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    list.move(by);
  });
  // Enter may come before what it is about.
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await draw();
    list.go();
  });
}
