// What members do with a webhook endpoint: change, pause, recover, test, a new secret, remove.

import * as z from 'zod';
import { hostOf } from '../../core/public-address.ts';
import { readChoice, submit } from '../../web/forms.ts';
import { actorFor, done, member, portal } from './portal-web.tsx';
import { hoursBefore, RECOVER_HOURS } from './webhook-dialogs.tsx';
import { editForm } from './webhook-form.tsx';
import { endpointId, showEndpoint } from './webhook-page.tsx';

portal.post('/portal/webhooks/:endpoint', (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  return submit(context, editForm, {
    async work({ etag: expected, ...data }) {
      const wanted = { ...data, askedAt: hostOf(new URL(context.req.url)) };
      const { webhooks } = context.var.services;
      await webhooks.change(workspace.partner.id, id, wanted, actorFor(context), expected);
      return done(context, `/portal/webhooks/${id}`, 'saved');
    },
    again: (wrong) => showEndpoint(context, id, { dialog: 'edit', wrong }),
  });
});

portal.post('/portal/webhooks/:endpoint/recover', (context) => {
  const { workspace } = member(context, 'develop');
  const { webhooks, now } = context.var.services;
  const id = endpointId(context);
  return submit(context, z.object({ hours: z.enum(RECOVER_HOURS) }), {
    async work({ hours }) {
      const since = hoursBefore(now(), hours);
      const recovered = await webhooks.recover(workspace.partner.id, id, since, actorFor(context));
      return done(context, `/portal/webhooks/${id}`, recovered > 0 ? 'recovered' : 'nothing_to_recover');
    },
    again: (wrong) => showEndpoint(context, id, { dialog: 'recover', wrong }),
  });
});

portal.post('/portal/webhooks/:endpoint/rotate', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  const { secret } = await context.var.services.webhooks.rotate(workspace.partner.id, id, actorFor(context));
  return showEndpoint(context, id, { secret });
});

portal.post('/portal/webhooks/:endpoint/test', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  const delivery = await context.var.services.webhooks.sendTest(workspace.partner.id, id, actorFor(context));
  return done(context, `/portal/deliveries/${delivery}`, 'test_sent');
});

portal.post('/portal/webhooks/:endpoint/state', async (context) => {
  const { workspace } = member(context, 'develop');
  const id = endpointId(context);
  const { state } = await readChoice(context, z.object({ state: z.enum(['active', 'paused']) }));
  await context.var.services.webhooks.setState(workspace.partner.id, id, state, actorFor(context));
  return done(context, `/portal/webhooks/${id}`, state === 'active' ? 'endpoint_on' : 'endpoint_paused');
});

portal.post('/portal/webhooks/:endpoint/remove', async (context) => {
  const { workspace } = member(context, 'develop');
  await context.var.services.webhooks.remove(workspace.partner.id, endpointId(context), actorFor(context));
  return done(context, '/portal/webhooks', 'endpoint_deleted');
});
