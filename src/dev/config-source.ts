// `passerelle.yaml` on disk: read with the documents that it names, and written with one file for each document.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseDocument, stringify } from 'yaml';
import { isObject, type JsonObject } from '../catalog/adopt/read-document.ts';

const FETCH_TIMEOUT_MS = 10_000;
const SCHEMA = fileURLToPath(new URL('../../docs/passerelle.schema.json', import.meta.url).href);

async function documentAt(source: string, folder: string): Promise<string> {
  if (!/^https?:\/\//.test(source)) return readFileSync(resolve(folder, source), 'utf8');
  const response = await fetch(source, { signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
  if (!response.ok) throw new Error(`its server answered ${response.status}`);
  return response.text();
}

async function withDocuments(apis: JsonObject, folder: string): Promise<JsonObject> {
  const entries = Object.entries(apis).map(async ([id, entry]) => {
    if (!isObject(entry) || typeof entry.document !== 'string') return [id, entry];
    try {
      return [id, { ...entry, document: await documentAt(entry.document, folder) }];
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`apis.${id}.document: ${entry.document} cannot be read: ${why}`);
    }
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** The file, with the text of each document in it. @throws an error in words for whoever reads the terminal */
export async function readConfigFile(path: string): Promise<JsonObject> {
  if (!existsSync(path)) throw new Error(`${path} is not there. \`npm run passerelle -- export\` writes one`);
  const parsed = parseDocument(readFileSync(path, 'utf8'));
  const [wrong] = parsed.errors;
  if (wrong) throw new Error(`${path} is no YAML: ${wrong.message}`);
  const content: unknown = parsed.toJS();
  if (!isObject(content)) throw new Error(`${path} must hold apis, plans or alert_rules, by their names`);
  const { $schema: _schema, ...file } = content;
  return isObject(file.apis) ? { ...file, apis: await withDocuments(file.apis, dirname(path)) } : file;
}

/** Writes what was exported. @returns the files. @throws where a file is there already */
export function writeConfigFile(path: string, exported: JsonObject): string[] {
  const files = new Map<string, string>();
  const apis = Object.entries(isObject(exported.apis) ? exported.apis : {}).map(([id, entry]) => {
    if (!isObject(entry) || !entry.document) return [id, entry];
    files.set(join(dirname(path), 'apis', `${id}.json`), `${JSON.stringify(entry.document, null, 2)}\n`);
    return [id, { ...entry, document: `./apis/${id}.json` }];
  });
  const content = { ...exported, ...(apis.length > 0 && { apis: Object.fromEntries(apis) }) };
  files.set(
    path,
    `# yaml-language-server: $schema=${relative(dirname(path), SCHEMA)}\n${stringify(content)}`,
  );
  const there = [...files.keys()].find((file) => existsSync(file));
  if (there) throw new Error(`${there} is there already: name another place, or remove it first`);
  for (const [file, text] of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  return [...files.keys()];
}
