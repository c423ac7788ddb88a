// The form of a webhook endpoint: to add one, and to change it.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { newEndpoint } from '../../http/webhook-schemas.ts';
import { ENVIRONMENTS } from '../../keys/key-format.ts';
import { eventTypes } from '../../outbox/event-types.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Choices, Field, Select } from '../../web/components/form.tsx';
import { seenEtag, type Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { formOf } from './fields.ts';

export const addForm = formOf(newEndpoint, ['events']);
export const editForm = formOf(
  newEndpoint
    .omit({ app_id: true })
    // Nothing is chosen for an endpoint that hears of both, until one is.
    .extend({
      environment: z
        .enum([...ENVIRONMENTS, 'both'])
        .optional()
        .transform((one) => (one === 'both' ? undefined : one)),
      etag: seenEtag,
    }),
  ['events'],
);

const EnvironmentChoice = ({ hasBoth = false }: { hasBoth?: boolean }) => {
  const { common, webhooks } = useView().m;
  return (
    <Select
      name="environment"
      label={common.environment}
      hint={webhooks.environmentHint}
      options={[
        ...(hasBoth ? ([['both', common.bothEnvironments]] as const) : []),
        ['test', common.test],
        ['live', common.live],
      ]}
    />
  );
};

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
  const { m, environment } = useView();
  return (
    <FormDialog
      id="add"
      title={m.webhooks.add}
      action="/portal/webhooks"
      submit={m.webhooks.add}
      saved={{ environment }}
      wrong={wrong}
    >
      <EndpointFields>
        <EnvironmentChoice />
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
  endpoint: { id, environment, url, description, events, etag },
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
      saved={{ environment, url, description: description ?? '', events: events.join('\n'), etag }}
      wrong={wrong}
    >
      <EndpointFields>
        <EnvironmentChoice hasBoth={environment === 'both'} />
      </EndpointFields>
    </FormDialog>
  );
};
