// What a person settles: name and language, the partner's name, identities, sessions.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { text } from '../../http/fields.ts';
import { submit } from '../../web/forms.ts';
import { askProof, isProven } from '../../web/web.ts';
import { formOf } from './fields.ts';
import { actorFor, done, member, person, portal } from './portal-web.tsx';
import { showSettings } from './settings-page.tsx';

const partnerForm = formOf(z.object({ name: text(255, 1), company: text(255).nullish() }));

portal.post('/portal/settings/account', (context) => {
  const { account } = person(context);
  return submit(context, z.object({ name: text(100, 1), language: z.enum(['en', 'fr']) }), {
    async work({ name, language }) {
      await context.var.accounts.change(account.id, name, language);
      return done(context, '/portal/settings', 'saved');
    },
    again: (wrong) => showSettings(context, { form: 'account', wrong }),
  });
});

portal.post('/portal/settings/partner', (context) => {
  const { workspace } = member(context, 'own');
  return submit(context, partnerForm, {
    async work(change) {
      await context.var.services.partners.change(workspace.partner.id, change, actorFor(context));
      return done(context, '/portal/settings', 'saved');
    },
    again: (wrong) => showSettings(context, { form: 'partner', wrong }),
  });
});

portal.post('/portal/settings/identities/:id/unlink', async (context) => {
  const { account, m } = person(context);
  if (!isProven(context)) return askProof(context, '/portal/settings');
  const result = await context.var.accounts.unlink(account, context.req.param('id'));
  if (result === 'unknown') throw new AppError('not_found');
  if (result === 'last') return showSettings(context, { problem: m.settings.lastWayIn });
  return done(context, '/portal/settings', 'identity_unlinked');
});

portal.post('/portal/settings/sessions/end-others', async (context) => {
  const { account } = person(context);
  await context.var.accounts.endOtherSessions(account.id, context.var.session.id);
  return done(context, '/portal/settings', 'sessions_ended');
});

portal.post('/portal/settings/sessions/:id/end', async (context) => {
  const { account } = person(context);
  if (!(await context.var.accounts.endSession(account.id, context.req.param('id'))))
    throw new AppError('not_found');
  return done(context, '/portal/settings', 'sessions_ended');
});
