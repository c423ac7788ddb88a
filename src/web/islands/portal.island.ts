// What pages do beyond plain HTML: dialogs, copying, relative times, the live tail, waiting for what is under way, zooming
// by dragging, and the palette. Without it everything still works.

import { startCopyPage } from './copy-page.ts';
import { startPalette } from './palette.ts';

const all = <E extends Element = HTMLElement>(selector: string, root: ParentNode = document): E[] => [
  ...root.querySelectorAll<E>(selector),
];
const TAIL_MS = 2000;
const AWAIT_MS = 2000;
/** Half an hour: whoever comes back after it reloads. */
const MAX_ASKED = 900;
const TICK_MS = 30_000;
const MAX_TAIL_ROWS = 500;

const OPEN_MENUS = 'details.menu[open], .bottom details[open]';

// ---------------------------------------------------------------- dialogs
function show(dialog: HTMLDialogElement): void {
  dialog.removeAttribute('open');
  dialog.showModal();
  const target =
    dialog.querySelector<HTMLElement>('[aria-invalid="true"], [autofocus]') ??
    dialog.querySelector<HTMLElement>('.body input:not([type="hidden"]), .body select, .body button');
  target?.focus();
}
for (const dialog of all<HTMLDialogElement>('dialog[open]')) show(dialog);
for (const dialog of all<HTMLDialogElement>('dialog[data-locked]'))
  dialog.addEventListener('cancel', (event) => event.preventDefault());
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  if (document.querySelector('dialog[data-locked][open]')) event.preventDefault();
  for (const menu of all<HTMLDetailsElement>(OPEN_MENUS)) {
    menu.open = false;
    menu.querySelector('summary')?.focus();
  }
});
document.addEventListener('click', (event) => {
  const target = event.target as Element;
  const opener = target.closest<HTMLElement>('[data-dialog]');
  const dialog = opener && document.getElementById(opener.dataset.dialog ?? '');
  if (dialog instanceof HTMLDialogElement) {
    event.preventDefault();
    show(dialog);
    return;
  }
  const closer = target.closest('[data-close]');
  if (closer) {
    event.preventDefault();
    closer.closest('dialog')?.close();
  } else if (target instanceof HTMLDialogElement && !('locked' in target.dataset)) {
    target.close();
  }
  for (const menu of all<HTMLDetailsElement>(OPEN_MENUS)) {
    if (!menu.contains(target)) menu.open = false;
  }
});

// A secret that was shown is gone: going back does not bring it again.
const secret = document.getElementById('secret');
if (secret) {
  const pre = secret.querySelector('[data-secret] pre');
  const text = pre?.textContent ?? '';
  if (text.startsWith('pk_test_')) sessionStorage.setItem('playground-key', text);
  const next = secret.querySelector('form')?.getAttribute('action');
  if (next) history.replaceState(null, '', next);
}

// What must be ticked says so in the page's language.
for (const tick of all<HTMLInputElement>('[data-missing]')) {
  const say = () => tick.setCustomValidity(tick.checked ? '' : (tick.dataset.missing ?? ''));
  tick.addEventListener('change', say);
  say();
}

// A form that only says "go on" does so by itself.
for (const form of all<HTMLFormElement>('form[data-submit]')) form.requestSubmit();

// What was done is said once: neither again on reload, nor to whom the address is sent.
const here = new URL(location.href);
if (here.searchParams.has('done')) {
  here.searchParams.delete('done');
  history.replaceState(null, '', here);
}

// ---------------------------------------------------------------- copying
document.addEventListener('click', async (event) => {
  const button = (event.target as Element).closest<HTMLButtonElement>('[data-copy]');
  if (!button) return;
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? '');
  } catch {
    const range = document.createRange();
    range.selectNodeContents(button.previousElementSibling ?? button);
    getSelection()?.removeAllRanges();
    getSelection()?.addRange(range);
    return;
  }
  button.textContent = button.dataset.copied ?? '';
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
});

startCopyPage();

// ---------------------------------------------------------------- times
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { numeric: 'auto' });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];
function tick(): void {
  for (const time of all('[data-ago]')) {
    const seconds = (Date.parse(time.dataset.ago ?? '') - Date.now()) / 1000;
    const [unit, length] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
    time.textContent = relative.format(Math.round(seconds / length), unit);
  }
}
setInterval(tick, TICK_MS);

// ---------------------------------------------------------------- what is under way
// An address answers with nothing until there is news: then with what is put in, or with anything to load the page again.
for (const waiting of all('[data-await]')) {
  let asked = 0;
  const timer = setInterval(async () => {
    if (++asked >= MAX_ASKED) clearInterval(timer);
    const response = await fetch(waiting.dataset.await ?? '').catch(() => undefined);
    const news = response?.ok ? await response.text() : '';
    if (news === '') return;
    clearInterval(timer);
    if (!('into' in waiting.dataset)) return location.reload();
    // What stands beside it, and may be shown once, stays.
    waiting.innerHTML = news;
    waiting.classList.add('green');
  }, AWAIT_MS);
}

// ---------------------------------------------------------------- the live tail
const tail = document.querySelector<HTMLButtonElement>('[data-tail]');
const rows = document.querySelector<HTMLElement>('[data-rows]');
if (tail && rows) {
  let timer: ReturnType<typeof setInterval> | undefined;
  tail.classList.remove('hidden');
  const fetchRows = async () => {
    const last = rows.querySelector<HTMLElement>('[data-id]')?.dataset.id ?? '';
    const url = new URL(tail.dataset.tail ?? '', location.href);
    url.searchParams.set('after', last);
    const response = await fetch(url).catch(() => undefined);
    if (!response?.ok) return;
    const html = await response.text();
    if (html.trim() === '') return;
    rows.insertAdjacentHTML('afterbegin', html);
    const headings = new Set<string>();
    for (const heading of all('[data-heading]', rows)) {
      const name = heading.dataset.heading ?? '';
      if (headings.has(name)) heading.remove();
      headings.add(name);
    }
    document.querySelector('[data-empty]')?.remove();
    for (const row of all('[data-id]', rows).slice(MAX_TAIL_ROWS)) row.remove();
    tick();
  };
  tail.addEventListener('click', () => {
    if (timer) {
      clearInterval(timer);
      timer = undefined;
    } else {
      timer = setInterval(fetchRows, TAIL_MS);
      void fetchRows();
    }
    tail.textContent = (timer ? tail.dataset.pause : tail.dataset.follow) ?? '';
    tail.setAttribute('aria-pressed', String(timer !== undefined));
  });
}

// ---------------------------------------------------------------- zooming
const plot = document.querySelector<HTMLElement>('[data-zoom] svg');
if (plot) {
  let first: string | undefined;
  const dayAt = (event: PointerEvent) =>
    (document.elementFromPoint(event.clientX, event.clientY)?.closest('[data-at]') as HTMLElement | null)
      ?.dataset.at;
  plot.addEventListener('dragstart', (event) => event.preventDefault());
  plot.addEventListener('pointerdown', (event) => {
    first = dayAt(event);
  });
  plot.addEventListener('pointerup', (event) => {
    const last = dayAt(event);
    if (!first || !last || first === last || first.length > 10) return;
    const [from, to] = first < last ? [first, last] : [last, first];
    const url = new URL(location.href);
    url.searchParams.delete('range');
    url.searchParams.set('from', from);
    url.searchParams.set('to', to);
    location.assign(url);
  });
}

startPalette();
