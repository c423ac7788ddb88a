// Proving again who is there: before what does harm, and before an identity is linked. And the second factor that operators
// set up before their console opens.

import { raw } from 'hono/html';
import { renderSVG } from 'uqr';
import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import { Field } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { Code } from '../../web/components/parts.tsx';
import { safePath, withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import { addCookies, readForm, render, signIn } from '../../web/web.ts';
import { allowed, Back, CurrentPassword, DemoCode, type FormProps, Problem } from './account-parts.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

const back = z.string().max(500).optional();
const proof = z.object({ proof: z.string().trim().min(1).max(PASSWORD_CHARS.most), back });

async function accountOf(context: PortalContext) {
  const isIn = await signIn(context);
  return isIn ? context.var.view.account : undefined;
}

const toSignIn = (context: PortalContext) =>
  context.redirect(withQuery('/sign-in', { back: context.var.view.here }), 303);

// ---------------------------------------------------------------- proving again
const Prove = ({ view, values, problem }: FormProps) => {
  const { m, account } = view;
  const byCode = account?.twoFactorEnabled;
  return (
    <Plain view={view} title={m.prove.title}>
      <h1>{m.prove.title}</h1>
      <p class="soft">{byCode ? m.prove.byCode : m.prove.byPassword}</p>
      <Problem text={problem} />
      <form method="post" action="/prove" class="stack">
        <Back values={values} />
        {byCode ? (
          <Field
            name="proof"
            label={m.twoFactor.code}
            autocomplete="one-time-code"
            required
            maxlength={20}
            autofocus
            hint={m.twoFactor.codeHint}
          />
        ) : (
          <CurrentPassword name="proof" label={m.settings.currentPassword} />
        )}
        <button type="submit" class="button primary">
          {m.prove.submit}
        </button>
      </form>
      {byCode && <DemoCode />}
      {!byCode && (
        <p class="small">
          <a href="/reset">{m.prove.noPassword}</a>
        </p>
      )}
    </Plain>
  );
};

portal.get('/prove', async (context) => {
  const account = await accountOf(context);
  if (!account) return toSignIn(context);
  const values = { back: context.req.query('back') ?? '' };
  // An operator whose factor is another issuer's has none to show here.
  if (account.isOperator && !account.twoFactorEnabled)
    return context.redirect(withQuery('/second-factor', values), 303);
  return render(context, <Prove view={context.var.view} values={values} />);
});

portal.post('/prove', async (context) => {
  const account = await accountOf(context);
  if (!account) return context.redirect('/sign-in', 303);
  const { view, accounts, session } = context.var;
  const { values, data } = await readForm(context, proof);
  const again = (problem: string, status: 401 | 429) =>
    render(context, <Prove view={view} values={values} problem={problem} />, status);
  if (!(await allowed(context, 'sign-in', account.email))) return again(view.m.signIn.tooMany, 429);
  const text = data?.proof ?? '';
  const shown = account.twoFactorEnabled ? text.replaceAll(' ', '') : text;
  if (!(await accounts.prove(account, session.id, shown)))
    return again(account.twoFactorEnabled ? view.m.twoFactor.bad : view.m.settings.wrongPassword, 401);
  return context.redirect(safePath(data?.back, '/portal'), 303);
});

// ---------------------------------------------------------------- setting a factor up
/** What is scanned, what is kept, and the code that turns it on. */
export const FactorSetUp = ({
  setUp,
  action,
  to,
}: {
  setUp: { uri: string; codes: readonly string[] };
  action: string;
  to?: string;
}) => {
  const { m } = useView();
  return (
    <div class="stack">
      <p>{m.settings.factorScan}</p>
      <div class="qr">{raw(renderSVG(setUp.uri, { border: 2 }))}</div>
      <Code text={new URL(setUp.uri).searchParams.get('secret') ?? ''} label={m.settings.factorSecret} />
      <p>{m.settings.factorCodes}</p>
      <Code text={setUp.codes.join('\n')} label={m.settings.recoveryCodes} />
      <form method="post" action={action} class="inline">
        {to !== undefined && <Back values={{ back: to }} />}
        <Field
          name="code"
          label={m.twoFactor.code}
          inputmode="numeric"
          autocomplete="one-time-code"
          required
          maxlength={8}
        />
        <button type="submit" class="button primary">
          {m.settings.factorConfirm}
        </button>
      </form>
    </div>
  );
};

const AskFactor = ({ view, values, problem }: FormProps) => {
  const { m } = view;
  return (
    <Plain view={view} title={m.secondFactor.title}>
      <h1>{m.secondFactor.title}</h1>
      <p>{m.secondFactor.text}</p>
      <Problem text={problem} />
      <form method="post" action="/second-factor" class="stack">
        <Back values={values} />
        <CurrentPassword name="proof" label={m.settings.currentPassword} />
        <button type="submit" class="button primary">
          {m.secondFactor.begin}
        </button>
      </form>
      <p class="small">
        <a href="/reset">{m.prove.noPassword}</a>
      </p>
    </Plain>
  );
};

portal.get('/second-factor', async (context) => {
  const account = await accountOf(context);
  if (!account) return toSignIn(context);
  const to = context.req.query('back') ?? '';
  if (account.twoFactorEnabled) return context.redirect(safePath(to, '/portal'), 303);
  return render(context, <AskFactor view={context.var.view} values={{ back: to }} />);
});

portal.post('/second-factor', async (context) => {
  const account = await accountOf(context);
  if (!account) return context.redirect('/sign-in', 303);
  const { view, accounts } = context.var;
  const { values, data } = await readForm(context, proof);
  const again = (problem: string, status: 401 | 429) =>
    render(context, <AskFactor view={view} values={values} problem={problem} />, status);
  if (!(await allowed(context, 'sign-in', account.email))) return again(view.m.signIn.tooMany, 429);
  const outcome = await accounts.enableTwoFactor(data?.proof ?? '');
  if (!outcome.ok || !outcome.data) return again(view.m.settings.wrongPassword, 401);
  addCookies(context, outcome.cookies);
  const setUp = { uri: outcome.data.totpURI, codes: outcome.data.backupCodes };
  return render(
    context,
    <Plain view={view} title={view.m.settings.factorSetUp}>
      <h1>{view.m.settings.factorSetUp}</h1>
      <FactorSetUp setUp={setUp} action="/second-factor/confirm" to={data?.back ?? ''} />
    </Plain>,
  );
});

export const sixDigits = z
  .string()
  .trim()
  .regex(/^\d{6}$/);

portal.post('/second-factor/confirm', async (context) => {
  const account = await accountOf(context);
  if (!account) return context.redirect('/sign-in', 303);
  const { view, accounts } = context.var;
  const { values, data } = await readForm(context, z.object({ code: sixDigits, back }));
  const again = (problem: string, status: 401 | 429) =>
    render(context, <AskFactor view={view} values={values} problem={problem} />, status);
  if (!(await allowed(context, 'sign-in', account.email))) return again(view.m.signIn.tooMany, 429);
  const outcome = await accounts.confirmFactor(account, data?.code ?? '');
  if (!outcome.ok) return again(view.m.settings.factorNotOn, 401);
  addCookies(context, outcome.cookies);
  return context.redirect(safePath(data?.back, '/portal'), 303);
});
