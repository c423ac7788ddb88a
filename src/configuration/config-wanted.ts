// A file -> the things that it asks for, with its documents as they would be offered.

import { adoptDocument } from '../catalog/adopt/adopt.ts';
import type { CatalogDocument } from '../catalog/catalog.ts';
import { settingsOf } from '../catalog/policy-service.ts';
import { checked } from '../catalog/publish-service.ts';
import { within } from '../catalog/publish-together-service.ts';
import { sha256Hex } from '../core/encoding.ts';
import {
  canonical,
  type Desired,
  type Fields,
  fieldsOf,
  GONE,
  type Kind,
  policyThing,
} from './config-fields.ts';
import type { ConfigFile } from './config-file.ts';

/** What a file asks for, with its documents as they would be offered. */
export interface Wanted {
  things: Desired[];
  documents: ReadonlyMap<string, CatalogDocument>;
}

export const hashOf = (document: CatalogDocument): Promise<string> => sha256Hex(canonical(document));

async function wantedApis(
  apis: ConfigFile['apis'],
  documents: Map<string, CatalogDocument>,
): Promise<Desired[]> {
  const desired: Desired[] = [];
  for (const [thing, entry] of Object.entries(apis ?? {})) {
    if (entry === null) {
      desired.push({ kind: 'apis', thing, fields: { [GONE]: true } });
      continue;
    }
    const fields: Record<string, Fields[string]> = {};
    const { document: given, upstreams } = entry;
    if (given !== undefined) {
      const text = typeof given === 'string' ? given : JSON.stringify(given);
      const { document } = await within(`apis.${thing}.document`, () =>
        checked(() => adoptDocument(text, { id: thing })),
      );
      documents.set(thing, document);
      fields.document = await hashOf(document);
    }
    if (upstreams)
      fields.upstreams = upstreams
        .map(({ url, weight }) => ({ url: url.replace(/\/+$/, ''), weight }))
        .sort((a, b) => (a.url < b.url ? -1 : 1));
    desired.push({ kind: 'apis', thing, fields });
  }
  return desired;
}

/** What is named without a field is to be there. */
function namedFields(kind: Kind, entry: object): Fields {
  const fields = fieldsOf(kind, { ...entry });
  return kind === 'webhooks' && Object.keys(fields).length === 0 ? { [GONE]: false } : fields;
}

async function wantedPolicies(all: ConfigFile['policies'] = {}): Promise<Desired[]> {
  const desired: Desired[] = [];
  for (const [api, routes] of Object.entries(all))
    for (const [route, kinds] of Object.entries(routes))
      for (const [policy, entry] of Object.entries(kinds)) {
        const thing = policyThing({ api, route, policy });
        if (!entry) {
          desired.push({ kind: 'policies', thing, fields: { [GONE]: true } });
          continue;
        }
        const { settings = {}, position } = entry;
        const whole = await within(`policies.${api}.${route}.${policy}`, () => settingsOf(policy, settings));
        desired.push({
          kind: 'policies',
          thing,
          fields: fieldsOf('policies', { settings: whole, position }),
        });
      }
  return desired;
}

/** @throws AppError validation_error, by where it stands */
export async function wantedBy(file: ConfigFile): Promise<Wanted> {
  const documents = new Map<string, CatalogDocument>();
  const apis = await wantedApis(file.apis, documents);
  const policies = await wantedPolicies(file.policies);
  const plain = (['plans', 'alert_rules', 'webhooks', 'partners'] as const).flatMap((kind) =>
    Object.entries(file[kind] ?? {}).map(([thing, entry]) => ({
      kind,
      thing,
      fields: entry ? namedFields(kind, entry) : { [GONE]: true },
    })),
  );
  return { things: [...apis, ...policies, ...plain], documents };
}
