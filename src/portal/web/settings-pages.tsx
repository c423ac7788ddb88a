// Settings: the person (name, password, second factor, sessions) and the partner (name, company).

import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import { weaknessOf } from '../../accounts/weak-password.ts';
import { AppError } from '../../core/errors.ts';
import { text } from '../../http/fields.ts';
import { may } from '../../partners/permissions.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Post, Select } from '../../web/components/form.tsx';
import { Code, Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { shownAt } from '../../web/view.ts';
import { addCookies, askProof, type FormErrors, isProven, readForm, render } from '../../web/web.ts';
import { allowed } from './account-parts.tsx';
import { Identities } from './identity-parts.tsx';
import { actorFor, done, member, Page, type PortalContext, person, portal } from './portal-web.tsx';
import { FactorSetUp, sixDigits } from './proof-pages.tsx';

interface SettingsState {
  errors?: FormErrors;
  problem?: string;
  /** Which dialog is open. */
  dialog?: string;
  /** A second factor that is being set up. */
  setUp?: { uri: string; codes: readonly string[] };
}

/** `Mozilla/5.0 (…) … Firefox/140.0` -> Firefox, Linux. */
export function deviceOf(userAgent: string | null): string {
  if (!userAgent) return '–';
  const browser = /(Edg|OPR|Firefox|Chrome|Safari|curl)\//.exec(userAgent)?.[1] ?? userAgent.slice(0, 24);
  const system = /(Android|iPhone|iPad|Windows|Mac OS X|Linux)/.exec(userAgent)?.[1];
  const name = { Edg: 'Edge', OPR: 'Opera' }[browser] ?? browser;
  return system ? `${name}, ${system}` : name;
}

async function showSettings(context: PortalContext, { errors, problem, dialog, setUp }: SettingsState = {}) {
  const view = shownAt(person(context), '/portal/settings');
  const { m, account, workspace } = view;
  const [sessions, { identities, hasPassword }] = await Promise.all([
    context.var.accounts.sessions(account.id),
    context.var.accounts.identities(account.id),
  ]);
  const owned = workspace && may(workspace, 'own') ? workspace.partner : undefined;
  const password = (scope: string) => (
    <Field
      scope={scope}
      name="password"
      type="password"
      label={m.settings.currentPassword}
      autocomplete="current-password"
      required
      error={dialog === scope ? errors?.password : undefined}
    />
  );
  const isOpen = (id: string) => (dialog === id ? true : undefined);
  return render(
    context,
    <Page view={view} title={m.nav.settings}>
      <h1>{m.nav.settings}</h1>
      {problem && (
        <div class="note bad" role="alert">
          {problem}
        </div>
      )}
      {setUp && (
        <Panel title={m.settings.factorSetUp}>
          <div class="pad">
            <FactorSetUp setUp={setUp} action="/portal/settings/two-factor/confirm" />
          </div>
        </Panel>
      )}
      <div class="two">
        <Panel title={m.settings.you}>
          <form method="post" action="/portal/settings/account" class="stack pad">
            <Field
              name="name"
              label={m.signUp.name}
              required
              maxlength={100}
              value={account.name}
              error={errors?.name}
            />
            <p class="soft">{account.email}</p>
            <Select
              name="language"
              label={m.settings.mailLanguage}
              value={account.language}
              options={[
                ['en', 'English'],
                ['fr', 'Français'],
              ]}
            />
            <div class="actions start">
              <button type="submit" class="button">
                {m.common.save}
              </button>
            </div>
          </form>
        </Panel>
        <Panel title={m.settings.security}>
          <div class="pad stack">
            <div class="row">
              <span class="grow">{m.settings.password}</span>
              <OpenDialog id="password" kind="small">
                {m.common.change}
              </OpenDialog>
            </div>
            <div class="row">
              <span>{m.settings.factor}</span>
              <span class={`badge ${account.twoFactorEnabled ? 'good' : ''}`}>
                {account.twoFactorEnabled ? m.settings.on : m.settings.off}
              </span>
              {account.twoFactorEnabled ? (
                <>
                  <OpenDialog id="codes" kind="small">
                    {m.settings.newCodes}
                  </OpenDialog>
                  <OpenDialog id="factor-off" kind="small danger">
                    {m.settings.turnOff}
                  </OpenDialog>
                </>
              ) : (
                <OpenDialog id="factor-on" kind="small">
                  {m.settings.turnOn}
                </OpenDialog>
              )}
            </div>
            <p class="hint">{m.settings.factorHint}</p>
          </div>
        </Panel>
      </div>
      {(view.identity || identities.length > 0) && (
        <Identities
          config={context.var.services.config}
          identities={identities}
          isLast={!hasPassword && identities.length === 1}
        />
      )}
      <Panel
        title={m.settings.sessions}
        action={
          sessions.length > 1 ? (
            <Post action="/portal/settings/sessions/end-others" kind="button small">
              {m.settings.endOthers}
            </Post>
          ) : undefined
        }
      >
        <Table
          hasHead={false}
          rows={sessions}
          columns={[
            {
              title: m.requests.agent,
              cell: ({ id, userAgent }) => (
                <>
                  {deviceOf(userAgent)}{' '}
                  {id === context.var.session.id && <span class="badge good">{m.settings.thisOne}</span>}
                </>
              ),
            },
            { title: m.audit.from, kind: 'mono small', cell: ({ ipAddress }) => ipAddress || '–' },
            { title: m.settings.since, cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ id }) =>
                id !== context.var.session.id && (
                  <Post action={`/portal/settings/sessions/${id}/end`} kind="button small">
                    {m.settings.end}
                  </Post>
                ),
            },
          ]}
        />
      </Panel>
      {owned && (
        <Panel title={m.settings.partner}>
          <form method="post" action="/portal/settings/partner" class="stack pad">
            <Field
              scope="partner"
              name="name"
              label={m.settings.partnerName}
              required
              maxlength={255}
              value={owned.name}
              error={errors?.partnerName}
            />
            <Field
              scope="partner"
              name="company"
              label={m.settings.company}
              maxlength={255}
              value={owned.company ?? ''}
            />
            <div class="actions start">
              <button type="submit" class="button">
                {m.common.save}
              </button>
            </div>
          </form>
        </Panel>
      )}
      <Dialog id="password" title={m.settings.password} open={isOpen('password')}>
        <form method="post" action="/portal/settings/password" class="stack">
          {password('password')}
          <Field
            scope="password"
            name="next"
            type="password"
            label={m.reset.newPassword}
            autocomplete="new-password"
            required
            minlength={PASSWORD_CHARS.fewest}
            error={errors?.next}
            hint={m.signUp.passwordHint(PASSWORD_CHARS.fewest)}
          />
          <p class="hint">{m.settings.passwordEnds}</p>
          <div class="actions">
            <button type="submit" class="button primary">
              {m.common.save}
            </button>
          </div>
        </form>
      </Dialog>
      {account.twoFactorEnabled ? (
        <>
          <Dialog id="codes" title={m.settings.newCodes} open={isOpen('codes')}>
            <form method="post" action="/portal/settings/two-factor/codes" class="stack">
              <p>{m.settings.newCodesText}</p>
              {password('codes')}
              <div class="actions">
                <button type="submit" class="button primary">
                  {m.settings.newCodes}
                </button>
              </div>
            </form>
          </Dialog>
          <Dialog id="factor-off" title={m.settings.turnOff} open={isOpen('factor-off')}>
            <form method="post" action="/portal/settings/two-factor/off" class="stack">
              <p>{m.settings.factorOffText}</p>
              {password('factor-off')}
              <div class="actions">
                <button type="submit" class="button solid-danger">
                  {m.settings.turnOff}
                </button>
              </div>
            </form>
          </Dialog>
        </>
      ) : (
        <Dialog id="factor-on" title={m.settings.factorSetUp} open={isOpen('factor-on')}>
          <form method="post" action="/portal/settings/two-factor" class="stack">
            {password('factor-on')}
            <div class="actions">
              <button type="submit" class="button primary">
                {m.settings.turnOn}
              </button>
            </div>
          </form>
        </Dialog>
      )}
    </Page>,
    errors || problem ? 400 : 200,
  );
}

