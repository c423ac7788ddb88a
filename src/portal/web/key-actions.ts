// What members do with keys: make one, change it, give it a new secret, revoke it.

import * as z from 'zod';
import { sha256Hex } from '../../core/encoding.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { reason, signatureRule } from '../../http/fields.ts';
import { FieldsRefused, refusalText, submit } from '../../web/forms.ts';
import { showApp } from './app-page.tsx';
import { keyFields, newKey } from './key-form.tsx';
import { keyOf, showKey } from './key-page.tsx';
import { actorFor, done, member, type PortalContext, portal } from './portal-web.tsx';

/** Makes the key of a form once, however often it is sent. */
async function createOnce(context: PortalContext, appId: string, data: z.output<typeof newKey>) {
  const { workspace } = member(context, 'develop');
  const { keys, idempotency } = context.var.services;
  const actor = actorFor(context);
  const claimant = {
    owner: `form:${workspace.partner.id}`,
    actor: actor.name,
    key: data.form,
    requestHash: await sha256Hex(`${appId} ${data.name}`),
    requestId: context.var.requestId,
  };
  const claim = await idempotency.begin(claimant);
  if (claim.state !== 'mine') {
    const made = claim.state === 'answered' ? claim.answer.body : claim.effect?.target.key_id;
    return done(context, `/portal/keys/${made}`, 'key_made_before');
  }
  const wanted = {
    appId,
    kind: data.kind,
    environment: data.environment,
    name: data.name,
    scopes: data.scopes,
    expiresAt: data.expires,
    allowedIps: data.allowed_ips.length > 0 ? data.allowed_ips : null,
    signatureRule: data.signature_rule,
  };
  try {
    const made = await keys.create(workspace.partner.id, wanted, actor);
    await idempotency.finish(claimant, { status: 201, body: made.key.keyId });
    return showKey(context, made.key, { secret: made.secret });
  } catch (error) {
    await idempotency.release(claimant);
    throw error;
  }
}

portal.post('/portal/apps/:app/keys', async (context) => {
  const view = member(context, 'develop');
  const { workspace, m } = view;
  const { apps } = context.var.services;
  const app = await apps.get(workspace.partner.id, idOr404(context.req.param('app'), 'app'));
  return submit(context, newKey, {
    work: (data) => createOnce(context, app.id, data),
    again: (wrong) => showApp(context, 'new-key', wrong),
    says({ code, message, fields }) {
      if (code === 'limit_exceeded') return { form: m.keys.tooMany(Number(fields.limit)) };
      if (code === 'live_access_required') return { form: m.overview.status(workspace.partner.status) };
      return { form: refusalText(view, message) ?? message };
    },
  });
});

const limitText = z
  .string()
  .trim()
  .optional()
  .transform((text) => (text ? Number(text) : null))
  .pipe(z.int().min(0).max(2_000_000_000).nullable());
const keyChange = keyFields.extend({ daily_quota: limitText, signature_rule: signatureRule.optional() });

portal.post('/portal/keys/:key', async (context) => {
  const { m } = context.var.view;
  const key = await keyOf(context, 'develop');
  const { keys } = context.var.services;
  return submit(context, keyChange, {
    async work(data) {
      const actor = actorFor(context);
      // The limit first: what is refused changes nothing.
      if (data.daily_quota !== key.limits.daily_quota) {
        const limits = { dailyQuota: data.daily_quota };
        await keys.chooseLimits(key.partnerId, key.keyId, limits, actor).catch((error) => {
          if (!(error instanceof AppError) || error.code !== 'validation_error') throw error;
          throw new FieldsRefused({ daily_quota: m.keys.beyondPlan });
        });
      }
      const { name, scopes, allowed_ips: allowedIps, expires: expiresAt, signature_rule } = data;
      const change = { name, scopes, allowedIps, expiresAt, signatureRule: signature_rule };
      await keys.change(key.partnerId, key.keyId, change, actor);
      return done(context, `/portal/keys/${key.keyId}`, 'saved');
    },
    again: (wrong) => showKey(context, key, { dialog: 'edit', wrong }),
  });
});

portal.post('/portal/keys/:key/rotate', async (context) => {
  const key = await keyOf(context, 'develop');
  const { keys } = context.var.services;
  return submit(context, z.object({ grace_days: z.coerce.number().int().min(0).max(90).optional() }), {
    async work({ grace_days }) {
      const made = await keys.rotate(key.partnerId, key.keyId, grace_days, actorFor(context));
      return showKey(context, made.key, { secret: made.secret });
    },
    again: (wrong) => showKey(context, key, { dialog: 'roll', wrong }),
  });
});

portal.post('/portal/keys/:key/revoke', async (context) => {
  const { m } = context.var.view;
  const key = await keyOf(context, 'develop');
  const confirm = z.string().optional();
  const isNamed = (typed: string | undefined) => key.environment !== 'live' || typed?.trim() === key.name;
  return submit(context, z.object({ reason, confirm }), {
    async work(data) {
      if (!isNamed(data.confirm)) throw new FieldsRefused({ confirm: m.common.notTheName });
      await context.var.services.keys.revoke(key.partnerId, key.keyId, data.reason, actorFor(context));
      return done(context, `/portal/keys/${key.keyId}`, 'key_revoked');
    },
    again: (wrong) => showKey(context, key, { dialog: 'revoke', wrong }),
  });
});
