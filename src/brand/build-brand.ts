// Reads a brand's file and makes of it what `#brand` is in a build. Runs for `npm start -- --brand <file>`, and before
// `wrangler deploy` for the file that BRAND names. A file that is wrong is refused, with everything that is wrong in it.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as z from 'zod';
import { loadCatalog } from '../catalog/catalog.ts';
import { pointerTo } from '../core/json-pointer.ts';
import { type BrandFile, brandSchema } from './brand-schema.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url).href);
const DEFAULT = join(ROOT, 'src/brand/default.ts');
/** What wrangler.toml has in place of `#brand`. */
const BUILT = join(ROOT, '.brand/brand.mjs');

const sayWrong = ({ path, message }: z.core.$ZodIssue): string => `${pointerTo(...path) || '/'} ${message}`;

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const isMissing = !existsSync(file);
    throw new Error(isMissing ? 'there is no such file' : `is no JSON: ${(error as Error).message}`);
  }
}

const said = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What is wrong with the documents that a brand names, each by its pointer. */
function wrongDocuments(files: readonly string[]): string[] {
  const wrong: string[] = [];
  const read = files.flatMap((file, i) => {
    try {
      const document = readJson(file);
      loadCatalog([document]);
      return [document];
    } catch (error) {
      wrong.push(
        `${pointerTo('documents', i)} ${file}: ${said(error).replace(/^catalogue document 0: /, '')}`,
      );
      return [];
    }
  });
  if (wrong.length > 0) return wrong;
  try {
    loadCatalog(read);
    return [];
  } catch (error) {
    return [`${pointerTo('documents')} ${said(error)}`];
  }
}

/** @throws an error that lists what is wrong, by JSON pointers */
export function readBrand(file: string): { brand: BrandFile; documents: string[] } {
  const refuse = (wrong: readonly string[]): never => {
    throw new Error(`${file} is no brand:\n${wrong.map((each) => `  ${each}`).join('\n')}`);
  };
  let content: unknown;
  try {
    content = readJson(file);
  } catch (error) {
    return refuse([said(error)]);
  }
  const { data, error } = brandSchema.safeParse(content, { reportInput: false });
  if (!data) return refuse(error.issues.map(sayWrong));
  const documents = data.documents.map((each) => resolve(dirname(file), each));
  const wrong = wrongDocuments(documents);
  return wrong.length > 0 ? refuse(wrong) : { brand: data, documents };
}

const quoted = (value: unknown): string => JSON.stringify(value);

/** The module that stands for `#brand`. `more`: what is laid over the brand. */
export function brandModule(file: string | undefined, more: Partial<BrandFile> = {}): string {
  if (file === undefined)
    return [
      `import { brand as given, documents } from ${quoted(DEFAULT)};`,
      `export const brand = { ...given, ...${quoted(more)} };`,
      'export { documents };',
      '',
    ].join('\n');
  const { brand, documents } = readBrand(resolve(file));
  return [
    ...documents.map((each, i) => `import document${i} from ${quoted(each)};`),
    `export const brand = ${quoted(brand)};`,
    `export const documents = [${documents.map((_, i) => `document${i}`).join(', ')}];`,
    '',
  ].join('\n');
}

export function writeBrand(into: string, file: string | undefined, more?: Partial<BrandFile>): string {
  mkdirSync(dirname(into), { recursive: true });
  writeFileSync(into, brandModule(file, more));
  return into;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  try {
    writeBrand(BUILT, process.env.BRAND || undefined);
  } catch (error) {
    console.error(said(error));
    process.exit(1);
  }
