// What operators set up: a partner, an app, a key, an invitation. Each is the command of its route in /api/admin.

import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { once } from '../../http/once.ts';
import { inviteByMail } from '../../partners/invitation-mail.ts';
import { createPartner, createPartnerKey } from '../../partners/provisioning.ts';
import { conflictAt, refusalText, submit } from '../../web/forms.ts';
import type { FormErrors } from '../../web/web.ts';
import {
  type ConsoleContext,
  done,
  type OperatorView,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';
import { showKey } from './key-page.tsx';
import { showPartners } from './partner-list-page.tsx';
import { showPartner } from './partner-page.tsx';
import { appForm, invitationForm, keyForm, partnerForm } from './provisioning-dialogs.tsx';

const partnerIdOf = (context: ConsoleContext): string => idOr404(context.req.param('id') ?? '', 'partner');

/** Two conflicts: the address is taken, or the plan is not sold in this currency. */
const saysOfPartner = (view: OperatorView) => (error: AppError, values: Record<string, string>) =>
  conflictAt(view, /price/.test(error.message) && 'currency' in values ? 'currency' : 'email')(error);

operatorConsole.post('/operator/partners', (context) => {
  const view = operator(context);
  return submit(context, partnerForm, {
    async work({ language, ...wanted }) {
      const inviting = { actor: operatorActor(context), origin: view.origin, language };
      const { partner, isInvited } = await createPartner(context.var.services, wanted, inviting);
      const said = isInvited ? 'partner_created' : 'partner_created_unmailed';
      return done(context, `/operator/partners/${partner.id}`, said);
    },
    again: (wrong) => showPartners(context, wrong),
    says: saysOfPartner(view),
  });
});

operatorConsole.post('/operator/partners/:id/apps', (context) => {
  const view = operator(context);
  const id = partnerIdOf(context);
  return submit(context, appForm, {
    async work(wanted) {
      const { apps, partners } = context.var.services;
      await partners.get(id);
      await apps.create(id, wanted, operatorActor(context));
      return done(context, `/operator/partners/${id}`, 'partner_app_created');
    },
    again: (wrong) => showPartner(context, 'new-app', wrong),
    says: conflictAt(view, 'name'),
  });
});

operatorConsole.post('/operator/partners/:id/invitations', (context) => {
  const view = operator(context);
  const id = partnerIdOf(context);
  return submit(context, invitationForm, {
    async work({ language, ...wanted }) {
      const { services } = context.var;
      const inviting = { actor: operatorActor(context), origin: view.origin, language };
      await inviteByMail(services, await services.partners.get(id), wanted, inviting);
      return done(context, `/operator/partners/${id}`, 'invited');
    },
    again: (wrong) => showPartner(context, 'invite', wrong),
    says: ({ code, message }): FormErrors | undefined =>
      code === 'conflict' || code === 'rate_limit_exceeded' || code === 'service_unavailable'
        ? { email: refusalText(view, message) }
        : undefined,
  });
});

operatorConsole.post('/operator/partners/:id/keys', (context) => {
  const view = operator(context);
  const { m } = view;
  const partnerId = partnerIdOf(context);
  const refusals: Record<string, string> = {
    limit_exceeded: m.provision.tooManyKeys,
    live_access_required: m.provision.notApproved,
  };
  return submit(context, keyForm, {
    async work({ form, app: appId, signature_rule: signatureRule, ...wanted }) {
      const { services, requestId } = context.var;
      const actor = operatorActor(context);
      const result = await once(
        services.idempotency,
        { owner: 'operators', actor: actor.name, form, about: `${partnerId} ${wanted.name}`, requestId },
        async () => {
          const by = { actor, origin: view.origin };
          const made = await createPartnerKey(services, partnerId, { ...wanted, appId, signatureRule }, by);
          return { id: made.key.keyId, made };
        },
      );
      if ('made' in result) return showKey(context, { key: result.made.key, secret: result.made.secret });
      if (!result.before) throw new AppError('conflict');
      return done(context, `/operator/keys/${result.before}`, 'key_made_before');
    },
    again: (wrong) => showPartner(context, 'new-key', wrong),
    says: ({ code, message }) => ({ form: refusals[code] ?? refusalText(view, message) }),
  });
});
