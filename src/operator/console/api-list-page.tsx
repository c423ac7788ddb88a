// The offered APIs; and a document that is looked at before it is published.

import * as z from 'zod';
import { API_ID } from '../../catalog/adopt/adopt.ts';
import { MAX_DOCUMENT_BYTES } from '../../catalog/adopt/read-document.ts';
import type { ApiView } from '../../catalog/api-view-store.ts';
import { checkedLater } from '../../catalog/publish-service.ts';
import { isStorable, text } from '../../http/fields.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Area, Field } from '../../web/components/form.tsx';
import { Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { FieldsRefused, refusalText, submit, type Wrong } from '../../web/forms.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';

const PAGE = '/operator/apis';

const checkForm = z.object({
  document: z.string().max(MAX_DOCUMENT_BYTES),
  url: text(2000),
  id: z.string().refine((id) => id === '' || API_ID.test(id), { params: { code: 'apiId' } }),
});

const ApiName = ({ api: { id, title, state, source } }: { api: ApiView }) => {
  const { m } = useView();
  return (
    <div class="row">
      <a href={`${PAGE}/${id}`}>
        <strong>{title}</strong>
      </a>
      <span class="mono small">{id}</span>
      {state === 'retired' && <span class="badge">{m.apis.retired}</span>}
      {state === 'live' && source === 'bundled' && <span class="badge">{m.apis.source.bundled}</span>}
    </div>
  );
};

const ApiTable = ({ view, apis }: { view: View; apis: readonly ApiView[] }) => {
  const { m, format } = view;
  return (
    <Table
      rows={apis}
      columns={[
        { title: m.apis.title, cell: (api) => <ApiName api={api} /> },
        { title: m.apis.routes, kind: 'num', cell: ({ routes }) => format.number(routes) },
        {
          title: m.apis.upstreams,
          kind: 'small',
          cell: ({ upstreams, upstream_variables: variables }) =>
            upstreams.length > 0
              ? upstreams.map(({ url }) => url).join(', ')
              : m.apis.upstreamsNone(variables.join(', ')),
        },
        { title: m.apis.when, cell: ({ published_at }) => <Time at={published_at} /> },
      ]}
    />
  );
};

/** `id`: of the API that it replaces. */
export const CheckDialog = ({ id, wrong }: { id?: string; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="offer"
      title={id ? m.apis.replace : m.apis.offer}
      action={`${PAGE}/check`}
      submit={m.apis.look}
      saved={{ id: id ?? '' }}
      wrong={wrong}
      isUpload
    >
      <p class="soft">{m.apis.offerText}</p>
      <Area name="document" label={m.apis.document} />
      <Field name="file" type="file" label={m.apis.file} />
      <Field name="url" label={m.apis.url} hint={m.apis.urlHint} maxlength={2000} />
      <Field name="id" label={m.apis.id} hint={m.apis.idHint} maxlength={40} />
    </FormDialog>
  );
};

async function showApis(context: ConsoleContext, wrong?: Wrong) {
  const view = shownAt(operator(context), PAGE);
  const { m } = view;
  const apis = await context.var.services.publishing.list();
  return render(
    context,
    <ConsolePage view={view} title={m.apis.title}>
      <div class="head">
        <h1 class="grow">{m.apis.title}</h1>
        <OpenDialog id="offer" kind="primary">
          {m.apis.offer}
        </OpenDialog>
      </div>
      <p class="soft">{m.apis.about}</p>
      <section class="panel">
        <ApiTable view={view} apis={apis} />
      </section>
      <CheckDialog wrong={wrong} />
    </ConsolePage>,
    wrong?.status,
  );
}

/** Of the file that was chosen, if one was. @throws FieldsRefused */
async function fileOf(context: ConsoleContext, tooLarge: string): Promise<string | undefined> {
  const file = (await context.req.formData()).get('file');
  if (!(file instanceof File) || file.size === 0) return undefined;
  if (file.size > MAX_DOCUMENT_BYTES) throw new FieldsRefused({ file: tooLarge });
  const content = await file.text();
  if (!isStorable(content)) throw new FieldsRefused({ file: tooLarge });
  return content;
}

operatorConsole.get(PAGE, (context) => showApis(context));

operatorConsole.post(`${PAGE}/check`, (context) => {
  const view = operator(context);
  const { m } = view;
  return submit(context, checkForm, {
    async work({ document, url, id }) {
      const { publishing } = context.var.services;
      const file = await fileOf(context, m.apis.offerText);
      const given = [document.trim() === '' ? undefined : document, file, url || undefined];
      const [first, ...others] = given.filter((each) => each !== undefined);
      if (first === undefined) throw new FieldsRefused({ document: m.apis.nothingGiven });
      if (others.length > 0) throw new FieldsRefused({ document: m.apis.oneOfThem });
      const source = url ? await checkedLater(publishing.fetch(url)) : first;
      const { document: adopted, notes } = await publishing.check(source, id || undefined);
      const { name } = operatorActor(context);
      const draft = await publishing.views.keepDraft(adopted, notes, name);
      return context.redirect(`${PAGE}/drafts/${draft}`, 303);
    },
    again: (wrong) => showApis(context, wrong),
    says: ({ fields, code, message }) => {
      if (code !== 'validation_error') return undefined;
      const details = (fields.details ?? []) as { field: string; message: string }[];
      const said = details.map(({ field, message: why }) => `${field} ${refusalText(view, why)}`).join('\n');
      return { document: said || refusalText(view, message) };
    },
  });
});
