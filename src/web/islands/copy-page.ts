// "Copy for an assistant": fetches a page's Markdown twin into the clipboard. Without this the page has a link to it.

const SHOWN_MS = 1500;

/** The clipboard takes a promise, so that the click still counts as the reason (Safari). */
const copyFrom = (url: string): Promise<void> =>
  navigator.clipboard.write([
    new ClipboardItem({
      'text/plain': fetch(url).then((response) => {
        if (!response.ok) throw new Error(String(response.status));
        return response.blob().then((blob) => new Blob([blob], { type: 'text/plain' }));
      }),
    }),
  ]);

export function startCopyPage(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>('[data-copy-page]')) {
    button.classList.remove('hidden');
    button.addEventListener('click', async () => {
      const url = button.dataset.copyPage ?? '';
      const before = button.textContent;
      try {
        await copyFrom(url);
      } catch {
        location.assign(url);
        return;
      }
      button.textContent = button.dataset.copied ?? '';
      setTimeout(() => {
        button.textContent = before;
      }, SHOWN_MS);
    });
  }
}
