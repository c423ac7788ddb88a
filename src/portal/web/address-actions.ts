// Changing one's address: asked for here, with the password or a code in the form itself.

import * as z from 'zod';
import { FieldsRefused } from '../../web/forms.ts';
import { email } from './account-parts.tsx';
import { done, person, portal } from './portal-web.tsx';
import { provenForm } from './security-actions.tsx';
import { showSettings } from './settings-page.tsx';

const HERE = '/portal/settings';

portal.post('/portal/settings/email', (context) => {
  const { account, m } = person(context);
  return provenForm(context, 'email', z.object({ email }), async ({ email: to }) => {
    if (to === account.email.toLowerCase()) throw new FieldsRefused({ email: m.address.same });
    const result = await context.var.accounts.askAddress(account, to);
    if (result === 'tooMany') return showSettings(context, { problem: m.signIn.tooMany });
    return done(context, HERE, 'address_asked');
  });
});

portal.post('/portal/settings/email/cancel', async (context) => {
  await context.var.accounts.forgetAddress(person(context).account);
  return done(context, HERE, 'address_kept');
});
