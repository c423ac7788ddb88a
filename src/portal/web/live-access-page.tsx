// Live access: what a partner says of itself when it asks for it, and what became of it.

import { answersOf, liveAccessQuestions, MAX_MONTHLY, toAnswers } from '../../http/live-access-schemas.ts';
import { type LiveAccessRequest, statusOf } from '../../partners/live-access-service.ts';
import { may } from '../../partners/permissions.ts';
import { Area, Field, Form, Submit } from '../../web/components/form.tsx';
import { Note, Panel, Time } from '../../web/components/parts.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { numberField } from '../../web/number-field.ts';
import { shownAt } from '../../web/view.ts';
import { useMemberView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { formOf } from './fields.ts';
import { actorFor, done, member, Page, type PortalContext, portal } from './portal-web.tsx';

const PATH = '/portal/live-access';

const questions = formOf(
  liveAccessQuestions.extend({
    monthly_requests: numberField({ unit: 'perMonth', from: 0, to: MAX_MONTHLY }),
  }),
);

const QuestionForm = ({ request, wrong }: { request: LiveAccessRequest | undefined; wrong?: Wrong }) => {
  const { m, workspace } = useMemberView();
  const saved = request && answersOf(request);
  return (
    <Panel title={m.liveAccess.questions}>
      <Form
        action={PATH}
        scope="live"
        kind="stack pad"
        saved={{
          company: saved?.company ?? workspace.partner.company ?? '',
          website: saved?.website ?? '',
          use_case: saved?.use_case ?? '',
          monthly_requests: saved ? String(saved.monthly_requests) : '',
        }}
        wrong={wrong}
      >
        <Field name="company" label={m.liveAccess.company} required maxlength={255} />
        <Field
          name="website"
          type="url"
          label={m.liveAccess.website}
          maxlength={500}
          placeholder="https://"
        />
        <Area name="use_case" label={m.liveAccess.useCase} hint={m.liveAccess.useCaseHint} />
        <Field
          name="monthly_requests"
          label={m.liveAccess.monthlyRequests}
          required
          inputmode="numeric"
          hint={m.liveAccess.monthlyRequestsHint}
        />
        <Submit>{request ? m.liveAccess.again : m.liveAccess.submit}</Submit>
      </Form>
    </Panel>
  );
};

const State = ({ request }: { request: LiveAccessRequest | undefined }) => {
  const { m, workspace } = useMemberView();
  switch (statusOf(workspace.partner.status, request)) {
    case 'approved':
      return (
        <Note kind="good">
          {m.liveAccess.approved} <a href="/portal/apps">{m.nav.apps}</a>
        </Note>
      );
    case 'requested':
      return (
        <Note>
          {m.liveAccess.waiting} {m.liveAccess.asked} <Time at={request?.askedAt ?? null} />.
        </Note>
      );
    case 'declined':
      return (
        <Note kind="warn">
          {m.liveAccess.declined} {request?.declineReason}
        </Note>
      );
    case 'none':
      return <p>{m.liveAccess.text}</p>;
  }
};

async function showLiveAccess(context: PortalContext, wrong?: Wrong) {
  const view = shownAt(member(context), PATH);
  const { m, workspace } = view;
  const request = await context.var.services.liveAccess.of(workspace.partner.id);
  const isOpen = workspace.partner.status !== 'active';
  return render(
    context,
    <Page view={view} title={m.liveAccess.title} about="both">
      <div>
        <p class="crumbs">
          <a href="/portal">{m.nav.overview}</a>
        </p>
        <h1>{m.liveAccess.title}</h1>
      </div>
      <State request={request} />
      {isOpen && may(workspace, 'own') && <QuestionForm request={request} wrong={wrong} />}
      {isOpen && !may(workspace, 'own') && <p class="soft">{m.liveAccess.ownerOnly}</p>}
      <p>
        <a href="/docs/going-live">{m.overview.liveAction}</a>
      </p>
    </Page>,
    wrong?.status,
  );
}

portal.get(PATH, (context) => showLiveAccess(context));

portal.post(PATH, (context) => {
  const { workspace, origin } = member(context, 'own');
  return submit(context, questions, {
    async work(answers) {
      const { liveAccess } = context.var.services;
      await liveAccess.ask(workspace.partner, toAnswers(answers), actorFor(context), origin);
      return done(context, PATH, 'live_access_requested');
    },
    again: (wrong) => showLiveAccess(context, wrong),
  });
});
