// Dead letters: what a queue gave up on, each replayed with a reason.

import * as z from 'zod';
import { idOr404 } from '../../http/api.ts';
import { reason } from '../../http/fields.ts';
import { Empty, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import {
  type ConsoleContext,
  ConsolePage,
  done,
  operator,
  operatorActor,
  operatorConsole,
  ReasonForm,
} from './console-web.tsx';

const PAGE_ROWS = 50;

async function showLetters(context: ConsoleContext, wrong?: Wrong & { id: string }) {
  const view = shownAt(operator(context), '/operator/dead-letters');
  const { m } = view;
  const letters = await context.var.services.deadLetters.list(PAGE_ROWS);
  return render(
    context,
    <ConsolePage view={view} title={m.nav.deadLetters}>
      <h1>{m.nav.deadLetters}</h1>
      <p class="soft">{m.operator.letters}</p>
      <section class="panel">
        {letters.length === 0 ? (
          <Empty title={m.operator.noLetters} />
        ) : (
          <Table
            hasHead={false}
            rows={letters}
            columns={[
              { title: m.keys.id, kind: 'mono small', cell: ({ id }) => id },
              { title: m.operator.queue, cell: ({ queue }) => queue },
              { title: m.operator.reason, cell: ({ reason }) => reason ?? '–' },
              { title: m.operator.received, cell: ({ receivedAt }) => <Time at={receivedAt} /> },
              {
                title: m.common.actions,
                isAction: true,
                cell: ({ id, replayedAt }) =>
                  replayedAt ? (
                    <span class="badge good">{m.operator.replayed}</span>
                  ) : (
                    <ReasonForm
                      view={view}
                      action={`/operator/dead-letters/${id}/replay`}
                      wrong={wrong?.id === id ? wrong : undefined}
                    >
                      {m.operator.replay}
                    </ReasonForm>
                  ),
              },
            ]}
          />
        )}
      </section>
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/dead-letters', (context) => showLetters(context));

operatorConsole.post('/operator/dead-letters/:id/replay', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'dead letter');
  return submit(context, z.object({ reason }), {
    async work(data) {
      await context.var.services.deadLetters.replay(id, data, operatorActor(context));
      return done(context, '/operator/dead-letters', 'replayed');
    },
    again: (wrong) => showLetters(context, { id, ...wrong }),
  });
});
