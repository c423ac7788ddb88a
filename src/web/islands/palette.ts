// The command palette: Ctrl K, a few letters, Enter. It offers the page's own navigation and links.

interface Target {
  text: string;
  href: string;
}

/** The links that are on the page, each once. */
const targetsOf = (page: Document): Target[] =>
  [
    ...page.querySelectorAll<HTMLAnchorElement>(
      '.side a, .main a[href^="/portal/"], .main a[href^="/operator/"], .menu a',
    ),
  ]
    .map((link) => ({ text: (link.textContent ?? '').trim().replace(/\s+/g, ' '), href: link.href }))
    .filter(({ text }, index, all) => text !== '' && all.findIndex((other) => other.text === text) === index);

function itemOf({ text, href }: Target, index: number, isChosen: boolean): HTMLAnchorElement {
  const link = document.createElement('a');
  link.setAttribute('role', 'option');
  link.id = `palette-${index}`;
  link.href = href;
  link.tabIndex = -1;
  link.textContent = text;
  link.setAttribute('aria-selected', String(isChosen));
  return link;
}

export function startPalette(): void {
  const dialog = document.getElementById('palette');
  if (!(dialog instanceof HTMLDialogElement)) return;
  const input = dialog.querySelector('input');
  const list = dialog.querySelector('[role="listbox"]');
  if (!input || !list) return;
  const targets = targetsOf(document);
  let chosen = 0;

  function draw(): void {
    const wanted = input?.value.toLowerCase().trim() ?? '';
    const found = targets.filter(({ text }) => text.toLowerCase().includes(wanted)).slice(0, 12);
    chosen = Math.max(0, Math.min(chosen, found.length - 1));
    list?.replaceChildren(...found.map((target, index) => itemOf(target, index, index === chosen)));
    input?.setAttribute('aria-activedescendant', `palette-${chosen}`);
  }

  const open = () => {
    input.value = '';
    chosen = 0;
    draw();
    if (!dialog.open) dialog.showModal();
    input.focus();
  };
  for (const button of document.querySelectorAll('[data-palette]')) {
    button.classList.remove('hidden');
    button.addEventListener('click', open);
  }
  document.addEventListener('keydown', (event) => {
    if (
      (event.ctrlKey || event.metaKey) &&
      event.key.toLowerCase() === 'k' &&
      !document.querySelector('dialog[data-locked][open]')
    ) {
      event.preventDefault();
      open();
    }
  });
  input.addEventListener('input', () => {
    chosen = 0;
    draw();
  });
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown') chosen++;
    else if (event.key === 'ArrowUp') chosen--;
    else if (event.key === 'Enter')
      return list.querySelector<HTMLAnchorElement>('[aria-selected="true"]')?.click();
    else return;
    event.preventDefault();
    draw();
  });
}
