// Who still calls a dated version that ends: shown to operators and to partners, who are told of it by an event and by mails.

import type { LiveCatalog } from '../catalog/live-catalog.ts';
import { type DatedVersion, datedApis, endingsOf, versionsOf } from '../catalog/version-ends.ts';
import type { Notify } from '../mail/notices.ts';
import type { Database } from '../platform/database.ts';
import { createVersionUses, type ToldOfEnd, type VersionUse } from './version-use-store.ts';

export interface VersionInUse extends DatedVersion {
  api: string;
  /** In the last thirty days. */
  uses: VersionUse[];
}

interface Ports {
  database: Database;
  catalogs: Pick<LiveCatalog, 'whole'>;
  notify: Notify;
  /** A day as readers of a language write it: `31 January 2027`. */
  dayOf(at: string, language: string | null): string;
  now(): number;
}

export function createVersionService({ database, catalogs, notify, dayOf, now }: Ports) {
  const store = createVersionUses(database);

  async function list(api?: string, partnerId?: string): Promise<VersionInUse[]> {
    const catalog = await catalogs.whole();
    const dated = datedApis(catalog).filter((each) => api === undefined || each.api === api);
    if (dated.length === 0) return [];
    const uses = await store.uses(dated, partnerId);
    return dated.flatMap(({ api: id }) =>
      versionsOf(catalog, id, now()).map((version) => ({
        ...version,
        api: id,
        uses: uses.filter((use) => use.api === id && use.version === version.date),
      })),
    );
  }

  /** Whether all of its readers have it. */
  async function mailed({ recipients, api, version, sunset_at: at }: ToldOfEnd): Promise<boolean> {
    const about = { name: `${api} ${version}`, path: '/portal/versions' };
    const sent = await Promise.all(
      (recipients ?? []).map((recipient) =>
        notify(recipient, 'versionEnds', { ...about, detail: dayOf(at, recipient.language) }),
      ),
    );
    return sent.every(Boolean);
  }

  return {
    /** The versions of an API, newest first, with who calls them. */
    ofApi: (api: string) => list(api),
    /** All versions, with what a partner calls of them. */
    ofPartner: (partnerId: string) => list(undefined, partnerId),

    /** Tells who calls what ends, each once for each moment. How many mails were due. */
    async tellEnds(): Promise<number> {
      const endings = endingsOf(await catalogs.whole(), now());
      if (endings.length === 0) return 0;
      const told = await store.claim(endings);
      for (const each of told) if (!(await mailed(each))) await store.release(each);
      return told.length;
    },
  };
}

export type VersionService = ReturnType<typeof createVersionService>;
