// What a program asks a member: to let it call the APIs in their name. Who it is, what it asks for, and what it may spend; then
// back to it, with a code or without one.

import * as z from 'zod';
import { redirectWith } from '../../core/redirect-uri.ts';
import { DAY_MS, rfc3339 } from '../../core/time.ts';
import { text } from '../../http/fields.ts';
import {
  type AuthorizationRequest,
  judgeRequest,
  readQuery,
  type WronglyAsked,
  wronglyAsked,
} from '../../oauth/authorization-request.ts';
import type { Unknown } from '../../oauth/programs.ts';
import { Plain } from '../../web/components/layout.tsx';
import { Note } from '../../web/components/parts.tsx';
import { FieldsRefused, refusalText, submit, type Wrong } from '../../web/forms.ts';
import { type MemberView, shownAt } from '../../web/view.ts';
import { readForm, render } from '../../web/web.ts';
import { type Asked, Consent, DAYS, environmentsFor, HERE, Place } from './authorize-parts.tsx';
import { typedBudget } from './budget-field.ts';
import { entriesField } from './fields.ts';
import { actorFor, member, Page, type PortalContext, portal } from './portal-web.tsx';

const MAX_APPS = 100;

type Problem = Unknown | 'malformed' | 'redirect_refused';

/** The scopes of the APIs: keys, and who may make them, are people's. */
const scopesAsked = ({ catalog }: MemberView, { scopes, program }: AuthorizationRequest): readonly string[] =>
  catalog.scopes.filter(
    (scope) =>
      (scopes.length === 0 || scopes.includes(scope)) && (program.most?.scopes.includes(scope) ?? true),
  );

async function judge(
  context: PortalContext,
  view: MemberView,
  search: string,
): Promise<Asked | { problem: Problem } | WronglyAsked> {
  const query = readQuery(search);
  if (query === 'malformed') return { problem: query };
  const { programOf, isOwnResource } = context.var.services;
  const program = await programOf(query.client_id ?? '', view.workspace.partner.id);
  if (typeof program === 'string') return { problem: program };
  const request = judgeRequest(query, program, view.origin, (resource) =>
    isOwnResource(resource, view.origin),
  );
  if (request === 'redirect_refused') return { problem: request };
  if ('redirect' in request) return request;
  const scopes = scopesAsked(view, request);
  if (scopes.length > 0) return { request, scopes };
  return wronglyAsked(request, view.origin, ['invalid_scope', 'It asks for nothing that there is']);
}

function onward(context: PortalContext, url: string, name: string) {
  const { view } = context.var;
  const { m } = view;
  // Not a redirect: `form-action` holds the answers of forms to our own origin, whatever the program's is.
  context.header('refresh', `0; url=${url}`);
  return render(
    context,
    <Plain view={view} title={m.grants.onward(name)}>
      <h1>{m.grants.onward(name)}</h1>
      <p>{m.grants.onwardText}</p>
      <p>
        <a class="button primary" href={url}>
          {m.grants.continue}
        </a>
      </p>
    </Plain>,
  );
}

const showProblem = (context: PortalContext, view: MemberView, problem: Problem) =>
  render(
    context,
    <Page view={view} title={view.m.grants.problemTitle} about="both">
      <h1>{view.m.grants.problemTitle}</h1>
      <Note kind="bad">{view.m.grants.problems[problem]}</Note>
    </Page>,
    400,
  );

/** A program that nobody here knows is not gone to unless the person says so (RFC 9700, 4.11.2). */
const showWronglyAsked = (context: PortalContext, view: MemberView, asked: WronglyAsked) =>
  asked.program.most
    ? onward(context, asked.redirect, asked.program.name)
    : render(
        context,
        <Page view={view} title={view.m.grants.problemTitle} about="both">
          <h1>{view.m.grants.problemTitle}</h1>
          <Note kind="bad">{view.m.grants.wronglyAsked(asked.program.name, asked.why)}</Note>
          <p>
            <a class="button" href={asked.redirect} rel="noreferrer">
              {view.m.grants.onward(asked.program.name)}
            </a>
          </p>
          <p class="hint">
            <Place uri={asked.redirect} />
          </p>
        </Page>,
        400,
      );

