// The forms of an app: to make one, to change it, to archive it.

import type { KeyView } from '../../keys/key-view-store.ts';
import type { AppView } from '../../partners/app-service.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Area, Field, Form } from '../../web/components/form.tsx';
import { EnvironmentBadge } from '../../web/components/key-badge.tsx';
import { Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import { newApp } from '../app-schemas.ts';
import { formOf } from './fields.ts';
import { PinField } from './pin-field.tsx';

export const appForm = formOf(newApp.pick({ name: true, description: true, website: true }));
export const settingsForm = formOf(newApp.omit({ scopes: true }), ['allowed_ips', 'allowed_origins']);

/** `isNew`: the name is asked for first. */
const AppFields = ({ isNew = false }: { isNew?: boolean }) => {
  const { apps } = useView().m;
  return (
    <>
      <Field
        name="name"
        label={apps.name}
        required
        maxlength={255}
        hint={isNew ? apps.nameHint : undefined}
        autofocus={isNew}
      />
      <Field name="description" label={apps.description} maxlength={1000} />
      <Field name="website" type="url" label={apps.website} maxlength={500} placeholder="https://" />
    </>
  );
};

export const NewAppDialog = ({ wrong }: { wrong?: Wrong }) => {
  const { apps } = useView().m;
  return (
    <FormDialog id="new-app" title={apps.newTitle} action="/portal/apps" submit={apps.create} wrong={wrong}>
      <AppFields isNew />
    </FormDialog>
  );
};

/** `pins`: the dates of all APIs. */
export const SettingsPanel = ({
  app,
  pins,
  wrong,
}: {
  app: AppView;
  pins: readonly string[];
  wrong?: Wrong;
}) => {
  const { m } = useView();
  return (
    <Panel title={m.apps.settings}>
      <Form
        action={`/portal/apps/${app.id}`}
        scope="app"
        kind="stack pad"
        saved={{
          name: app.name,
          description: app.description ?? '',
          website: app.website ?? '',
          allowed_ips: app.allowed_ips.join('\n'),
          allowed_origins: app.allowed_origins.join('\n'),
          api_version: app.api_version ?? '',
        }}
        wrong={wrong}
      >
        <AppFields />
        <Area name="allowed_ips" label={m.apps.ips} hint={m.apps.ipsHint} />
        <Area name="allowed_origins" label={m.apps.origins} hint={m.apps.originsHint} />
        <PinField pins={pins} pin={app.api_version} />
        <div class="actions start">
          <button type="submit" class="button">
            {m.common.save}
          </button>
          <OpenDialog id="archive" kind="danger">
            {m.apps.archive}
          </OpenDialog>
        </div>
      </Form>
    </Panel>
  );
};

/** A key that archiving the app stops, or what a program was allowed, with its calls of today. */
export interface StoppingKey
  extends Pick<KeyView, 'keyId' | 'name' | 'environment' | 'lastUsedAt' | 'grantedTo'> {
  callsToday: number;
}
export const stopsLiveKey = (stops: readonly StoppingKey[]): boolean =>
  stops.some(({ environment }) => environment === 'live');

const StoppingTable = ({ stops }: { stops: readonly StoppingKey[] }) => {
  const { m, format } = useView();
  return (
    <Table
      rows={stops}
      columns={[
        {
          title: m.keys.key,
          cell: ({ name, grantedTo }) => (
            <>
              {name} {grantedTo !== null && <span class="small soft">{m.grants.program}</span>}
            </>
          ),
        },
        {
          title: m.common.environment,
          cell: ({ environment }) => <EnvironmentBadge environment={environment} />,
        },
        { title: m.keys.lastUsed, cell: ({ lastUsedAt }) => <Time at={lastUsedAt} /> },
        { title: m.overview.today, kind: 'num', cell: ({ callsToday }) => format.number(callsToday) },
      ]}
    />
  );
};

/** Asks for the app's name where a live key stops. */
export const ArchiveDialog = ({
  app,
  stops,
  wrong,
}: {
  app: AppView;
  stops: readonly StoppingKey[];
  wrong?: Wrong;
}) => {
  const { m } = useView();
  return (
    <FormDialog
      id="archive"
      title={m.apps.archiveTitle(app.name)}
      action={`/portal/apps/${app.id}/archive`}
      submit={m.apps.archive}
      kind="solid-danger"
      wrong={wrong}
    >
      <p>{stops.length === 0 ? m.apps.archiveNothing : m.apps.archiveText(stops.length)}</p>
      {stops.length > 0 && <StoppingTable stops={stops} />}
      <p>{m.apps.archiveUndo}</p>
      {stopsLiveKey(stops) && (
        <Field name="confirm" label={m.common.typeName(app.name)} required autocomplete="off" />
      )}
    </FormDialog>
  );
};
