// What may be done with a webhook endpoint: change it, send again what it missed, give it a new secret, remove it.

import { HOUR_MS } from '../../core/time.ts';
import { FormDialog } from '../../web/components/dialog.tsx';
import { Select } from '../../web/components/form.tsx';
import type { Wrong } from '../../web/forms.ts';
import { useView } from '../../web/view-context.ts';
import type { Endpoint } from '../../webhooks/webhook-service.ts';
import { EditDialog } from './webhook-form.tsx';

/** Hours back that recovery offers. */
export const RECOVER_HOURS = ['1', '24', '168'] as const;
export const hoursBefore = (nowMs: number, hours: string): string =>
  new Date(nowMs - Number(hours) * HOUR_MS).toISOString();

/** `wrong`: what was sent of `dialog`, and could not be done. */
export const EndpointDialogs = ({
  endpoint,
  dialog,
  wrong,
}: {
  endpoint: Endpoint;
  dialog?: string;
  wrong?: Wrong;
}) => {
  const { m, format, nowMs } = useView();
  const base = `/portal/webhooks/${endpoint.id}`;
  return (
    <>
      <FormDialog
        id="recover"
        title={m.webhooks.recover}
        action={`${base}/recover`}
        submit={m.webhooks.recover}
        saved={{ hours: '24' }}
        wrong={dialog === 'recover' ? wrong : undefined}
      >
        <p>{m.webhooks.recoverText}</p>
        <Select
          name="hours"
          label={m.webhooks.since}
          options={RECOVER_HOURS.map((hours) => [hours, format.ago(hoursBefore(nowMs, hours))] as const)}
        />
      </FormDialog>
      <FormDialog id="roll" title={m.webhooks.roll} action={`${base}/rotate`} submit={m.webhooks.roll}>
        <p>{m.webhooks.rollText}</p>
      </FormDialog>
      <FormDialog
        id="remove"
        title={m.webhooks.removeTitle(endpoint.url)}
        action={`${base}/remove`}
        submit={m.webhooks.remove}
        kind="solid-danger"
      >
        <p>{m.webhooks.removeText}</p>
      </FormDialog>
      <EditDialog endpoint={endpoint} wrong={dialog === 'edit' ? wrong : undefined} />
    </>
  );
};
