// The operations of a document, as ours are: each with all of its parameters, a name, a summary, a scope, and an example of
// what it answers. What cannot pass the gateway is left out, and said. Pure.

import { maySayToCaller, maySayToUpstream } from '../headers.ts';
import { exampleOfAnswer } from './example.ts';
import type { Inliner } from './inline.ts';
import { type Problem, pointerTo } from './problems.ts';
import { followed, isObject, type JsonObject } from './read-document.ts';

export const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head'] as const;
/** Defined by their own fields: OpenAPI 3.1, 4.8.12.1. */
const OWN_FIELDS = new Set(['accept', 'content-type', 'authorization']);

export interface Offer {
  id: string;
  title: string;
  prefix: string;
}

const words = (name: string): string =>
  name
    .replace(/([a-z\d])([A-Z])/g, '$1 $2')
    .replace(/[\W_]+/g, ' ')
    .trim();

const summaryOf = (
  { summary, description, operationId }: JsonObject,
  method: string,
  path: string,
): string => {
  const said = [summary, typeof description === 'string' ? description.split(/\n|(?<=\.) /)[0] : undefined];
  const found = said.find((text): text is string => typeof text === 'string' && text.trim() !== '');
  if (found) return found.trim().slice(0, 120);
  return typeof operationId === 'string' && words(operationId) !== ''
    ? words(operationId)
    : `${method.toUpperCase()} ${path}`;
};

/** Templates of a path: `id` of `/things/{id}`. */
export const templatesOf = (path: string): string[] =>
  [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);

export class Operations {
  private readonly document: JsonObject;
  private readonly inliner: Inliner;
  private readonly offer: Offer;
  private readonly operationIds = new Set<string>();
  readonly notes: Problem[] = [];

  constructor(document: JsonObject, inliner: Inliner, offer: Offer) {
    this.document = document;
    this.inliner = inliner;
    this.offer = offer;
  }

  /** `common`: of the path item. */
  operation(given: JsonObject, method: string, path: string, common: readonly unknown[]): JsonObject {
    const pointer = pointerTo('paths', path, method);
    const { callbacks, security, servers, responses, parameters, requestBody, ...own } = given;
    if (callbacks) this.notes.push({ pointer: `${pointer}/callbacks`, message: 'is not offered' });
    if (servers)
      this.notes.push({ pointer: `${pointer}/servers`, message: 'is not heeded: an API has its upstreams' });
    const scope = method === 'get' || method === 'head' ? `read:${this.offer.id}` : `write:${this.offer.id}`;
    const tags = Array.isArray(own.tags) && own.tags.length > 0 ? own.tags : [this.offer.title];
    return {
      'x-passerelle': { scope },
      ...(this.inliner.part(own) as JsonObject),
      operationId: this.operationId(own.operationId, method, path),
      summary: summaryOf(own, method, path),
      tags,
      parameters: this.parameters(
        [...common, ...(Array.isArray(parameters) ? parameters : [])],
        path,
        pointer,
      ),
      ...(requestBody !== undefined && { requestBody: this.requestBody(requestBody) }),
      responses: this.responses(isObject(responses) ? responses : {}, pointer),
    };
  }

  private operationId(given: unknown, method: string, path: string): string {
    const named = typeof given === 'string' && given !== '' ? given : `${method} ${path}`;
    const plain = named.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^-|-$/g, '');
    const base = plain.startsWith(`${this.offer.id}.`) ? plain : `${this.offer.id}.${plain}`;
    let id = base;
    for (let n = 2; this.operationIds.has(id); n++) id = `${base}-${n}`;
    this.operationIds.add(id);
    return id;
  }

  /** A later one of the same name and place goes before an earlier one. */
  private parameters(given: readonly unknown[], path: string, pointer: string): JsonObject[] {
    const byName = new Map<string, JsonObject>();
    for (const each of given) {
      const parameter = this.inliner.part(this.inliner.plain(each)) as JsonObject;
      const { name, in: place } = parameter;
      if (typeof name !== 'string' || typeof place !== 'string') continue;
      const left = this.leftOut(place, name);
      if (left) this.notes.push({ pointer: `${pointer}/parameters/${name}`, message: left });
      else if (!(place === 'header' && OWN_FIELDS.has(name.toLowerCase())))
        byName.set(`${place} ${name}`, place === 'path' ? { ...parameter, required: true } : parameter);
    }
    const names = templatesOf(path);
    for (const name of names)
      if (!byName.has(`path ${name}`))
        byName.set(`path ${name}`, { name, in: 'path', required: true, schema: { type: 'string' } });
    return [...byName.values()].filter((each) => each.in !== 'path' || names.includes(String(each.name)));
  }

  private leftOut(place: string, name: string): string | undefined {
    if (place === 'cookie') return 'is left out: no cookie passes the gateway';
    if (place === 'header' && !OWN_FIELDS.has(name.toLowerCase()) && !maySayToUpstream(name.toLowerCase()))
      return 'is left out: no caller may say it to an upstream';
    return undefined;
  }

  private requestBody(given: unknown): JsonObject {
    const { content, ...body } = this.inliner.part(this.inliner.plain(given)) as JsonObject;
    return { ...body, content: isObject(content) ? content : {} };
  }

  /** The first success has an example: test keys are answered with it. */
  private responses(given: JsonObject, pointer: string): JsonObject {
    const entries = Object.entries(given).filter(([status]) => !status.startsWith('x-'));
    const shown = entries.find(([status]) => /^2(?:\d\d|XX)$/i.test(status))?.[0] ?? 'default';
    const all = entries.map(([status, answer]): [string, unknown] => {
      const { links, ...plain } = this.inliner.part(this.inliner.plain(answer)) as JsonObject;
      const kept = {
        ...plain,
        description: String(plain.description || status),
        ...this.headers(plain, `${pointer}/responses/${status}`),
      };
      return [
        status === shown && /xx|default/i.test(status) ? '200' : status,
        status === shown ? this.withExample(kept, answer) : kept,
      ];
    });
    return all.length > 0 ? Object.fromEntries(all) : { 200: { description: 'Done' } };
  }

  private headers({ headers }: JsonObject, pointer: string): { headers?: JsonObject } {
    if (!isObject(headers)) return {};
    const kept = Object.entries(headers).filter(([name]) => {
      const passes = maySayToCaller(name.toLowerCase());
      if (!passes)
        this.notes.push({
          pointer: `${pointer}/headers/${name}`,
          message: 'is left out: no upstream may say it to a caller',
        });
      return passes;
    });
    return { headers: Object.fromEntries(kept) };
  }

  private withExample(answer: JsonObject, source: unknown): JsonObject {
    const example = exampleOfAnswer(this.document, source);
    if (example === undefined || !isObject(answer.content)) return answer;
    const content = followed(this.document, source) as JsonObject;
    const type = Object.keys((content.content as JsonObject) ?? {}).find((name) =>
      /json|^\*\/\*$/i.test(name),
    );
    if (type === undefined) return answer;
    const { examples, ...media } = answer.content[type] as JsonObject;
    const { [type]: _given, ...others } = answer.content as JsonObject;
    return { ...answer, content: { 'application/json': { ...media, example }, ...others } };
  }
}
