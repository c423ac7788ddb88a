// The form of a webhook endpoint: to add one, and to change it.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { text } from '../../http/fields.ts';
import { eventTypes } from '../../outbox/event-types.ts';
import { Dialog, Field, Select } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import type { MemberView } from '../../web/view.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { optionalText } from './fields.ts';

export const newEndpoint = z.object({
  url: text(2000, 1),
  description: optionalText(500),
  app: z.union([z.literal(''), z.uuid()]).default(''),
  events: z
    .string()
    .default('')
    .transform((text) => text.split('\n').filter((type) => type !== '')),
});

/** Of either form. */
const EndpointFields = ({
  view,
  scope,
  values = {},
  errors = {},
  children,
}: { view: MemberView; scope: string; children?: Child } & Partial<Wrong>) => {
  const { m } = view;
  const chosen = values.events?.split('\n') ?? [];
  return (
    <>
      <Field
        scope={scope}
        name="url"
        label={m.webhooks.url}
        placeholder={m.webhooks.urlHint}
        required
        maxlength={2000}
        value={values.url}
        error={errors.url}
      />
      <Field
        scope={scope}
        name="description"
        label={m.webhooks.description}
        maxlength={500}
        value={values.description}
        error={errors.description}
      />
      {children}
      <fieldset>
        <legend>{m.webhooks.events}</legend>
        {errors.events && <p class="error">{errors.events}</p>}
        <p class="hint">{m.webhooks.eventsHint}</p>
        <div class="choices">
          {eventTypes
            .filter((type) => type !== 'webhook.test')
            .map((type) => (
              <label class="choice">
                <input type="checkbox" name="events" value={type} checked={chosen.includes(type)} />
                <span>
                  <span class="mono small">{type}</span>
                  <br />
                  <span class="small soft">{m.webhooks.eventNames[type]}</span>
                </span>
              </label>
            ))}
        </div>
      </fieldset>
    </>
  );
};

export const AddDialog = ({
  view,
  apps,
  wrong,
}: {
  view: MemberView;
  apps: readonly { id: string; name: string }[];
  wrong?: Wrong;
}) => {
  const { m } = view;
  return (
    <Dialog view={view} id="add" title={m.webhooks.add} open={wrong ? true : undefined}>
      <form method="post" action="/portal/webhooks" class="stack">
        <EndpointFields view={view} scope="f" {...wrong}>
          <Select
            name="app"
            label={m.webhooks.app}
            value={wrong?.values.app ?? ''}
            options={[['', m.webhooks.anyApp], ...apps.map(({ id, name }) => [id, name] as const)]}
          />
        </EndpointFields>
        <div class="actions">
          <button type="submit" class="button primary">
            {m.webhooks.add}
          </button>
        </div>
      </form>
    </Dialog>
  );
};

export const EditDialog = ({
  view,
  endpoint,
  wrong,
}: {
  view: MemberView;
  endpoint: Endpoint;
  wrong?: Wrong;
}) => {
  const { m } = view;
  const { url, description, events } = endpoint;
  const saved = { url, description: description ?? '', events: events.join('\n') };
  return (
    <Dialog view={view} id="edit" title={m.common.change} open={wrong ? true : undefined}>
      <form method="post" action={`/portal/webhooks/${endpoint.id}`} class="stack">
        <EndpointFields view={view} scope="edit" values={wrong?.values ?? saved} errors={wrong?.errors} />
        <div class="actions">
          <button type="submit" class="button primary">
            {m.common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
};
