// Proving again who is there: before what does harm, and before an identity is linked.

import * as z from 'zod';
import type { Account } from '../../accounts/account-service.ts';
import { PASSWORD_CHARS } from '../../accounts/auth.ts';
import { submit } from '../../web/forms.ts';
import { safePath, withQuery } from '../../web/redirects.ts';
import { type FormErrors, signIn } from '../../web/web.ts';
import {
  allowed,
  back,
  DemoCode,
  FormPage,
  type FormState,
  NoPassword,
  Proof,
  showForm,
} from './account-parts.tsx';
import { type PortalContext, portal } from './portal-web.tsx';

export const proof = z.object({ proof: z.string().trim().min(1).max(PASSWORD_CHARS.most), back });

export async function accountOf(context: PortalContext) {
  const isIn = await signIn(context);
  return isIn ? context.var.view.account : undefined;
}

export const toSignIn = (context: PortalContext) =>
  context.redirect(withQuery('/sign-in', { back: context.var.view.here }), 303);

const Prove = (state: FormState) => {
  const { m, account } = state.view;
  const byCode = account?.twoFactorEnabled;
  return (
    <FormPage
      {...state}
      title={m.prove.title}
      text={byCode ? m.prove.byCode : m.prove.byPassword}
      action="/prove"
      submit={m.prove.submit}
      after={byCode ? <DemoCode /> : <NoPassword />}
    >
      <Proof autofocus />
    </FormPage>
  );
};

/** What is wrong with what was shown; undefined when it is right, which the session keeps. */
export async function wrongProof(
  context: PortalContext,
  account: Account,
  shown: string,
): Promise<FormErrors | undefined> {
  const { accounts, session, view } = context.var;
  const isCode = account.twoFactorEnabled;
  if (await accounts.prove(account, session.id, isCode ? shown.replaceAll(' ', '') : shown)) return undefined;
  return { proof: isCode ? view.m.twoFactor.bad : view.m.settings.wrongPassword };
}

portal.get('/prove', async (context) => {
  const account = await accountOf(context);
  if (!account) return toSignIn(context);
  const values = { back: context.req.query('back') ?? '' };
  // An operator whose factor is another issuer's has none to show here.
  if (account.isOperator && !account.twoFactorEnabled)
    return context.redirect(withQuery('/second-factor', values), 303);
  return showForm(context, Prove, { values });
});

portal.post('/prove', async (context) => {
  const account = await accountOf(context);
  if (!account) return context.redirect('/sign-in', 303);
  const { view } = context.var;
  const { m } = view;
  return submit(context, proof, {
    async work(data, values) {
      if (!(await allowed(context, 'sign-in', account.email)))
        return showForm(context, Prove, { values, problem: m.signIn.tooMany }, 429);
      const errors = await wrongProof(context, account, data.proof);
      if (!errors) return context.redirect(safePath(data.back, '/portal'), 303);
      return showForm(context, Prove, { values, errors }, 401);
    },
    again: ({ values, errors }) => showForm(context, Prove, { values, errors }, 401),
  });
});
