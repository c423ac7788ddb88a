// Policies: what there is, in the order of their places; one of them, to be changed or taken away; and a new one.

import type { Child } from 'hono/jsx';
import * as z from 'zod';
import { isPolicyName, POLICY_NAMES, type PolicyName } from '../../catalog/policies/kinds.ts';
import type { PolicyView } from '../../catalog/policy-service.ts';
import { AppError } from '../../core/errors.ts';
import { idOr404 } from '../../http/api.ts';
import { reason, text } from '../../http/fields.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Form, Select, Submit } from '../../web/components/form.tsx';
import { Empty, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { conflictAt, refusalText, submit, type Wrong } from '../../web/forms.ts';
import { numberField } from '../../web/number-field.ts';
import { shownAt, type View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
} from './console-web.tsx';
import { SettingInputs, settingsIn, settingValues } from './policy-fields.tsx';

const PAGE = '/operator/policies';
const position = numberField({ unit: 'count', from: 0, to: 1000 });
const newForm = z.object({
  policy: z.enum(POLICY_NAMES),
  api: text(40),
  route: text(600),
  partner_id: z.union([z.literal(''), z.uuid()]),
  position,
});
const changeForm = z.object({ position });
const removeForm = z.object({ reason });

const Place = ({
  policy: { api, route, partner_id: partnerId, partner_name: name },
}: {
  policy: PolicyView;
}) => {
  const { m } = useView();
  return (
    <>
      <span class="mono small">{api ?? m.policies.everyApi}</span>
      {route && <span class="mono small"> {route}</span>}
      {partnerId && (
        <>
          {' '}
          <a class="small" href={`/operator/partners/${partnerId}`}>
            {m.policies.onlyFor(name ?? partnerId)}
          </a>
        </>
      )}
    </>
  );
};

const PolicyTable = ({ view, policies }: { view: View; policies: readonly PolicyView[] }) => {
  const { m, format } = view;
  return (
    <Table
      rows={policies}
      columns={[
        {
          title: m.policies.policy,
          cell: ({ id, policy }) => (
            <a href={`${PAGE}/${id}`}>
              <strong>{isPolicyName(policy) ? m.policies.names[policy] : policy}</strong>
            </a>
          ),
        },
        { title: m.policies.place, cell: (policy) => <Place policy={policy} /> },
        { title: m.policies.position, kind: 'num', cell: ({ position: at }) => format.number(at) },
      ]}
    />
  );
};

operatorConsole.get(PAGE, async (context) => {
  const view = operator(context);
  const { m } = view;
  const policies = await context.var.services.policies.list();
  return render(
    context,
    <ConsolePage view={view} title={m.policies.title}>
      <div class="head">
        <h1 class="grow">{m.policies.title}</h1>
        <a class="button primary" href={`${PAGE}/new`}>
          {m.policies.add}
        </a>
      </div>
      <p class="soft">{m.policies.about}</p>
      <section class="panel">
        {policies.length === 0 ? (
          <Empty title={m.policies.none}>{m.policies.noneText}</Empty>
        ) : (
          <PolicyTable view={view} policies={policies} />
        )}
      </section>
    </ConsolePage>,
  );
});

const Crumbs = ({ children }: { children?: Child }) => (
  <div>
    <p class="crumbs">
      <a href={PAGE}>{useView().m.policies.title}</a>
    </p>
    {children}
  </div>
);

const PositionField = () => {
  const { m } = useView();
  return (
    <Field name="position" label={m.policies.position} hint={m.policies.positionHint} inputmode="numeric" />
  );
};

const Kinds = () => {
  const { m } = useView();
  return (
    <section class="panel">
      <ul class="pad stack">
        {POLICY_NAMES.map((name) => (
          <li>
            <a href={`${PAGE}/new?policy=${name}`}>
              <strong>{m.policies.names[name]}</strong>
            </a>
            <br />
            <span class="soft small">{m.policies.about_[name]}</span>
          </li>
        ))}
      </ul>
    </section>
  );
};

const NewPolicy = ({
  policy,
  apis,
  wrong,
}: {
  policy: PolicyName;
  apis: readonly (readonly [string, string])[];
  wrong?: Wrong;
}) => {
  const { m } = useView();
  const saved = { position: '0', ...settingValues(policy) };
  return (
    <section class="panel pad">
      <Form action={`${PAGE}/new`} saved={saved} wrong={wrong}>
        <input type="hidden" name="policy" value={policy} />
        <p class="soft">{m.policies.about_[policy]}</p>
        <SettingInputs policy={policy} />
        <Select name="api" label={m.policies.api} options={[['', m.policies.everyApi], ...apis]} />
        <Field name="route" label={m.policies.route} hint={m.policies.routeHint} maxlength={600} />
        <Field name="partner_id" label={m.policies.partner} hint={m.policies.partnerHint} maxlength={36} />
        <PositionField />
        <Submit>{m.policies.add}</Submit>
      </Form>
    </section>
  );
};

function showNew(context: ConsoleContext, given: string | undefined, wrong?: Wrong) {
  const view = operator(context);
  const { m } = view;
  const policy = given !== undefined && isPolicyName(given) ? given : undefined;
  const apis = context.var.services.gateway.catalog.documents.map(
    ({ info, 'x-passerelle': { id } }) => [id, info.title] as const,
  );
  const title = policy ? m.policies.install(m.policies.names[policy]) : m.policies.choose;
  return render(
    context,
    <ConsolePage view={shownAt(view, `${PAGE}/new`)} title={title}>
      <Crumbs>
        <h1>{title}</h1>
      </Crumbs>
      {policy ? <NewPolicy policy={policy} apis={apis} wrong={wrong} /> : <Kinds />}
    </ConsolePage>,
    wrong?.status,
  );
}

operatorConsole.get(`${PAGE}/new`, (context) => showNew(context, context.req.query('policy')));

/** What the service refuses of the place, at its field. */
const saidAt =
  (view: View) =>
  (error: AppError): Record<string, string> | undefined => {
    const [first] = (error.fields.details ?? []) as { field: string; message: string }[];
    if (first) return { [first.field]: refusalText(view, first.message) };
    return conflictAt(view, 'position')(error);
  };

operatorConsole.post(`${PAGE}/new`, (context) => {
  const view = operator(context);
  return submit(context, newForm, {
    async work({ policy, api, route, partner_id: partnerId, position: at }, values) {
      const settings = settingsIn(policy, values, view);
      const place = { api: api || null, route: route || null, partnerId: partnerId || null, position: at };
      const { policies } = context.var.services;
      const made = await policies.install({ ...place, policy, settings }, operatorActor(context));
      return done(context, PAGE, made.in_force ? 'policy_saved' : 'catalog_later');
    },
    again: (wrong) => showNew(context, wrong.values.policy, wrong),
    says: saidAt(view),
  });
});

async function policyOf(context: ConsoleContext): Promise<PolicyView & { policy: PolicyName }> {
  const id = idOr404(context.req.param('policy') ?? '', 'policy');
  const { policy, ...found } = await context.var.services.policies.get(id);
  if (!isPolicyName(policy)) throw new AppError('not_found', 'No such policy');
  return { ...found, policy };
}

async function showPolicy(context: ConsoleContext, wrong?: Wrong, by?: 'change' | 'remove') {
  const view = operator(context);
  const { m } = view;
  const found = await policyOf(context);
  const { id, policy, settings, position: at } = found;
  const name = m.policies.names[policy];
  const saved = { position: String(at), ...settingValues(policy, settings) };
  return render(
    context,
    <ConsolePage view={shownAt(view, `${PAGE}/${id}`)} title={m.policies.edit(name)}>
      <Crumbs>
        <div class="head">
          <h1 class="grow">{name}</h1>
          <OpenDialog id="remove" kind="danger">
            {m.policies.remove}
          </OpenDialog>
        </div>
        <p>
          <Place policy={found} />
        </p>
      </Crumbs>
      <Panel title={m.policies.settings}>
        <div class="pad">
          <Form action={`${PAGE}/${id}`} saved={saved} wrong={by === 'change' ? wrong : undefined}>
            <p class="soft">{m.policies.about_[policy]}</p>
            <SettingInputs policy={policy} />
            <PositionField />
            <Submit>{m.policies.save}</Submit>
          </Form>
        </div>
      </Panel>
      <FormDialog
        id="remove"
        title={m.policies.remove}
        action={`${PAGE}/${id}/remove`}
        submit={m.policies.remove}
        kind="solid-danger"
        wrong={by === 'remove' ? wrong : undefined}
      >
        <Field name="reason" label={m.operator.reason} required maxlength={500} />
      </FormDialog>
    </ConsolePage>,
    wrong?.status,
  );
}

operatorConsole.get(`${PAGE}/:policy`, (context) => showPolicy(context));

operatorConsole.post(`${PAGE}/:policy`, (context) => {
  const view = operator(context);
  return submit(context, changeForm, {
    async work({ position: at }, values) {
      const { id, policy } = await policyOf(context);
      const settings = settingsIn(policy, values, view);
      const made = await context.var.services.policies.change(id, at, settings, operatorActor(context));
      return done(context, PAGE, made.in_force ? 'policy_saved' : 'catalog_later');
    },
    again: (wrong) => showPolicy(context, wrong, 'change'),
    says: saidAt(view),
  });
});

operatorConsole.post(`${PAGE}/:policy/remove`, (context) => {
  const view = operator(context);
  return submit(context, removeForm, {
    async work({ reason: why }) {
      const { id } = await policyOf(context);
      const made = await context.var.services.policies.remove(id, why, operatorActor(context));
      return done(context, PAGE, made.in_force ? 'policy_removed' : 'catalog_later');
    },
    again: (wrong) => showPolicy(context, wrong, 'remove'),
    says: conflictAt(view, 'reason'),
  });
});
