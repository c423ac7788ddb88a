// One key: what it is, what it may, what it did, and the dialogs of what may be done with it.

import * as z from 'zod';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { limitSubject } from '../../keys/key-record.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { may } from '../../partners/permissions.ts';
import { type OutcomeLine, queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import type { Wrong } from '../../web/forms.ts';
import { withQuery } from '../../web/redirects.ts';
import { type MemberView, shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { BudgetKeysPanel, NewBudgetKeyDialog } from './budget-key-parts.tsx';
import { KeyDialogs, RevokeDialog } from './key-dialogs.tsx';
import { KeyActivity, KeyFacts, KeyHead, KeyLimits, KeyNotes, KeyProblems } from './key-page-parts.tsx';
import { SecretDialog } from './key-parts.tsx';
import { member, Page, type PortalContext, portal } from './portal-web.tsx';

const DAYS = 7;
const MAX_RECENT = 8;
const MAX_APPS = 100;

/** What the key may still do, as its limiter counts it; undefined while the limiter does not answer. */
async function gaugesOf({ var: { services } }: PortalContext, id: string) {
  const record = await services.keyStore.findById(id);
  const gauges = record && (await services.limiter.peek(limitSubject(record)).catch(() => undefined));
  return gauges && { ...gauges, sustained: record.keyLimits.sustained };
}

/** A key that works, or will work again, is changed and rolled; one whose app is archived can still be revoked. */
function rightsOver({ state }: KeyView, workspace: MemberView['workspace']) {
  const isOver = state === 'revoked' || state === 'expired' || !may(workspace, 'develop');
  return { change: !isOver && state !== 'app_archived', revoke: !isOver };
}

const callsOf = (outcomes: readonly OutcomeLine[], day: string): number =>
  outcomes.filter(({ at }) => at === day).reduce((sum, { calls }) => sum + calls, 0);

/** `secret`: shown once. `wrong`: what was sent of this dialog, and could not be done. */
export async function showKey(
  context: PortalContext,
  key: KeyView,
  { secret, dialog, wrong }: { secret?: string; dialog?: string; wrong?: Wrong } = {},
) {
  const { environment } = key;
  const view = { ...shownAt(member(context), `/portal/keys/${key.keyId}`), environment };
  const { workspace, nowMs } = view;
  const { reports, gateway, apps } = context.var.services;
  const owned = { partnerId: workspace.partner.id, keyId: key.keyId };
  const days = { from: isoDay(nowMs - (DAYS - 1) * DAY_MS), to: isoDay(nowMs) };
  const moments = { fromMs: nowMs - DAYS * DAY_MS, toMs: nowMs + DAY_MS };
  const { keys, plans } = context.var.services;
  const [[outcomes, errors, [last], countries], gauges, current, budget, made, { currency }] =
    await Promise.all([
      reports.ask(
        queries.outcomesByDay({ ...owned, ...days }),
        queries.errors({ ...owned, ...days }),
        queries.events({ ...owned, ...moments }, MAX_RECENT),
        queries.byCountry({ ...owned, ...days }),
      ),
      gaugesOf(context, key.id),
      apps.list(workspace.partner.id, MAX_APPS),
      keys.budgets.standing(key),
      keys.budgets.list(key),
      plans.billing(workspace.partner.id),
    ]);
  const rights = rightsOver(key, workspace);
  // A program makes none.
  const mayMake = rights.change && key.state === 'active' && key.kind !== 'grant';
  const bars = dayBars(outcomes, days.from, days.to, (day) =>
    withQuery('/portal/usage', { key: key.keyId, environment, from: day, to: day }),
  );
  return render(
    context,
    <Page view={view} title={key.name} about={environment}>
      <KeyHead apiKey={key} app={current.find(({ id }) => id === key.appId)} rights={rights} />
      <KeyNotes apiKey={key} />
      <div class="two">
        <KeyFacts apiKey={key} last={last} budget={budget} />
        <KeyLimits apiKey={key} gauges={gauges} />
      </div>
      {(mayMake || made.length > 0) && <BudgetKeysPanel made={made} mayMake={mayMake} />}
      <KeyActivity apiKey={key} bars={bars} days={DAYS} />
      {(errors.length > 0 || countries.length > 0) && (
        <KeyProblems apiKey={key} errors={errors} countries={countries} />
      )}
      {rights.change && <KeyDialogs apiKey={key} catalog={gateway.catalog} dialog={dialog} wrong={wrong} />}
      {mayMake && (
        <NewBudgetKeyDialog
          apiKey={key}
          catalog={gateway.catalog}
          currency={currency}
          wrong={dialog === 'new-budget-key' ? wrong : undefined}
        />
      )}
      {rights.revoke && (
        <RevokeDialog
          apiKey={key}
          callsToday={callsOf(outcomes, days.to)}
          wrong={dialog === 'revoke' ? wrong : undefined}
        />
      )}
      {secret && <SecretDialog keyView={key} secret={secret} />}
    </Page>,
    wrong?.status,
  );
}

export const keyOf = (context: PortalContext, permission: 'read' | 'develop' = 'read') => {
  const { workspace } = member(context, permission);
  return context.var.services.keys.get(workspace.partner.id, context.req.param('key') ?? '');
};

const moment = z.coerce.number().int().min(0).catch(0);

/** The first call since then, as the dialog of a new secret shows it; nothing while there is none. */
portal.get('/portal/keys/:key/arrived', async (context) => {
  const { m, format, nowMs } = context.var.view;
  const { keyId, partnerId } = await keyOf(context);
  const fromMs = Math.max(moment.parse(context.req.query('since')), nowMs - DAY_MS);
  const calls = { partnerId, keyId, fromMs, toMs: nowMs + DAY_MS };
  const [[call]] = await context.var.services.reports.ask(queries.events(calls, 1));
  if (!call) return context.text('');
  return context.html(
    <>
      <b>✓ {m.secret.arrived(call.status_code, format.ms(call.latency_ms))}</b>{' '}
      <a href={`/portal/requests/${call.request_id}`} target="_blank" rel="noopener">
        {m.secret.see}
      </a>
    </>,
  );
});

portal.get('/portal/keys/:key', async (context) => showKey(context, await keyOf(context)));
