// What an operation is called where its route does not say: from its method and path, so that generated clients have names.
// Pure.

const VERBS: Readonly<Record<string, string>> = {
  get: 'get',
  post: 'create',
  put: 'set',
  patch: 'update',
  delete: 'delete',
};

const isParameter = (part: string | undefined): boolean => part?.startsWith('{') ?? false;
const isPlural = (word: string): boolean => /[^su]s$/.test(word);
const singular = (word: string): string =>
  word.endsWith('ies') ? `${word.slice(0, -3)}y` : isPlural(word) ? word.slice(0, -1) : word;
const pascal = (word: string): string =>
  word.replace(/(?:^|[-_.])(\w)/g, (_, letter: string) => letter.toUpperCase());
const camel = (word: string): string =>
  word.replace(/[-_.](\w)/g, (_, letter: string) => letter.toUpperCase());

/** Whether something is made under this path, rather than done: it can be listed there, or one of it named. */
const isCollection = (path: string, paths: Readonly<Record<string, object>>): boolean =>
  'get' in (paths[path] ?? {}) || Object.keys(paths).some((other) => other.startsWith(`${path}/{`));

/**
 * `listAppKeys` of `GET /apps/{appId}/keys`, `createApp` of `POST /apps`, `rotateKey` of `POST /keys/{keyId}/rotate`.
 * `paths`: all paths of the same API.
 */
export function operationIdOf(method: string, path: string, paths: Readonly<Record<string, object>>): string {
  const parts = path.split('/').filter(Boolean);
  const last = parts.at(-1) ?? '';
  const isAction = method === 'post' && parts.length > 1 && !isCollection(path, paths);
  const things = isAction ? parts.slice(0, -1) : parts;
  const words = things.flatMap((part, at) => {
    if (isParameter(part)) return [];
    const isLast = at === things.length - 1;
    return pascal(isLast && method !== 'post' ? part : singular(part));
  });
  const isList = method === 'get' && !isParameter(last) && isPlural(last);
  const verb = isAction ? camel(last) : isList ? 'list' : (VERBS[method] ?? method);
  return verb + words.join('');
}
