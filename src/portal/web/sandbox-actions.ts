// What members do in the sandbox: spend a test key's day or begin a new one, and forget what an app made there.

import * as z from 'zod';
import { idOr404 } from '../../http/api.ts';
import { readChoice } from '../../web/forms.ts';
import { actorFor, done, member, portal } from './portal-web.tsx';

portal.post('/portal/keys/:key/day', async (context) => {
  const { workspace } = member(context, 'develop');
  const { to } = await readChoice(context, z.object({ to: z.enum(['spent', 'new_day']) }));
  const { keys } = context.var.services;
  await keys.travel(workspace.partner.id, context.req.param('key'), to, actorFor(context));
  return done(context, '/portal/sandbox', to === 'spent' ? 'day_spent' : 'day_new');
});

portal.post('/portal/apps/:app/reset', async (context) => {
  const { workspace } = member(context, 'develop');
  const app = await context.var.services.apps.get(
    workspace.partner.id,
    idOr404(context.req.param('app'), 'app'),
  );
  await context.var.services.resetPayments(app.id);
  await context.var.services.audit.write(workspace.partner.id, actorFor(context), 'sandbox.reset', {
    app_id: app.id,
  });
  return done(context, '/portal/sandbox', 'sandbox_reset');
});
