// Blocked addresses: made and lifted with a reason; in force at every edge within a minute or so.

import * as z from 'zod';
import type { BlockView } from '../../blocks/block-service.ts';
import { HOUR_MS } from '../../core/time.ts';
import { idOr404 } from '../../http/api.ts';
import { ipRange, reason } from '../../http/fields.ts';
import { FormDialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Select } from '../../web/components/form.tsx';
import { Empty, Time, Until } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
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
  ReasonForm,
} from './console-web.tsx';

const HOURS = ['1', '24', '168', ''] as const;

const newBlock = z.object({
  range: ipRange,
  hours: z.enum(HOURS),
  reason,
});

const BlockTable = ({
  view,
  blocks,
  wrong,
  wrongId,
}: {
  view: View;
  blocks: readonly BlockView[];
  wrong?: Wrong;
  /** The block that could not be lifted. */
  wrongId?: string;
}) => {
  const { m } = view;
  return (
    <Table
      rows={blocks}
      columns={[
        { title: m.operator.address, kind: 'mono', cell: ({ range }) => range },
        { title: m.operator.reason, cell: (block) => block.reason },
        { title: m.operator.since, cell: ({ created_at }) => <Time at={created_at} /> },
        {
          title: m.operator.until,
          cell: ({ expires_at }) => (expires_at ? <Until at={expires_at} /> : m.operator.untilLifted),
        },
        {
          title: m.common.actions,
          isAction: true,
          cell: (block) => (
            <ReasonForm
              view={view}
              action={`/operator/blocks/${block.id}/lift`}
              wrong={block.id === wrongId ? wrong : undefined}
            >
              {m.operator.lift}
            </ReasonForm>
          ),
        },
      ]}
    />
  );
};

const BlockDialog = ({ wrong }: { wrong?: Wrong }) => {
  const { m } = useView();
  return (
    <FormDialog
      id="block"
      title={m.operator.block}
      action="/operator/blocks"
      submit={m.operator.block}
      kind="solid-danger"
      saved={{ hours: '24' }}
      wrong={wrong}
    >
      <Field name="range" label={m.operator.address} required hint={m.operator.addressHint} />
      <Select
        name="hours"
        label={m.operator.until}
        options={HOURS.map((hours) => [hours, m.operator.blockFor[hours]] as const)}
      />
      <Field name="reason" label={m.operator.reason} required maxlength={500} />
    </FormDialog>
  );
};

/** `wrong`: what was sent to make a block, or to lift the one of this id. */
async function showBlocks(context: ConsoleContext, wrong?: Wrong, id?: string) {
  const view = shownAt(operator(context), '/operator/blocks');
  const { m } = view;
  const blocks = await context.var.services.blocks.list();
  return render(
    context,
    <ConsolePage view={view} title={m.nav.blocks}>
      <div class="head">
        <h1 class="grow">{m.nav.blocks}</h1>
        <OpenDialog id="block" kind="primary">
          {m.operator.block}
        </OpenDialog>
      </div>
      <p class="soft">{m.operator.blocksText}</p>
      <section class="panel">
        {blocks.length === 0 ? (
          <Empty title={m.operator.noBlocks} />
        ) : (
          <BlockTable view={view} blocks={blocks} wrong={wrong} wrongId={id} />
        )}
      </section>
      <BlockDialog wrong={id === undefined ? wrong : undefined} />
    </ConsolePage>,
    wrong ? 400 : 200,
  );
}

operatorConsole.get('/operator/blocks', (context) => showBlocks(context));

operatorConsole.post('/operator/blocks', (context) => {
  const { nowMs } = operator(context);
  return submit(context, newBlock, {
    async work({ range, hours, reason: why }) {
      const expiresAt = hours === '' ? null : new Date(nowMs + Number(hours) * HOUR_MS).toISOString();
      const { blocks } = context.var.services;
      await blocks.create({ range, reason: why, expiresAt }, operatorActor(context));
      return done(context, '/operator/blocks', 'blocked');
    },
    again: (wrong) => showBlocks(context, wrong),
  });
});

operatorConsole.post('/operator/blocks/:id/lift', (context) => {
  operator(context);
  const id = idOr404(context.req.param('id'), 'block');
  return submit(context, z.object({ reason }), {
    async work({ reason: why }) {
      await context.var.services.blocks.lift(id, why, operatorActor(context));
      return done(context, '/operator/blocks', 'unblocked');
    },
    again: (wrong) => showBlocks(context, wrong, id),
  });
});
