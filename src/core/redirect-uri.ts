// Where a program may be sent back to (RFC 6749, 3.1.2; RFC 8252). Pure.

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** Of what a browser would run, or read from this machine, and of what systems and browsers start without asking for a program by name. */
const NO_PROGRAM =
  /^(?:javascript|data|vbscript|file|blob|about|filesystem|view-source|ws|wss|ftp|intent|android-app|mailto|tel|sms|facetime|feed|jar|chrome|edge|resource|moz-extension|chrome-extension|search|search-ms|shell|ms-.*|itms-.*|steam|ssh|telnet|ldap|smb|nfs|magnet|mk|res):$/;
const MAX_CHARS = 1000;

const isLoopback = ({ protocol, hostname }: URL): boolean => protocol === 'http:' && LOOPBACK.has(hostname);

/** Whether a program may name it as its own: https, this machine, or a scheme of a program that is installed. */
export function isRedirectUri(text: string): boolean {
  if (text.length > MAX_CHARS || !URL.canParse(text) || /[\s#\\]/.test(text)) return false;
  const url = new URL(text);
  if (url.username || url.password) return false;
  if (url.protocol === 'http:') return isLoopback(url);
  return url.protocol === 'https:' || !NO_PROGRAM.test(url.protocol);
}

const PORT = /^(http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost)):\d{1,5}(?=[/?]|$)/;

/** As they were written; on this machine with any port, as it is chosen when the program begins (RFC 8252, 7.3). */
export function isSameRedirect(registered: string, asked: string): boolean {
  if (!isRedirectUri(asked)) return false;
  return registered === asked || registered.replace(PORT, '$1') === asked.replace(PORT, '$1');
}

/** With what is to be said there. */
export function redirectWith(uri: string, said: Record<string, string | undefined>): string {
  const url = new URL(uri);
  for (const [name, value] of Object.entries(said))
    if (value !== undefined) url.searchParams.append(name, value);
  return url.href;
}
