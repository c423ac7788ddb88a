// The catalogue of events that webhooks carry, with the schema of each.

import { eventTypes, schemaOf } from '../../outbox/event-types.ts';
import { Table } from '../../web/components/table.tsx';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

portal.get('/portal/webhooks/events', (context) => {
  const view = member(context);
  const { m } = view;
  return render(
    context,
    <Page view={view} title={m.webhooks.catalogue} about="both">
      <h1>{m.webhooks.catalogue}</h1>
      <p class="prose soft">{m.webhooks.catalogueText}</p>
      <section class="panel">
        <Table
          hasHead={false}
          rows={eventTypes}
          columns={[
            {
              title: m.webhooks.type,
              cell: (type) => (
                <>
                  <span class="mono">{type}</span>
                  <br />
                  {m.webhooks.eventNames[type]}
                  <details>
                    <summary class="small soft">{m.webhooks.schema}</summary>
                    <pre class="small">
                      <code>{JSON.stringify(schemaOf(type), null, 1)}</code>
                    </pre>
                  </details>
                </>
              ),
            },
          ]}
        />
      </section>
      <p>
        <a href="/portal/webhooks">{m.webhooks.back}</a>
      </p>
    </Page>,
  );
});
