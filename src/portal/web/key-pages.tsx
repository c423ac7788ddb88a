// Keys: making one (its secret shown once), the key's own page, roll, revoke, change.

import * as z from 'zod';
import { sha256Hex } from '../../core/encoding.ts';
import { AppError } from '../../core/errors.ts';
import { DAY_MS, isoDay } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import { reason, signatureRule } from '../../http/fields.ts';
import { limitSubject } from '../../keys/key-record.ts';
import type { KeyView } from '../../keys/key-view-store.ts';
import { may } from '../../partners/permissions.ts';
import { queries } from '../../usage/usage-reports.ts';
import { dayBars } from '../../web/bars.ts';
import { CallsChart } from '../../web/components/chart.tsx';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Area, Field, Select } from '../../web/components/form.tsx';
import { KeyBadge } from '../../web/components/key-badge.tsx';
import { Empty, Meter, Note, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { ErrorTable } from '../../web/components/usage-tables.tsx';
import { withQuery } from '../../web/redirects.ts';
import { type MemberView, shownAt } from '../../web/view.ts';
import { type FormErrors, type FormValues, readForm, render } from '../../web/web.ts';
import { showApp } from './app-pages.tsx';
import { dayField, ipLines, nameField, scopeLines } from './fields.ts';
import { curlLine, isStale, ScopeChoices, SecretDialog, SignatureChoice, scopesOf } from './key-parts.tsx';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const DAYS = 7;

const newKey = z.object({
  form: z.uuid(),
  name: nameField,
  kind: z.enum(['bearer', 'signing']),
  environment: z.enum(['test', 'live']),
  scopes: scopeLines,
  expires: dayField,
  allowed_ips: ipLines,
  /** A person who makes a key reads what each form is worth; the API does as the source document. */
  signature_rule: signatureRule.default('bound'),
});

portal.post('/portal/apps/:app/keys', async (context) => {
  const { workspace, m } = member(context, 'develop');
  const { apps, keys, idempotency } = context.var.services;
  const partnerId = workspace.partner.id;
  const app = await apps.get(partnerId, idOr404(context.req.param('app'), 'app'));
  const { values, data, errors } = await readForm(context, newKey);
  if (errors) return showApp(context, { newKey: { values, errors } });
  const actor = actorFor(context);
  const claimant = {
    owner: `form:${partnerId}`,
    actor: actor.name,
    key: data.form,
    requestHash: await sha256Hex(`${app.id} ${data.name}`),
    requestId: context.var.requestId,
  };
  const claim = await idempotency.begin(claimant);
  if (claim.state !== 'mine') {
    const made = claim.state === 'answered' ? claim.answer.body : claim.effect?.target.key_id;
    return done(context, `/portal/keys/${made}`, 'key_made_before');
  }
  try {
    const made = await keys.create(
      partnerId,
      {
        appId: app.id,
        kind: data.kind,
        environment: data.environment,
        name: data.name,
        scopes: data.scopes,
        expiresAt: data.expires,
        allowedIps: data.allowed_ips.length > 0 ? data.allowed_ips : null,
        signatureRule: data.signature_rule,
      },
      actor,
    );
    await idempotency.finish(claimant, { status: 201, body: made.key.keyId });
    return showKey(context, made.key, { secret: made.secret });
  } catch (error) {
    await idempotency.release(claimant);
    if (!(error instanceof AppError)) throw error;
    const known: Record<string, string> = {
      limit_exceeded: m.keys.tooMany,
      live_access_required: m.overview.status(workspace.partner.status),
    };
    return showApp(context, { newKey: { values, errors: { form: known[error.code] ?? error.message } } });
  }
});

interface PageState {
  secret?: string;
  edit?: { values: FormValues; errors: FormErrors };
  revoke?: { values: FormValues; errors: FormErrors };
}

const Limits = async ({
  view,
  keyView,
  context,
}: {
  view: MemberView;
  keyView: KeyView;
  context: PortalContext;
}) => {
  const { m, format } = view;
  const { keyStore, limiter } = context.var.services;
  const record = await keyStore.findById(keyView.id);
  const gauges = record && (await limiter.peek(limitSubject(record)).catch(() => undefined));
  if (!record || !gauges) return <p class="soft pad">{m.quota.unknown}</p>;
  const shown = [
    [m.quota.burst, gauges.burst],
    [m.quota.day, gauges.day],
    [m.quota.month, gauges.month],
  ] as const;
  return (
    <div class="pad meters">
      {shown.map(([label, { limit, remaining }]) => (
        <Meter label={label} used={limit < 0 ? 0 : limit - remaining} limit={limit} remaining={remaining} />
      ))}
      <p class="hint">
        {m.quota.refill(format.number(record.keyLimits.sustained))} {m.quota.tighter}
      </p>
    </div>
  );
};

async function showKey(context: PortalContext, key: KeyView, state: PageState = {}) {
  const base = `/portal/keys/${key.keyId}`;
  const view = shownAt(member(context), base);
  const { m, format, workspace, nowMs } = view;
  const { reports, gateway } = context.var.services;
  const to = isoDay(nowMs);
  const from = isoDay(nowMs - (DAYS - 1) * DAY_MS);
  const scope = { partnerId: workspace.partner.id, keyId: key.keyId, from, to };
  const recent = {
    partnerId: workspace.partner.id,
    keyId: key.keyId,
    fromMs: nowMs - DAYS * DAY_MS,
    toMs: nowMs + DAY_MS,
  };
  const [outcomes, errors, events, countries] = await reports.ask(
    queries.outcomesByDay(scope),
    queries.errors(scope),
    queries.events(recent, 8),
    queries.byCountry(scope),
  );
  const isActive = key.state === 'active';
  const mayChange = key.state !== 'revoked' && key.state !== 'expired' && may(workspace, 'develop');
  const bars = dayBars(outcomes, from, to, (day) =>
    withQuery('/portal/usage', { key: key.keyId, from: day, to: day }),
  );
  const { values, errors: wrong } = state.edit ?? {};
  const [last] = events;
  return render(
    context,
    <Page view={view} title={key.name}>
      <div>
        <p class="crumbs">
          {key.appId ? (
            <a href={`/portal/apps/${key.appId}`}>{m.keys.backToApp}</a>
          ) : (
            <a href="/portal/apps">{m.nav.apps}</a>
          )}
        </p>
        <div class="head">
          <h1>{key.name}</h1>
          <KeyBadge state={key.state} />
          <span class={`badge ${key.environment === 'test' ? 'warn' : ''}`}>
            {key.environment === 'test' ? m.common.test : m.common.live}
          </span>
          <span class="grow" />
          {mayChange && (
            <>
              <OpenDialog id="edit">{m.common.change}</OpenDialog>
              <OpenDialog id="roll">{m.keys.roll}</OpenDialog>
              <OpenDialog id="revoke" kind="danger">
                {m.keys.revoke}
              </OpenDialog>
            </>
          )}
        </div>
      </div>
      {isStale(key, nowMs) && <Note kind="warn">{m.keys.stale}</Note>}
      {key.retiring.map(({ keyPrefix, expiresAt, lastUsedAt }) => (
        <Note kind="warn">
          {m.keys.retiring(keyPrefix)}{' '}
          <b>
            <Time at={expiresAt} />
          </b>
          . {m.keys.lastUsed}: <Time at={lastUsedAt} />. {m.keys.retiringHint}
        </Note>
      ))}
      {key.state === 'quarantined' && <Note kind="bad">{m.keys.quarantinedText}</Note>}
      {!key.isActive && (
        <Note kind="bad">
          {m.keys.revokedAt} <Time at={key.revokedAt} />. {m.keys.why}: {key.revokedReason}
        </Note>
      )}
      <div class="two">
        <Panel title={m.keys.about}>
          <dl class="facts pad">
            <dt>{m.keys.prefix}</dt>
            <dd class="mono">{key.keyPrefix}</dd>
            <dt>{m.keys.id}</dt>
            <dd class="mono">{key.keyId}</dd>
            <dt>{m.keys.kind}</dt>
            <dd>{m.keys.kinds[key.kind]}</dd>
            {key.kind === 'signing' && (
              <>
                <dt>{m.keys.signatureRule}</dt>
                <dd>{m.keys.signatureRules[key.signatureRule]}</dd>
              </>
            )}
            <dt>{m.keys.scopes}</dt>
            <dd>{key.scopes.join(', ')}</dd>
            <dt>{m.apps.ips}</dt>
            <dd>{key.allowedIps.length > 0 ? key.allowedIps.join(', ') : m.keys.anywhere}</dd>
            <dt>{m.common.created}</dt>
            <dd>
              <Time at={key.createdAt} />
            </dd>
            <dt>{m.keys.expires}</dt>
            <dd>{key.expiresAt ? <Time at={key.expiresAt} /> : m.common.never}</dd>
            <dt>{m.keys.lastUsed}</dt>
            <dd>
              <Time at={key.lastUsedAt} />
              {last?.country ? `, ${format.country(last.country)}` : last?.ip ? `, ${last.ip}` : ''}
            </dd>
          </dl>
        </Panel>
        <Panel title={m.keys.limits}>{await Limits({ view, keyView: key, context })}</Panel>
      </div>
      <Panel
        title={m.keys.inDays(DAYS)}
        action={
          <a
            href={withQuery('/portal/requests', {
              key: key.keyId,
              range: '7d',
              environment: key.environment,
            })}
          >
            {m.nav.requests}
          </a>
        }
      >
        {bars.every(({ counts }) => Object.keys(counts).length === 0) ? (
          <Empty title={m.usage.emptyTitle}>
            {isActive && key.kind === 'bearer' && <p>{m.keys.tryIt}</p>}
            {isActive && key.kind === 'bearer' && (
              <code>{curlLine(view.origin, key, `${key.keyPrefix.replace('...', '…')}`)}</code>
            )}
            <p class="soft small">{m.secret.lost}</p>
          </Empty>
        ) : (
          <div class="pad">
            <CallsChart
              bars={bars}
              isHourly={false}
              linkOf={(outcome) => withQuery('/portal/requests', { key: key.keyId, outcome, range: '7d' })}
            />
          </div>
        )}
      </Panel>
      {(errors.length > 0 || countries.length > 0) && (
        <div class="two">
          <Panel title={m.overview.errors}>
            <ErrorTable
              errors={errors.slice(0, 8)}
              hrefOf={({ code }) =>
                withQuery('/portal/requests', { key: key.keyId, error: code, range: '7d' })
              }
            />
          </Panel>
          <Panel title={m.usage.countries}>
            <Table
              hasHead={false}
              rows={countries.slice(0, 8)}
              columns={[
                { title: m.usage.countries, cell: ({ name }) => format.country(name) },
                { title: m.usage.requests, kind: 'num', cell: ({ calls }) => format.number(calls) },
              ]}
            />
          </Panel>
        </div>
      )}
      {mayChange && (
        <>
          <Dialog id="edit" title={m.keys.editTitle} open={state.edit ? true : undefined}>
            <form method="post" action={base} class="stack">
              <Field
                scope="edit"
                name="name"
                label={m.keys.name}
                required
                maxlength={255}
                value={values?.name ?? key.name}
                error={wrong?.name}
              />
              <ScopeChoices
                scopes={scopesOf(gateway.catalog)}
                chosen={values?.scopes?.split('\n') ?? key.scopes}
                error={wrong?.scopes}
              />
              <Area
                scope="edit"
                name="allowed_ips"
                label={m.apps.ips}
                value={values?.allowed_ips ?? key.allowedIps.join('\n')}
                error={wrong?.allowed_ips}
                hint={m.apps.ipsHint}
              />
              <Field
                scope="edit"
                name="expires"
                type="date"
                label={m.keys.expires}
                value={values?.expires ?? key.expiresAt?.slice(0, 10) ?? ''}
                error={wrong?.expires}
                hint={m.keys.expiresHint}
              />
              <Field
                scope="edit"
                name="daily_quota"
                inputmode="numeric"
                label={m.keys.dailyQuota}
                value={
                  values?.daily_quota ??
                  (key.limits.daily_quota === null ? '' : String(key.limits.daily_quota))
                }
                error={wrong?.daily_quota}
                hint={m.keys.dailyQuotaHint}
              />
              {key.kind === 'signing' && (
                <SignatureChoice scope="edit" value={values?.signature_rule ?? key.signatureRule} />
              )}
              <div class="actions">
                <button type="submit" class="button primary">
                  {m.common.save}
                </button>
              </div>
            </form>
          </Dialog>
          <Dialog id="roll" title={m.keys.rollTitle(key.name)}>
            <form method="post" action={`${base}/rotate`} class="stack">
              <p>{m.keys.rollText}</p>
              <Select
                scope="roll"
                name="grace_days"
                label={m.keys.grace}
                value="7"
                options={[
                  ['0', m.keys.graceNow],
                  ['1', m.keys.graceDays(1)],
                  ['7', m.keys.graceDays(7)],
                  ['30', m.keys.graceDays(30)],
                ]}
              />
              <div class="actions">
                <button type="submit" class="button primary">
                  {m.keys.roll}
                </button>
              </div>
            </form>
          </Dialog>
          <Dialog id="revoke" title={m.keys.revokeTitle(key.name)} open={state.revoke ? true : undefined}>
            <form method="post" action={`${base}/revoke`} class="stack">
              <p>{m.keys.revokeText}</p>
              <Field
                scope="revoke"
                name="reason"
                label={m.keys.why}
                required
                maxlength={500}
                value={state.revoke?.values.reason}
                error={state.revoke?.errors.reason}
              />
              {key.environment === 'live' && (
                <Field
                  scope="revoke"
                  name="confirm"
                  label={m.common.typeName(key.name)}
                  required
                  autocomplete="off"
                  error={state.revoke?.errors.confirm}
                />
              )}
              <div class="actions">
                <button type="submit" class="button solid-danger">
                  {m.keys.revoke}
                </button>
              </div>
            </form>
          </Dialog>
        </>
      )}
      {state.secret && <SecretDialog keyView={key} secret={state.secret} />}
    </Page>,
    state.edit || state.revoke ? 400 : 200,
  );
}

const keyOf = (context: PortalContext, permission: 'read' | 'develop' = 'read') => {
  const { workspace } = member(context, permission);
  return context.var.services.keys.get(workspace.partner.id, context.req.param('key') ?? '');
};

portal.get('/portal/keys/:key', async (context) => showKey(context, await keyOf(context)));

const limitText = z
  .string()
  .trim()
  .optional()
  .transform((text) => (text ? Number(text) : null))
  .pipe(z.int().min(0).max(2_000_000_000).nullable());
const change = z.object({
  name: nameField,
  scopes: scopeLines,
  allowed_ips: ipLines,
  expires: dayField,
  daily_quota: limitText,
  signature_rule: signatureRule.optional(),
});

portal.post('/portal/keys/:key', async (context) => {
  const key = await keyOf(context, 'develop');
  const { values, data, errors } = await readForm(context, change);
  if (errors) return showKey(context, key, { edit: { values, errors } });
  const { keys } = context.var.services;
  const actor = actorFor(context);
  // The limit first: what is refused changes nothing.
  if (data.daily_quota !== key.limits.daily_quota) {
    try {
      await keys.chooseLimits(key.partnerId, key.keyId, { dailyQuota: data.daily_quota }, actor);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'validation_error') throw error;
      const { m } = context.var.view;
      return showKey(context, key, { edit: { values, errors: { daily_quota: m.keys.beyondPlan } } });
    }
  }
  await keys.change(
    key.partnerId,
    key.keyId,
    {
      name: data.name,
      scopes: data.scopes,
      allowedIps: data.allowed_ips,
      expiresAt: data.expires,
      signatureRule: data.signature_rule,
    },
    actor,
  );
  return done(context, `/portal/keys/${key.keyId}`, 'saved');
});

portal.post('/portal/keys/:key/rotate', async (context) => {
  const key = await keyOf(context, 'develop');
  const { data } = await readForm(context, z.object({ grace_days: z.coerce.number().int().min(0).max(90) }));
  const { keys } = context.var.services;
  const made = await keys.rotate(key.partnerId, key.keyId, data?.grace_days, actorFor(context));
  return showKey(context, made.key, { secret: made.secret });
});

portal.post('/portal/keys/:key/revoke', async (context) => {
  const { m } = context.var.view;
  const key = await keyOf(context, 'develop');
  const { values, data, errors = {} } = await readForm(context, z.object({ reason }));
  if (key.environment === 'live' && values.confirm?.trim() !== key.name) errors.confirm = m.common.notTheName;
  if (!data || Object.keys(errors).length > 0) return showKey(context, key, { revoke: { values, errors } });
  await context.var.services.keys.revoke(key.partnerId, key.keyId, data.reason, actorFor(context));
  return done(context, `/portal/keys/${key.keyId}`, 'key_revoked');
});