const secret = z.string().min(1).max(PASSWORD_CHARS.most);
const profile = z.object({ name: text(100, 1), language: z.enum(['en', 'fr']) });

portal.get('/portal/settings', (context) => showSettings(context));

portal.post('/portal/settings/account', async (context) => {
  const { account } = person(context);
  const { data, errors } = await readForm(context, profile);
  if (errors) return showSettings(context, { errors });
  await context.var.accounts.change(account.id, data.name, data.language);
  return done(context, '/portal/settings', 'saved');
});

portal.post('/portal/settings/partner', async (context) => {
  const { workspace } = member(context, 'own');
  const { data, errors } = await readForm(
    context,
    z.object({ name: text(255, 1), company: text(255).optional() }),
  );
  if (errors) return showSettings(context, { errors: { partnerName: errors.name ?? '' } });
  const change = { name: data.name, company: data.company || null };
  await context.var.services.partners.change(workspace.partner.id, change, actorFor(context));
  return done(context, '/portal/settings', 'saved');
});

/** Passwords are guarded here, too: a session that was left open is not a way to guess. */
async function guarded(context: PortalContext): Promise<string | undefined> {
  const { account, m } = person(context);
  return (await allowed(context, 'sign-in', account.email)) ? undefined : m.signIn.tooMany;
}

