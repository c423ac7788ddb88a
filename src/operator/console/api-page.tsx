// One offered API: its routes, upstreams and versions; and the review of a draft of it.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { type ApiView, NEW_API } from '../../catalog/api-view-store.ts';
import { documentOf, idOf } from '../../catalog/catalog.ts';
import { offerChanges } from '../../catalog/offer-changes.ts';
import { routesOf } from '../../catalog/routes.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { reason } from '../../http/fields.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Form, Submit } from '../../web/components/form.tsx';
import { Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { DatedVersions, usesOf, VersionUses } from '../../web/components/version-parts.tsx';
import { conflictAt, refusalText, seenEtag, submit, type Wrong } from '../../web/forms.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { CheckDialog } from './api-list-page.tsx';
import {
  ChangePanel,
  NotePanel,
  RoutePanel,
  savedUpstreams,
  UpstreamFields,
  upstreamFields,
  upstreamsOf,
} from './api-parts.tsx';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';

const PAGE = '/operator/apis';
const upstreamForm = z.object({ ...upstreamFields, etag: seenEtag });
const retireForm = z.object({ reason, etag: seenEtag });

const Crumbs = ({ children }: { children?: Child }) => (
  <p class="crumbs">
    <a href={PAGE}>{useView().m.apis.title}</a>
    {children}
  </p>
);

const UpstreamPanel = ({ api }: { api: ApiView }) => {
  const { m, format } = useView();
  const { upstreams, upstream_variables: variables } = api;
  return (
    <Panel
      title={m.apis.upstreams}
      action={
        api.state === 'live' && (
          <OpenDialog id="upstreams" kind="small">
            {m.apis.changeUpstreams}
          </OpenDialog>
        )
      }
    >
      {upstreams.length === 0 ? (
        <p class="pad">{m.apis.upstreamsNone(variables.join(', '))}</p>
      ) : (
        <Table
          rows={upstreams}
          columns={[
            { title: m.apis.address, kind: 'mono small', cell: ({ url }) => url },
            { title: m.apis.weight, kind: 'num', cell: ({ weight }) => format.number(weight) },
            {
              title: m.apis.credential,
              cell: ({ has_credential: has }) => (has ? m.apis.hasCredential : '–'),
            },
          ]}
        />
      )}
    </Panel>
  );
};

type Versions = Awaited<ReturnType<ConsoleContext['var']['services']['publishing']['views']['versions']>>;

const VersionPanel = ({ versions }: { versions: Versions }) => {
  const { m } = useView();
  return (
    <Panel title={m.apis.history}>
      <Table
        rows={versions}
        columns={[
          { title: m.apis.version, kind: 'mono', cell: ({ version }) => String(version) },
          { title: m.apis.state, cell: ({ state }) => m.apis.states[state] },
          { title: m.apis.when, cell: ({ created_at: at }) => <Time at={at} /> },
          { title: m.apis.by, kind: 'mono small', cell: ({ created_by: who }) => who },
        ]}
      />
    </Panel>
  );
};

const UpstreamDialog = ({ api, wrong }: { api: ApiView; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="upstreams"
      title={m.apis.changeUpstreams}
      action={`${PAGE}/${api.id}/upstreams`}
      submit={m.apis.saveUpstreams}
      saved={{ ...savedUpstreams(api.upstreams), etag: api.etag }}
      wrong={wrong}
    >
      <UpstreamFields hasCredential={api.upstreams.some(({ has_credential }) => has_credential)} />
    </FormDialog>
  );
};

const RetireDialog = ({ api, wrong }: { api: ApiView; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="retire"
      title={m.apis.retireApi(api.title)}
      action={`${PAGE}/${api.id}/retire`}
      submit={m.apis.retire}
      kind="solid-danger"
      saved={{ etag: api.etag }}
      wrong={wrong}
    >
      <p>{m.apis.retireText}</p>
      <Field name="reason" label={m.operator.reason} required maxlength={500} />
    </FormDialog>
  );
};

async function apiOf(context: ConsoleContext): Promise<ApiView> {
  const id = context.req.param('api');
  const found = (await context.var.services.publishing.list()).find((each) => each.id === id);
  if (!found) throw new AppError('not_found', 'No such API');
  return found;
}

/** `wrong`: what was sent by which of its forms. */
async function showApi(context: ConsoleContext, wrong?: Wrong, by?: 'upstreams' | 'retire') {
  const view = operator(context);
  const { m } = view;
  const api = await apiOf(context);
  const { publishing, gateway } = context.var.services;
  const [versions, dated] = await Promise.all([
    publishing.views.versions(api.id),
    context.var.services.versions.ofApi(api.id),
  ]);
  const routes = gateway.catalog.apis.find(({ id }) => id === api.id)?.routes ?? [];
  return render(
    context,
    <ConsolePage view={shownAt(view, `${PAGE}/${api.id}`)} title={api.title}>
      <div>
        <Crumbs />
        <div class="head">
          <h1 class="grow">{api.title}</h1>
          <OpenDialog id="offer">{m.apis.replace}</OpenDialog>
          {api.state === 'live' && (
            <OpenDialog id="retire" kind="danger">
              {m.apis.retire}
            </OpenDialog>
          )}
        </div>
        <p class="soft">
          <span class="mono">{api.id}</span>
          {api.state === 'live' && (
            <>
              {' · '}
              <a href={`/openapi/${api.id}.json`}>{m.apis.download}</a>
            </>
          )}
        </p>
      </div>
      <UpstreamPanel api={api} />
      {routes.length > 0 && <RoutePanel routes={routes} />}
      {dated.length > 0 && <DatedVersions name={api.title} versions={dated} />}
      <VersionUses
        uses={usesOf(dated.filter(({ isNewest }) => !isNewest))}
        hrefOf={({ key_id: id }) => `/operator/keys/${id}`}
        partnerHref={({ partner_id: id }) => `/operator/partners/${id}`}
      />
      {versions.length > 0 && <VersionPanel versions={versions} />}
      <CheckDialog id={api.id} />
      <UpstreamDialog api={api} wrong={by === 'upstreams' ? wrong : undefined} />
      <RetireDialog api={api} wrong={by === 'retire' ? wrong : undefined} />
    </ConsolePage>,
    wrong?.status,
  );
}

async function showDraft(context: ConsoleContext, wrong?: Wrong) {
  const view = operator(context);
  const { m } = view;
  const { publishing, gateway } = context.var.services;
  const draft = await publishing.views.draft(idOr404(context.req.param('draft') ?? '', 'draft'));
  const { info, 'x-passerelle': own } = draft.document;
  const api = (await publishing.list()).find(({ id }) => id === own.id);
  const before = documentOf(gateway.catalog, own.id);
  const path = `${PAGE}/drafts/${draft.id}`;
  return render(
    context,
    <ConsolePage view={shownAt(view, path)} title={m.apis.review(info.title)}>
      <div>
        <Crumbs />
        <h1>{m.apis.review(info.title)}</h1>
        <p class="soft">
          {m.apis.draftKept} {m.apis.prefix}{' '}
          {own.prefix === '' ? m.apis.prefixNone : <code>{own.prefix}</code>}
        </p>
      </div>
      <Panel title={m.apis.publish}>
        <div class="pad">
          <Form
            action={`${path}/publish`}
            saved={{ ...savedUpstreams(api?.upstreams ?? []), etag: api?.etag ?? NEW_API }}
            wrong={wrong}
          >
            <UpstreamFields
              hasCredential={api?.upstreams.some(({ has_credential }) => has_credential) === true}
            />
            <Submit>{m.apis.publish}</Submit>
          </Form>
        </div>
      </Panel>
      <NotePanel notes={draft.notes} />
      {before && <ChangePanel changes={offerChanges(before, draft.document)} />}
      <RoutePanel routes={routesOf(draft.document)} />
    </ConsolePage>,
    wrong?.status,
  );
}

/** Fields of upstreams that the service refuses are all in one here. */
const refusedUpstreams =
  (view: View) =>
  (error: AppError, values: Record<string, string>): Record<string, string> | undefined => {
    const details = (error.fields.details ?? []) as { field: string; message: string }[];
    const said = details.find(({ field }) => field.startsWith('upstreams'));
    if (said?.field.endsWith('credential')) return { credential: refusalText(view, said.message) };
    if (said) return { upstreams: refusalText(view, said.message) };
    const [first] = details;
    if (first) return { upstreams: `${first.field} ${refusalText(view, first.message)}` };
    return conflictAt(view, 'upstreams' in values ? 'upstreams' : 'reason')(error);
  };

operatorConsole.get(`${PAGE}/drafts/:draft`, (context) => showDraft(context));

operatorConsole.post(`${PAGE}/drafts/:draft/publish`, (context) => {
  const view = operator(context);
  return submit(context, upstreamForm, {
    async work(data) {
      const { publishing } = context.var.services;
      const draft = await publishing.views.draft(idOr404(context.req.param('draft') ?? '', 'draft'));
      const { document } = draft;
      const wanted = upstreamsOf(data, view.m.apis.upstreamsHint);
      const change = { reason: data.reason || null, expected: data.etag };
      const { isInForce } = await publishing.publish(document, wanted, operatorActor(context), change);
      return done(context, `${PAGE}/${idOf(document)}`, isInForce ? 'api_published' : 'catalog_later');
    },
    again: (wrong) => showDraft(context, wrong),
    says: refusedUpstreams(view),
  });
});

operatorConsole.get(`${PAGE}/:api`, (context) => showApi(context));

operatorConsole.post(`${PAGE}/:api/upstreams`, (context) => {
  const view = operator(context);
  return submit(context, upstreamForm, {
    async work(data) {
      const { id } = await apiOf(context);
      const wanted = upstreamsOf(data, view.m.apis.upstreamsHint);
      const { publishing } = context.var.services;
      const change = { reason: data.reason || null, expected: data.etag };
      const { isInForce } = await publishing.setUpstreams(id, wanted, operatorActor(context), change);
      return done(context, `${PAGE}/${id}`, isInForce ? 'upstreams_saved' : 'catalog_later');
    },
    again: (wrong) => showApi(context, wrong, 'upstreams'),
    says: refusedUpstreams(view),
  });
});

operatorConsole.post(`${PAGE}/:api/retire`, (context) => {
  const view = operator(context);
  return submit(context, retireForm, {
    async work({ reason: why, etag: expected }) {
      const { id } = await apiOf(context);
      const change = { reason: why, expected };
      const { isInForce } = await context.var.services.publishing.retire(id, operatorActor(context), change);
      return done(context, PAGE, isInForce ? 'api_retired' : 'catalog_later');
    },
    again: (wrong) => showApi(context, wrong, 'retire'),
    says: conflictAt(view, 'reason'),
  });
});
