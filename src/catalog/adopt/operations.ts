// The operations of a document, as ours are: each with all of its parameters, a name, a summary, a scope, and an example of
// what it answers. What cannot pass the gateway is left out, and said. Pure.

import { pointerTo } from '../../core/json-pointer.ts';
import { plainLine } from '../../core/plain-text.ts';
import { OWN_FIELDS } from '../document.ts';
import { maySayToCaller, maySayToUpstream } from '../headers.ts';
import { Examples, isJson } from './examples.ts';
import { externalDocs, kept, type Parts } from './parts.ts';
import type { Problem } from './problems.ts';
import { isObject, type JsonObject } from './read-document.ts';
import type { Schema } from './schemas.ts';

const MAX_SUMMARY_CHARS = 120;
const PLACES = new Set(['path', 'query', 'header']);

export interface Offer {
  id: string;
  title: string;
  prefix: string;
  /** The document names its prefix, and has it in its paths: that is how ours are. */
  isPrefixed: boolean;
}

/** As the gateway offers it. */
export const offeredPath = ({ prefix, isPrefixed }: Offer, path: string): string =>
  isPrefixed ? path : prefix + path;

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
  const [found] = [summary, description].flatMap((text) => {
    const line = typeof text === 'string' ? plainLine(text, 2000) : '';
    return line === '' ? [] : [line];
  });
  if (found) return plainLine(found.split(/(?<=[^.]\.) /)[0] ?? found, MAX_SUMMARY_CHARS);
  return typeof operationId === 'string' && words(operationId) !== ''
    ? words(operationId)
    : `${method.toUpperCase()} ${path}`;
};

/** Templates of a path: `id` of `/things/{id}`. */
export const templatesOf = (path: string): string[] =>
  [...path.matchAll(/\{([^{}]*)\}/g)].map(([, name = '']) => name);

/** Its JSON first, as all that is JSON is called where it is shown. */
function asJson(answer: JsonObject): JsonObject {
  if (!isObject(answer.content)) return answer;
  const [type, media] = Object.entries(answer.content).find(([name]) => isJson(name)) ?? [];
  if (type === undefined || !isObject(media)) return answer;
  const { [type]: _given, ...others } = answer.content;
  return { ...answer, content: { 'application/json': media, ...others } };
}

export class Operations {
  readonly notes: Problem[] = [];
  readonly tags = new Set<string>();
  private readonly parts: Parts;
  private readonly offer: Offer;
  private readonly operationIds = new Set<string>();
  /** What is to have an example. */
  private readonly shown: { media: JsonObject; pointer: string }[] = [];

  constructor(parts: Parts, offer: Offer) {
    this.parts = parts;
    this.offer = offer;
  }

  /** `common`: of the path item. */
  operation(given: JsonObject, method: string, path: string, common: readonly unknown[]): JsonObject {
    const pointer = pointerTo('paths', path, method);
    const { callbacks, servers, responses, parameters, requestBody, tags } = given;
    if (callbacks) this.notes.push({ pointer: `${pointer}/callbacks`, message: 'is not offered' });
    if (servers)
      this.notes.push({ pointer: `${pointer}/servers`, message: 'is not heeded: an API has its upstreams' });
    const isReading = method === 'get' || method === 'head';
    const own = isObject(given['x-passerelle']) ? given['x-passerelle'] : {};
    const named = (Array.isArray(tags) ? tags : []).filter((tag) => typeof tag === 'string' && tag !== '');
    const groups = named.length > 0 ? [...new Set<string>(named)] : [this.offer.title];
    for (const group of groups) this.tags.add(group);
    const all = [...common, ...(Array.isArray(parameters) ? parameters : [])];
    return {
      'x-passerelle': { scope: `${isReading ? 'read' : 'write'}:${this.offer.id}`, ...own },
      ...this.firstCall(given['x-first-call'], path, pointer),
      ...kept(given, ['description'], ['deprecated']),
      ...externalDocs(given),
      operationId: this.operationId(given.operationId, method, path),
      summary: summaryOf(given, method, path),
      tags: groups,
      parameters: this.parameters(all, path, pointer),
      ...(requestBody !== undefined && { requestBody: this.requestBody(requestBody, pointer) }),
      responses: this.responses(isObject(responses) ? responses : {}, pointer),
    };
  }

