// What members do with keys: make one, change it, give it a new secret, revoke it.

import * as z from 'zod';
import type { Actor } from '../../audit/audit-store.ts';
import { AppError, type FieldErrors } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { keyName, reason, signatureRule, text } from '../../http/fields.ts';
import { once } from '../../http/once.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { FieldsRefused, isNamed, refusalText, submit } from '../../web/forms.ts';
import { numberOrNone } from '../../web/number-field.ts';
import { showApp } from './app-page.tsx';
import { typedBudget } from './budget-field.ts';
import { clientFields, typedClient } from './client-fields.tsx';
import { dayField, scopeLines } from './fields.ts';
import { keyFields, newKey } from './key-form.tsx';
import { keyOf, showKey } from './key-page.tsx';
import { pinField } from './pin-field.tsx';
import { actorFor, done, member, type PortalContext, portal } from './portal-web.tsx';

/** Makes the key of a form once, however often it is sent. `about`: what makes it the same wish. */
async function makeOnce(
  context: PortalContext,
  { form, about }: { form: string; about: string },
  make: (partnerId: string, actor: Actor) => Promise<{ key: KeyView; secret: string }>,
) {
  const { id: partnerId } = member(context, 'develop').workspace.partner;
  const { services, requestId } = context.var;
  const actor = actorFor(context);
  const result = await once(
    services.idempotency,
    { owner: partnerId, actor: actor.name, form, about, requestId },
    async () => {
      const made = await make(partnerId, actor);
      return { id: made.key.keyId, made };
    },
  );
  if ('made' in result) return showKey(context, result.made.key, { secret: result.made.secret });
  if (!result.before) throw new AppError('conflict');
  return done(context, `/portal/keys/${result.before}`, 'key_made_before');
}

function createKey(context: PortalContext, appId: string, data: z.output<typeof newKey>) {
  const { form, expires: expiresAt, allowed_ips: allowedIps, signature_rule: signatureRule, ...rest } = data;
  const wanted = {
    ...rest,
    appId,
    expiresAt,
    allowedIps: allowedIps.length > 0 ? allowedIps : null,
    signatureRule,
  };
  return makeOnce(context, { form, about: `${appId} ${data.name}` }, (partnerId, actor) =>
    context.var.services.keys.create(partnerId, wanted, actor),
  );
}

portal.post('/portal/apps/:app/keys', async (context) => {
  const view = member(context, 'develop');
  const { workspace, m } = view;
  const { apps } = context.var.services;
  const app = await apps.get(workspace.partner.id, idOr404(context.req.param('app'), 'app'));
  return submit(context, newKey, {
    work: (data) => createKey(context, app.id, data),
    again: (wrong) => showApp(context, 'new-key', wrong),
    says({ code, message, fields }) {
      if (code === 'limit_exceeded') return { form: m.keys.tooMany(Number(fields.limit)) };
      if (code === 'live_access_required') return { form: m.overview.status(workspace.partner.status) };
      return { form: refusalText(view, message) };
    },
  });
});

const dailyQuota = numberOrNone({ unit: 'perDay', from: 0, to: 2_000_000_000 });
const graceDays = numberOrNone({ unit: 'days', from: 0, to: 90 });
const keyChange = keyFields.extend({
  daily_quota: dailyQuota,
  signature_rule: signatureRule.optional(),
  api_version: pinField,
  /** Of keys with one. */
  budget: text(20).optional(),
  ...clientFields,
});

const newBudgetKey = z.object({
  form: z.uuid(),
  name: keyName,
  budget: text(20, 1),
  budget_in: z.enum(['units', 'money']),
  expires: dayField,
  scopes: scopeLines,
});

portal.post('/portal/keys/:key/budget-keys', async (context) => {
  const { view, services } = context.var;
  const maker = await keyOf(context, 'develop');
  return submit(context, newBudgetKey, {
    async work({ form, budget_in: measure, expires: expiresAt, ...rest }) {
      const { currency } = await services.plans.billing(maker.partnerId);
      const budget = typedBudget(rest.budget, measure === 'money' ? currency : undefined, view);
      return makeOnce(context, { form, about: `${maker.id} ${rest.name}` }, (_, actor) =>
        services.keys.budgets.make(maker, { ...rest, budget, expiresAt }, actor),
      );
    },
    again: (wrong) => showKey(context, maker, { dialog: 'new-budget-key', wrong }),
    says: ({ message }) => ({ form: refusalText(view, message) }),
  });
});

portal.post('/portal/keys/:key', async (context) => {
  const { m } = context.var.view;
  const key = await keyOf(context, 'develop');
  const { keys } = context.var.services;
  return submit(context, keyChange, {
    async work(data) {
      const actor = actorFor(context);
      const client = typedClient(key, data, m);
      const budget =
        key.counterId === null || data.budget === undefined
          ? undefined
          : typedBudget(data.budget, key.budgetCurrency ?? undefined, context.var.view);
      const { name, scopes, allowed_ips: allowedIps, expires, signature_rule, api_version } = data;
      // A day that stays as it is keeps its moment.
      const expiresAt = expires?.slice(0, 10) === key.expiresAt?.slice(0, 10) ? undefined : expires;
      const more = { signatureRule: signature_rule, apiVersion: api_version, client, budget };
      const change = { name, scopes, allowedIps, expiresAt, ...more };
      // What may be refused first: then nothing is changed.
      await keys.checkChange(key, change);
      if (key.counterId === null && data.daily_quota !== key.limits.daily_quota) {
        const limits = { dailyQuota: data.daily_quota };
        await keys.chooseLimits(key.partnerId, key.keyId, limits, actor).catch((error) => {
          if (!(error instanceof AppError) || error.code !== 'validation_error') throw error;
          throw new FieldsRefused({ daily_quota: m.keys.beyondPlan });
        });
      }
      await keys.change(key.partnerId, key.keyId, change, actor);
      return done(context, `/portal/keys/${key.keyId}`, 'saved');
    },
    again: (wrong) => showKey(context, key, { dialog: 'edit', wrong }),
    says: ({ fields }) => {
      const late = ((fields.details ?? []) as FieldErrors).find(({ field }) => field === 'expires_at');
      return late && { expires: refusalText(context.var.view, late.message) };
    },
  });
});

portal.post('/portal/keys/:key/rotate', async (context) => {
  const key = await keyOf(context, 'develop');
  const { keys } = context.var.services;
  return submit(context, z.object({ grace_days: graceDays }), {
    async work({ grace_days }) {
      const made = await keys.rotate(key.partnerId, key.keyId, grace_days ?? undefined, actorFor(context));
      return showKey(context, made.key, { secret: made.secret });
    },
    again: (wrong) => showKey(context, key, { dialog: 'roll', wrong }),
  });
});

portal.post('/portal/keys/:key/revoke', async (context) => {
  const { m } = context.var.view;
  const key = await keyOf(context, 'develop');
  const confirm = z.string().optional();
  return submit(context, z.object({ reason, confirm }), {
    async work(data) {
      if (key.environment === 'live' && !isNamed(data.confirm, key.name))
        throw new FieldsRefused({ confirm: m.common.notTheName });
      await context.var.services.keys.revoke(key.partnerId, key.keyId, data.reason, actorFor(context));
      return done(context, `/portal/keys/${key.keyId}`, 'key_revoked');
    },
    again: (wrong) => showKey(context, key, { dialog: 'revoke', wrong }),
  });
});
