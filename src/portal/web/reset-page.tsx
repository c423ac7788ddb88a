// Asking for a new password: a link is mailed. The same words in the same time, whoever has an account.

import * as z from 'zod';
import { submit } from '../../web/forms.ts';
import {
  allowed,
  EmailField,
  email,
  FormPage,
  type FormState,
  OutboxHint,
  said,
  showForm,
} from './account-parts.tsx';
import { portal } from './portal-web.tsx';

const AskReset = (state: FormState) => {
  const { m } = state.view;
  return (
    <FormPage {...state} title={m.reset.title} text={m.reset.text} action="/reset" submit={m.reset.submit}>
      <EmailField />
    </FormPage>
  );
};

portal.get('/reset', (context) => showForm(context, AskReset, {}));

portal.post('/reset', (context) => {
  const { view, accounts } = context.var;
  return submit(context, z.object({ email }), {
    async work(data) {
      // However often it was asked, too.
      if (await allowed(context, 'mail', data.email))
        context.executionCtx.waitUntil(accounts.requestReset(data.email));
      const { sentTitle, sent } = view.m.reset;
      return said(context, sentTitle, <p>{sent}</p>, <OutboxHint to={data.email} />);
    },
    again: ({ values, errors, status }) => showForm(context, AskReset, { values, errors }, status),
  });
});