  /** Its path is the operation's, with or without the prefix. */
  private firstCall(given: unknown, template: string, pointer: string): JsonObject {
    if (given === undefined) return {};
    const shape = template
      .split(/\{[^{}]*\}/)
      .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^/?#]+');
    const fits = new RegExp(`^${shape}(?:\\?|$)`);
    const said = isObject(given) && typeof given.path === 'string' ? given.path : '';
    const { prefix, isPrefixed } = this.offer;
    const bare = !isPrefixed && said.startsWith(`${prefix}/`) ? said.slice(prefix.length) : said;
    const path = [said, bare].find((each) => fits.test(each));
    if (path !== undefined)
      return { 'x-first-call': { ...(given as JsonObject), path: offeredPath(this.offer, path) } };
    const message = 'is left out: it is no call of this operation';
    this.notes.push({ pointer: `${pointer}/x-first-call`, message });
    return {};
  }

  /** Once all operations are made: the schemas that they refer to, and examples that fit them. */
  finish(): Record<string, Schema> {
    const schemas = this.parts.schemas.components();
    const examples = new Examples(
      schemas,
      this.shown.map(({ media }) => media),
    );
    for (const { media, pointer } of this.shown)
      if (!examples.give(media))
        this.notes.push({
          pointer,
          message: 'has an example that does not fit its schema: another was made',
        });
    return schemas;
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
    const names = templatesOf(path);
    for (const each of given) {
      const parameter = this.parts.plain(each);
      const { name, in: place } = parameter;
      if (typeof name !== 'string' || typeof place !== 'string') continue;
      const left = this.leftOut(place, name);
      if (left) this.notes.push({ pointer: `${pointer}/parameters/${name}`, message: left });
      if (left || !PLACES.has(place) || (place === 'header' && OWN_FIELDS.has(name.toLowerCase()))) continue;
      if (place === 'path' && !names.includes(name)) continue;
      byName.set(`${place} ${name}`, {
        name,
        in: place,
        ...this.parts.parameter(parameter, place),
        ...(place === 'path' && { required: true }),
        ...(isObject(parameter['x-passerelle']) && { 'x-passerelle': parameter['x-passerelle'] }),
      });
    }
    for (const name of names)
      if (!byName.has(`path ${name}`))
        byName.set(`path ${name}`, { name, in: 'path', required: true, schema: { type: 'string' } });
    return [...byName.values()];
  }

  private leftOut(place: string, name: string): string | undefined {
    if (place === 'cookie') return 'is left out: no cookie passes the gateway';
    if (place === 'header' && !OWN_FIELDS.has(name.toLowerCase()) && !maySayToUpstream(name.toLowerCase()))
      return 'is left out: no caller may say it to an upstream';
    return undefined;
  }

  private requestBody(given: unknown, pointer: string): JsonObject {
    const body = this.parts.requestBody(given);
    for (const [type, media] of Object.entries(body.content as Record<string, JsonObject>))
      if (isJson(type)) this.shown.push({ media, pointer: `${pointer}/requestBody` });
    return body;
  }

  /** The first success has an example: test keys are answered with it. */
  private responses(given: JsonObject, pointer: string): JsonObject {
    const entries = Object.entries(given).flatMap(([code, answer]): [string, unknown][] => {
      const status = code.toUpperCase().replace('DEFAULT', 'default');
      return /^(?:[1-5](?:\d\d|XX)|default)$/.test(status) ? [[status, answer]] : [];
    });
    const success = entries.find(([status]) => /^2/.test(status))?.[0];
    const shown = success ?? 'default';
    const all = entries.map(([status, answer]): [string, JsonObject] => {
      const at = `${pointer}/responses/${status}`;
      const made = this.answer(this.parts.plain(answer), status, at);
      const isShown = status === shown;
      return [isShown && /XX|default/.test(status) ? '200' : status, isShown ? asJson(made) : made];
    });
    const isSaid = all.some(([status]) => /^[23]/.test(status));
    return Object.fromEntries(isSaid ? all : [...all, ['200', { description: 'Done' }]]);
  }

  private answer(given: JsonObject, status: string, pointer: string): JsonObject {
    const content = this.parts.content(given.content);
    for (const [type, media] of Object.entries(content))
      if (isJson(type)) this.shown.push({ media, pointer });
    return {
      description: String(given.description || status),
      ...this.headers(given, pointer),
      ...(Object.keys(content).length > 0 && { content }),
    };
  }

  private headers({ headers }: JsonObject, pointer: string): { headers?: JsonObject } {
    if (!isObject(headers)) return {};
    const passing = Object.entries(headers).filter(([name]) => {
      const passes = maySayToCaller(name.toLowerCase());
      if (!passes)
        this.notes.push({
          pointer: `${pointer}/headers/${name}`,
          message: 'is left out: no upstream may say it to a caller',
        });
      return passes && name.toLowerCase() !== 'content-type';
    });
    const shown = passing.map(([name, each]) => [
      name,
      this.parts.parameter(this.parts.plain(each), 'header'),
    ]);
    return { headers: Object.fromEntries(shown) };
  }
}
