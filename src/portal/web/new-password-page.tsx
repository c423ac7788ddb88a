// A new password by a link that was mailed. The link's page changes nothing by itself; what it sets ends every other link.

import * as z from 'zod';
import { submit } from '../../web/forms.ts';
import {
  FormPage,
  type FormState,
  NewPassword,
  password,
  refuseWeak,
  said,
  showForm,
} from './account-parts.tsx';
import { portal } from './portal-web.tsx';

const ChoosePassword = (state: FormState) => {
  const { m, path } = state.view;
  return (
    <FormPage {...state} title={m.reset.newTitle} text={m.reset.ends} action={path} submit={m.reset.save}>
      <NewPassword label={m.reset.newPassword} />
    </FormPage>
  );
};

portal.get('/reset/:token', (context) => showForm(context, ChoosePassword, {}));

portal.post('/reset/:token', (context) => {
  const { view, accounts } = context.var;
  const { m } = view;
  const token = context.req.param('token');
  return submit(context, z.object({ password }), {
    async work(data) {
      const owner = await accounts.resetOwner(token);
      refuseWeak(view, 'password', data.password, [owner?.name ?? '', owner?.email ?? '']);
      const outcome = await accounts.reset(token, data.password);
      if (!outcome.ok) return showForm(context, ChoosePassword, { problem: m.reset.bad }, 400);
      return said(
        context,
        m.reset.doneTitle,
        <p>{m.reset.done}</p>,
        <p>
          <a class="button primary" href="/sign-in">
            {m.nav.signIn}
          </a>
        </p>,
      );
    },
    again: ({ errors, status }) => showForm(context, ChoosePassword, { errors }, status),
  });
});
