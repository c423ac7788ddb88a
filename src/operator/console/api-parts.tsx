// What the pages of the APIs share: routes, notes, changes, and the fields of upstreams.

import * as z from 'zod';
import type { Problem } from '../../catalog/adopt/problems.ts';
import type { UpstreamView } from '../../catalog/api-view-store.ts';
import type { OfferChanges } from '../../catalog/offer-changes.ts';
import type { WantedUpstream } from '../../catalog/publish-service.ts';
import type { RouteData } from '../../catalog/routes.ts';
import { lines, reason } from '../../http/fields.ts';
import { Area, Field, Tick } from '../../web/components/form.tsx';
import { Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { FieldsRefused, refusalText } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';

const MAX_ROUTES_SHOWN = 100;
const MAX_NOTES_SHOWN = 20;
const MAX_NOTES_OPEN = 5;
const MAX_NAMES_SHOWN = 20;

export const RoutePanel = ({ routes }: { routes: readonly RouteData[] }) => {
  const { m, format } = useView();
  const left = routes.length - MAX_ROUTES_SHOWN;
  return (
    <Panel title={`${m.apis.routes} (${format.number(routes.length)})`}>
      <Table
        rows={routes.slice(0, MAX_ROUTES_SHOWN)}
        columns={[
          { title: m.apis.path, kind: 'mono small', cell: ({ method, path }) => `${method} ${path}` },
          { title: m.apis.scope, kind: 'mono small', cell: ({ scope }) => scope ?? m.apis.anyKey },
          { title: m.apis.units, kind: 'num', cell: ({ cost }) => format.number(cost) },
        ]}
      />
      {left > 0 && <p class="soft pad">{m.apis.moreRoutes(format.number(left))}</p>}
    </Panel>
  );
};

/** By what is said of them: of some documents, the same is said a hundred times. */
export const NotePanel = ({ notes }: { notes: readonly Problem[] }) => {
  const view = useView();
  const { m, format } = view;
  if (notes.length === 0) return null;
  return (
    <Panel title={m.apis.notes}>
      <div class="pad stack">
        {[...Map.groupBy(notes, ({ message }) => message)].map(([message, places]) => (
          <details open={places.length <= MAX_NOTES_OPEN}>
            <summary>{m.apis.noted(refusalText(view, message), format.number(places.length))}</summary>
            <ul class="mono small">
              {places.slice(0, MAX_NOTES_SHOWN).map(({ pointer }) => (
                <li>{pointer}</li>
              ))}
              {places.length > MAX_NOTES_SHOWN && (
                <li>{m.apis.moreNotes(format.number(places.length - MAX_NOTES_SHOWN))}</li>
              )}
            </ul>
          </details>
        ))}
      </div>
    </Panel>
  );
};

const Names = ({ title, names }: { title: string; names: readonly string[] }) => {
  const { m, format } = useView();
  if (names.length === 0) return null;
  const left = names.length - MAX_NAMES_SHOWN;
  return (
    <div>
      <strong>{title}</strong>
      <ul class="mono small">
        {names.slice(0, MAX_NAMES_SHOWN).map((name) => (
          <li>{name}</li>
        ))}
        {left > 0 && <li>{m.apis.moreRoutes(format.number(left))}</li>}
      </ul>
    </div>
  );
};

export const ChangePanel = ({ changes: { added, removed, changed } }: { changes: OfferChanges }) => {
  const { m, format } = useView();
  const count = (names: readonly unknown[]) => format.number(names.length);
  return (
    <Panel title={m.apis.changes}>
      <div class="pad stack">
        {added.length + removed.length + changed.length === 0 && <p>{m.apis.unchanged}</p>}
        <Names title={m.apis.removed(count(removed))} names={removed} />
        <Names
          title={m.apis.changed(count(changed))}
          names={changed.map(({ route, fields }) => `${route}: ${fields.join(', ')}`)}
        />
        <Names title={m.apis.added(count(added))} names={added} />
      </div>
    </Panel>
  );
};

export const upstreamFields = {
  upstreams: lines(5000),
  credential: z.string().trim().max(2000),
  drop: z.literal('true').optional(),
  reason: z.union([z.literal(''), reason]),
};

export const UpstreamFields = ({ hasCredential }: { hasCredential: boolean }) => {
  const { m } = useView();
  return (
    <>
      <Area name="upstreams" label={m.apis.upstreams} hint={m.apis.upstreamsHint} />
      <Field
        name="credential"
        type="password"
        autocomplete="off"
        label={m.apis.credential}
        hint={m.apis.credentialHint}
      />
      {hasCredential && <Tick name="drop" label={m.apis.dropCredential} />}
      <Field name="reason" label={m.operator.reason} maxlength={500} />
    </>
  );
};

export const savedUpstreams = (upstreams: readonly UpstreamView[]): { upstreams: string } => ({
  upstreams: upstreams.map(({ url, weight }) => `${url} ${weight}`).join('\n'),
});

const LINE = /^(\S+)(?:\s+(\d{1,4}))?$/;

/** One a line. @throws FieldsRefused where a line is none */
export function upstreamsOf(
  { upstreams, credential, drop }: { upstreams: string; credential: string; drop?: 'true' },
  hint: string,
): WantedUpstream[] {
  const given = drop ? null : credential || undefined;
  return upstreams
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, url, weight = '1'] = LINE.exec(line.trim()) ?? [];
      if (url === undefined || Number(weight) > 1000) throw new FieldsRefused({ upstreams: hint });
      return { url, weight: Number(weight), credential: given };
    });
}
