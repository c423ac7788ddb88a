// Personal tokens: made with the password or a code in the form itself, shown once, revoked.

import * as z from 'zod';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { text } from '../../http/fields.ts';
import { permissionsOf } from '../../partners/permissions.ts';
import { Code } from '../../web/components/parts.tsx';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { entriesField } from './fields.ts';
import { actorFor, done, member, Page, portal } from './portal-web.tsx';
import { provenForm } from './security-actions.tsx';
import { showSettings } from './settings-page.tsx';
import { TOKEN_DAYS } from './token-parts.tsx';

const HERE = '/portal/settings';

const memberOf = ({ workspace: { partner, subject } }: ReturnType<typeof member>) => ({
  partnerId: partner.id,
  subject,
});

portal.post('/portal/settings/tokens', (context) => {
  const view = member(context);
  const { m, workspace, origin } = view;
  if (workspace.partner.status === 'suspended') throw new AppError('partner_suspended');
  const fields = z.object({
    form: z.uuid(),
    name: text(100, 1),
    permissions: entriesField.pipe(z.array(z.enum(permissionsOf(workspace.role)))),
    days: z.enum(TOKEN_DAYS).transform(Number),
  });
  return provenForm(context, 'token', fields, async ({ form, name, permissions, days }) => {
    const { tokens } = context.var.services;
    const token = await tokens.make(memberOf(view), { id: form, name, permissions, days }, actorFor(context));
    if (token === undefined) return showSettings(context, { problem: m.tokens.madeBefore });
    context.var.accounts.tellTokenMade(view.account, name);
    return render(
      context,
      <Page view={shownAt(view, HERE)} title={m.tokens.made} about="both">
        <h1>{m.tokens.made}</h1>
        <p>{m.tokens.once}</p>
        <Code text={token} label={name} />
        <Code text={`curl ${origin}/api/dev/apps -H "Authorization: Bearer ${token}"`} />
        <a class="button primary" href={HERE}>
          {m.secret.close}
        </a>
      </Page>,
    );
  });
});

portal.post('/portal/settings/tokens/:id/revoke', async (context) => {
  const view = member(context);
  const id = idOr404(context.req.param('id'), 'token');
  await context.var.services.tokens.revoke(memberOf(view), id, actorFor(context));
  return done(context, HERE, 'token_revoked');
});
