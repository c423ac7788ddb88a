// A new password by a link that is mailed. The link's page changes nothing by itself; what it sets ends every other link.

import * as z from 'zod';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import { weaknessOf } from '../../accounts/weak-password.ts';
import { Field } from '../../web/components/form.tsx';
import { Plain } from '../../web/components/layout.tsx';
import { readForm, render } from '../../web/web.ts';
import { allowed, email, type FormProps, OutboxHint, Problem, password, said } from './account-parts.tsx';
import { portal } from './portal-web.tsx';

const AskReset = ({ view, values, errors }: FormProps) => (
  <Plain view={view} title={view.m.reset.title}>
    <h1>{view.m.reset.title}</h1>
    <p class="soft">{view.m.reset.text}</p>
    <form method="post" action="/reset" class="stack">
      <Field
        name="email"
        type="email"
        label={view.m.signIn.email}
        autocomplete="username"
        required
        value={values?.email}
        error={errors?.email}
      />
      <button type="submit" class="button primary">
        {view.m.reset.submit}
      </button>
    </form>
  </Plain>
);

portal.get('/reset', (context) => render(context, <AskReset view={context.var.view} />));

portal.post('/reset', async (context) => {
  const { view, accounts } = context.var;
  const { values, data, errors } = await readForm(context, z.object({ email }));
  if (errors) return render(context, <AskReset view={view} values={values} errors={errors} />, 400);
  // The same words in the same time, whoever has an account, and however often it was asked.
  if (await allowed(context, 'mail', data.email))
    context.executionCtx.waitUntil(accounts.requestReset(data.email));
  return said(context, view.m.reset.sentTitle, <p>{view.m.reset.sent}</p>, <OutboxHint to={data.email} />);
});

const NewPassword = ({ view, errors, problem }: FormProps) => (
  <Plain view={view} title={view.m.reset.newTitle}>
    <h1>{view.m.reset.newTitle}</h1>
    <Problem text={problem} />
    <form method="post" action={view.path} class="stack">
      <Field
        name="password"
        type="password"
        label={view.m.reset.newPassword}
        autocomplete="new-password"
        required
        minlength={PASSWORD_CHARS.fewest}
        error={errors?.password}
        hint={view.m.signUp.passwordHint(PASSWORD_CHARS.fewest)}
      />
      <button type="submit" class="button primary">
        {view.m.reset.save}
      </button>
    </form>
  </Plain>
);

portal.get('/reset/:token', (context) => render(context, <NewPassword view={context.var.view} />));

portal.post('/reset/:token', async (context) => {
  const { view, accounts } = context.var;
  const { data, errors } = await readForm(context, z.object({ password }));
  if (errors) return render(context, <NewPassword view={view} errors={errors} />, 400);
  const token = context.req.param('token');
  const owner = await accounts.resetOwner(token);
  const weak = weaknessOf(data.password, [view.product, owner?.name ?? '', owner?.email ?? '']);
  if (weak)
    return render(context, <NewPassword view={view} errors={{ password: view.m.signUp.weak[weak] }} />, 400);
  const outcome = await accounts.reset(token, data.password);
  if (!outcome.ok) return render(context, <NewPassword view={view} problem={view.m.reset.bad} />, 400);
  return said(
    context,
    view.m.reset.doneTitle,
    <p>{view.m.reset.done}</p>,
    <p>
      <a class="button primary" href="/sign-in">
        {view.m.nav.signIn}
      </a>
    </p>,
  );
});