portal.post('/portal/settings/password', async (context) => {
  const { m, account, product } = person(context);
  const { data, errors } = await readForm(
    context,
    z.object({ password: secret, next: z.string().min(PASSWORD_CHARS.fewest).max(PASSWORD_CHARS.most) }),
  );
  if (errors) return showSettings(context, { errors, dialog: 'password' });
  const problem = await guarded(context);
  if (problem) return showSettings(context, { problem });
  const weak = weaknessOf(data.next, [product, account.name, account.email]);
  if (weak) return showSettings(context, { errors: { next: m.signUp.weak[weak] }, dialog: 'password' });
  const outcome = await context.var.accounts.changePassword(account, data.password, data.next);
  if (!outcome.ok)
    return showSettings(context, { errors: { password: m.settings.wrongPassword }, dialog: 'password' });
  addCookies(context, outcome.cookies);
  return done(context, '/portal/settings', 'password_changed');
});

const passwordOnly = z.object({ password: secret });

portal.post('/portal/settings/two-factor', async (context) => {
  const { m } = person(context);
  const { data } = await readForm(context, passwordOnly);
  const problem = await guarded(context);
  if (problem) return showSettings(context, { problem });
  const outcome = await context.var.accounts.enableTwoFactor(data?.password ?? '');
  if (!outcome.ok || !outcome.data)
    return showSettings(context, { errors: { password: m.settings.wrongPassword }, dialog: 'factor-on' });
  addCookies(context, outcome.cookies);
  return showSettings(context, { setUp: { uri: outcome.data.totpURI, codes: outcome.data.backupCodes } });
});

portal.post('/portal/settings/two-factor/confirm', async (context) => {
  const { m, account } = person(context);
  const { data } = await readForm(context, z.object({ code: sixDigits }));
  const problem = await guarded(context);
  if (problem) return showSettings(context, { problem });
  const outcome = await context.var.accounts.confirmFactor(account, data?.code ?? '');
  if (!outcome.ok) return showSettings(context, { problem: m.settings.factorNotOn });
  addCookies(context, outcome.cookies);
  return done(context, '/portal/settings', 'factor_on');
});

portal.post('/portal/settings/two-factor/codes', async (context) => {
  const view = person(context);
  const { m } = view;
  // A code of these passes for the factor: whoever asks for them shows it first.
  if (!isProven(context)) return askProof(context, '/portal/settings');
  const { data } = await readForm(context, passwordOnly);
  const problem = await guarded(context);
  if (problem) return showSettings(context, { problem });
  const outcome = await context.var.accounts.newRecoveryCodes(view.account, data?.password ?? '');
  if (!outcome.ok || !outcome.data)
    return showSettings(context, { errors: { password: m.settings.wrongPassword }, dialog: 'codes' });
  return render(
    context,
    <Page view={shownAt(view, '/portal/settings')} title={m.settings.recoveryCodes}>
      <h1>{m.settings.recoveryCodes}</h1>
      <p>{m.settings.factorCodes}</p>
      <Code text={outcome.data.backupCodes.join('\n')} label={m.settings.recoveryCodes} />
      <a class="button primary" href="/portal/settings">
        {m.secret.close}
      </a>
    </Page>,
  );
});

portal.post('/portal/settings/two-factor/off', async (context) => {
  const { m, account } = person(context);
  // The password is one of the two; whoever turns the other off shows it, too.
  if (!isProven(context)) return askProof(context, '/portal/settings');
  const { data } = await readForm(context, passwordOnly);
  const problem = await guarded(context);
  if (problem) return showSettings(context, { problem });
  const outcome = await context.var.accounts.disableTwoFactor(account, data?.password ?? '');
  if (!outcome.ok)
    return showSettings(context, { errors: { password: m.settings.wrongPassword }, dialog: 'factor-off' });
  addCookies(context, outcome.cookies);
  return done(context, '/portal/settings', 'factor_off');
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
