// Deleting one's own account: the password or a code in the form itself, and never while a partner would be without an owner.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { addCookies } from '../../web/web.ts';
import { said } from './account-parts.tsx';
import { actorFor, person, portal } from './portal-web.tsx';
import { provenForm } from './security-actions.tsx';
import { showSettings } from './settings-page.tsx';

portal.post('/portal/settings/delete', (context) => {
  const { account, m } = person(context);
  if (account.isOperator) throw new AppError('forbidden');
  return provenForm(context, 'delete', z.object({}), async () => {
    const { accounts } = context.var;
    const { isGone, owned } = await accounts.deleteAccount(account, actorFor(context));
    if (!isGone) return showSettings(context, { problem: m.deletion.owned(owned.join(', ')) });
    addCookies(context, (await accounts.signOut()).cookies);
    return said(context, m.deletion.doneTitle, <p>{m.deletion.done}</p>);
  });
});
