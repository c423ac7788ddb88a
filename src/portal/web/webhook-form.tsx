// The form of a webhook endpoint: to add one, and to change it.

import type { Child } from 'hono/jsx';
import { newEndpoint } from '../../http/webhook-schemas.ts';
import { eventTypes } from '../../outbox/event-types.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Choices, Field, Select } from '../../web/components/form.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { formOf } from './fields.ts';

export const addForm = formOf(newEndpoint, ['events']);
export const editForm = formOf(newEndpoint.omit({ app_id: true }), ['events']);

const EndpointFields = ({ children }: { children?: Child }) => {
  const { webhooks } = useView().m;
  return (
    <>
      <Field name="url" label={webhooks.url} placeholder={webhooks.urlHint} required maxlength={2000} />
      <Field name="description" label={webhooks.description} maxlength={500} />
      {children}
      <Choices
        name="events"
        label={webhooks.events}
        hint={webhooks.eventsHint}
        options={eventTypes
          .filter((type) => type !== 'webhook.test')
          .map((type) => [type, webhooks.eventNames[type] ?? type] as const)}
      />
    </>
  );
};

export const AddDialog = ({
  apps,
  wrong,
}: {
  apps: readonly { id: string; name: string }[];
  wrong?: Wrong;
}) => {
  const { m } = useView();
  return (
    <FormDialog
      id="add"
      title={m.webhooks.add}
      action="/portal/webhooks"
      submit={m.webhooks.add}
      wrong={wrong}
    >
      <EndpointFields>
        <Select
          name="app_id"
          label={m.webhooks.app}
          options={[['', m.webhooks.anyApp], ...apps.map(({ id, name }) => [id, name] as const)]}
        />
      </EndpointFields>
    </FormDialog>
  );
};

export const EditDialog = ({
  endpoint: { id, url, description, events },
  wrong,
}: {
  endpoint: Endpoint;
  wrong?: Wrong;
}) => {
  const { m } = useView();
  return (
    <FormDialog
      id="edit"
      title={m.common.change}
      action={`/portal/webhooks/${id}`}
      submit={m.common.save}
      saved={{ url, description: description ?? '', events: events.join('\n') }}
      wrong={wrong}
    >
      <EndpointFields />
    </FormDialog>
  );
};
