// Incidents: what the status page says, written here in both languages.

import * as z from 'zod';
import { idOr404 } from '../../http/api.ts';
import { incidentState, incidentText, incidentTitle } from '../../http/incident-schemas.ts';
import { INCIDENT_STATES, type Incident, type IncidentState } from '../../status/incident-service.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Area, Field, Select } from '../../web/components/form.tsx';
import { IncidentPanel } from '../../web/components/incident-parts.tsx';
import { Empty } from '../../web/components/parts.tsx';
import { conflictAt, submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
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

const PAGE = '/operator/incidents';
const MAX_SHOWN = 50;

const updateForm = z.object({ state: incidentState, text_en: incidentText, text_fr: incidentText });
const incidentForm = updateForm.extend({
  api: z.string().max(50),
  title_en: incidentTitle,
  title_fr: incidentTitle,
  /** As browsers send it, in UTC. */
  started_at: z.union([z.literal(''), z.iso.datetime({ local: true })]),
});

const saidIn = ({ text_en: en, text_fr: fr }: z.infer<typeof updateForm>) => ({ en, fr });

const UpdateFields = ({ states }: { states: readonly IncidentState[] }) => {
  const { m } = useView();
  return (
    <>
      <Select
        name="state"
        label={m.status.state}
        options={states.map((state) => [state, m.status.states[state]] as const)}
      />
      <Area name="text_en" label={m.status.textIn.en} required />
      <Area name="text_fr" label={m.status.textIn.fr} required />
    </>
  );
};

const IncidentDialog = ({ apis, wrong }: { apis: readonly (readonly [string, string])[]; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="new"
      title={m.status.report}
      action={PAGE}
      submit={m.status.publish}
      saved={{ state: INCIDENT_STATES[0] }}
      wrong={wrong}
    >
      <Field name="title_en" label={m.status.titleIn.en} required maxlength={200} />
      <Field name="title_fr" label={m.status.titleIn.fr} required maxlength={200} />
      <Select name="api" label={m.status.affects} options={[['', m.status.allApis], ...apis]} />
      <Field name="started_at" type="datetime-local" label={m.status.beganAt} hint={m.status.beganHint} />
      <UpdateFields states={INCIDENT_STATES} />
    </FormDialog>
  );
};

const UpdateDialog = ({ incident: { id, state }, wrong }: { incident: Incident; wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id={`update-${id}`}
      title={m.status.update}
      action={`${PAGE}/${id}/updates`}
      submit={m.status.publish}
      saved={{ state }}
      wrong={wrong}
    >
      <UpdateFields states={INCIDENT_STATES} />
    </FormDialog>
  );
};

/** `wrong`: what was sent to report an incident, or to update the one of this id. */
async function showIncidents(context: ConsoleContext, wrong?: Wrong, id?: string) {
  const view = shownAt(operator(context), PAGE);
  const { m } = view;
  const { incidents, gateway } = context.var.services;
  const all = await incidents.list(MAX_SHOWN);
  const apis = gateway.catalog.documents.map(
    ({ info, 'x-passerelle': api }) => [api.id, info.title] as const,
  );
  return render(
    context,
    <ConsolePage view={view} title={m.status.incidents}>
      <div class="head">
        <h1 class="grow">{m.status.incidents}</h1>
        <OpenDialog id="new" kind="primary">
          {m.status.report}
        </OpenDialog>
      </div>
      <p class="soft">
        {m.status.incidentsText} <a href="/status">{m.status.title}</a>
      </p>
      {all.length === 0 && (
        <section class="panel">
          <Empty title={m.status.noIncidents} />
        </section>
      )}
      {all.map((incident) => (
        <>
          <IncidentPanel
            incident={incident}
            apis={new Map(apis)}
            action={
              incident.state !== 'resolved' && (
                <OpenDialog id={`update-${incident.id}`} kind="small">
                  {m.status.update}
                </OpenDialog>
              )
            }
          />
          {(incident.state !== 'resolved' || id === incident.id) && (
            <UpdateDialog incident={incident} wrong={id === incident.id ? wrong : undefined} />
          )}
        </>
      ))}
      <IncidentDialog apis={apis} wrong={id === undefined ? wrong : undefined} />
    </ConsolePage>,
    wrong?.status,
  );
}

operatorConsole.get(PAGE, (context) => showIncidents(context));

operatorConsole.post(PAGE, (context) => {
  operator(context);
  return submit(context, incidentForm, {
    async work(data) {
      const wanted = {
        api: data.api || null,
        title: { en: data.title_en, fr: data.title_fr },
        state: data.state,
        text: saidIn(data),
        startedAt: data.started_at ? new Date(`${data.started_at}Z`).toISOString() : null,
      };
      await context.var.services.incidents.open(wanted, operatorActor(context));
      return done(context, PAGE, 'published');
    },
    again: (wrong) => showIncidents(context, wrong),
  });
});

operatorConsole.post(`${PAGE}/:id/updates`, (context) => {
  const view = operator(context);
  const id = idOr404(context.req.param('id'), 'incident');
  return submit(context, updateForm, {
    async work(data) {
      const wanted = { state: data.state, text: saidIn(data) };
      await context.var.services.incidents.update(id, wanted, operatorActor(context));
      return done(context, PAGE, 'published');
    },
    again: (wrong) => showIncidents(context, wrong, id),
    says: conflictAt(view, 'state'),
  });
});