async function showConsent(context: PortalContext, asked: Asked, search: string, wrong?: Wrong) {
  const view = shownAt(member(context, 'develop'), HERE);
  const { services } = context.var;
  const { id } = view.workspace.partner;
  const [apps, { currency }] = await Promise.all([
    services.apps.list(id, MAX_APPS),
    services.plans.billing(id),
  ]);
  const title = view.m.grants.asks(asked.request.program.name);
  return render(
    context,
    <Page view={view} title={title} about="both">
      <Consent view={view} asked={asked} search={search} apps={apps} currency={currency} wrong={wrong} />
    </Page>,
    wrong?.status,
  );
}

portal.get(HERE, async (context) => {
  const view = member(context, 'develop');
  const { search } = new URL(context.req.url);
  const asked = await judge(context, view, search);
  if ('problem' in asked) return showProblem(context, view, asked.problem);
  return 'redirect' in asked ? showWronglyAsked(context, view, asked) : showConsent(context, asked, search);
});

const consent = z.object({
  request: z.string().max(4000),
  scopes: entriesField.pipe(z.array(z.string().max(100)).min(1)),
  app: z.uuid(),
  environment: z.enum(['live', 'test']),
  budget: text(20).default(''),
  budget_in: z.enum(['units', 'money']),
  days: z.enum(DAYS).transform(Number),
});
const refused = z.object({ request: z.string().max(4000) });

async function allow(context: PortalContext, asked: Asked, data: z.output<typeof consent>) {
  const view = member(context, 'develop');
  const { grants, plans } = context.var.services;
  const { partner, subject } = view.workspace;
  const scopes = data.scopes.filter((scope) => asked.scopes.includes(scope));
  if (scopes.length === 0) throw new FieldsRefused({ scopes: view.m.fields.choice });
  const { currency } = await plans.billing(partner.id);
  const budget =
    data.budget === ''
      ? undefined
      : typedBudget(data.budget, data.budget_in === 'money' ? currency : undefined, view);
  const { program, redirectUri, state } = asked.request;
  const { environment } = data;
  if (!environmentsFor(view, program).includes(environment))
    throw new FieldsRefused({ environment: view.m.fields.choice });
  const code = await grants.allow(
    { partnerId: partner.id, subject },
    asked.request,
    {
      appId: data.app,
      environment,
      scopes,
      budget,
      expiresAt: rfc3339(view.nowMs + data.days * DAY_MS),
    },
    actorFor(context),
  );
  return onward(context, redirectWith(redirectUri, { code, state, iss: view.origin }), program.name);
}

portal.post(HERE, async (context) => {
  const view = member(context, 'develop');
  const { data: sent } = await readForm(context, refused);
  const search = sent?.request ?? '';
  const asked = await judge(context, view, search);
  if ('problem' in asked) return showProblem(context, view, asked.problem);
  if ('redirect' in asked) return showWronglyAsked(context, view, asked);
  return submit(context, consent, {
    work: (data) => allow(context, asked, data),
    again: (wrong) => showConsent(context, asked, search, wrong),
    says: ({ message }) => ({ form: refusalText(view, message) }),
  });
});

portal.post(`${HERE}/refuse`, async (context) => {
  const view = member(context, 'develop');
  const { data } = await readForm(context, refused);
  const asked = await judge(context, view, data?.request ?? '');
  if ('problem' in asked) return showProblem(context, view, asked.problem);
  if ('redirect' in asked) return showWronglyAsked(context, view, asked);
  const { program, redirectUri, state } = asked.request;
  const said = { error: 'access_denied', error_description: 'The person refused', state, iss: view.origin };
  return onward(context, redirectWith(redirectUri, said), program.name);
});
