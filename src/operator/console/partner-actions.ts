// What operators do with a partner: approve, suspend, plan, limits, signatures. Every action has a reason, which is audited.

import * as z from 'zod';
import { idOr404 } from '../../http/api.ts';
import { reason, signatureRule } from '../../http/fields.ts';
import type { AccessAction } from '../../partners/access-service.ts';
import { conflictAt, seenEtag, submit } from '../../web/forms.ts';
import { type ConsoleContext, done, operator, operatorActor, operatorConsole } from './console-web.tsx';
import { assignForm, limitsForm } from './partner-dialogs.tsx';
import { showPartner } from './partner-page.tsx';

/** What is said of it; of who is reinstated, whether it is live. */
function saidOf(action: AccessAction, status: string) {
  if (action === 'reinstate') return status === 'active' ? 'reinstated' : 'reinstated_in_test';
  return action === 'approve' ? 'approved' : 'suspended';
}

for (const action of ['approve', 'reinstate', 'suspend'] as const) {
  operatorConsole.post(`/operator/partners/:id/${action}`, (context: ConsoleContext) => {
    const { origin } = operator(context);
    const id = idOr404(context.req.param('id') ?? '', 'partner');
    return submit(context, z.object({ reason }), {
      async work({ reason: why }) {
        const { partners } = context.var.services;
        const { status } = await partners.changeAccess(id, action, why, operatorActor(context), origin);
        return done(context, `/operator/partners/${id}`, saidOf(action, status));
      },
      again: (wrong) => showPartner(context, action, wrong),
    });
  });
}

operatorConsole.post('/operator/partners/:id/decline', (context) => {
  const { origin } = operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, z.object({ reason }), {
    async work({ reason: why }) {
      await context.var.services.liveAccess.decline(id, why, operatorActor(context), origin);
      return done(context, `/operator/partners/${id}`, 'live_access_declined');
    },
    again: (wrong) => showPartner(context, 'decline', wrong),
  });
});

operatorConsole.post('/operator/partners/:id/limits', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, limitsForm, {
    async work(data) {
      const change = data.back_to_tier
        ? null
        : { perSecond: data.second, perDay: data.day, perMonth: data.month, overageAction: data.overage };
      await context.var.services.partners.setLimits(id, change, operatorActor(context), {
        reason: data.reason,
        expected: data.etag,
      });
      return done(context, `/operator/partners/${id}`, 'limits_changed');
    },
    again: (wrong) => showPartner(context, 'limits', wrong),
  });
});

operatorConsole.post('/operator/partners/:id/plan', (context) => {
  const view = operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, assignForm, {
    async work(data) {
      const { plans } = context.var.services;
      const now = await plans.billing(id);
      const change = {
        tier: data.tier === now.tier ? undefined : data.tier,
        taxBps: data.tax === now.taxBps ? undefined : data.tax,
        currency: data.currency === (now.nextCurrency ?? now.currency) ? undefined : data.currency,
        reason: data.reason,
      };
      await plans.assign(id, change, operatorActor(context), data.etag);
      return done(context, `/operator/partners/${id}`, 'saved');
    },
    again: (wrong) => showPartner(context, 'plan', wrong),
    says: conflictAt(view, 'currency'),
  });
});

operatorConsole.post('/operator/partners/:id/signatures', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'partner');
  return submit(context, z.object({ rule: signatureRule, reason, etag: seenEtag }), {
    async work({ rule, reason: why, etag: expected }) {
      const change = { reason: why, expected };
      await context.var.services.partners.setSignatureRule(id, rule, operatorActor(context), change);
      return done(context, `/operator/partners/${id}`, 'signatures_changed');
    },
    again: (wrong) => showPartner(context, 'signatures', wrong),
  });
});
