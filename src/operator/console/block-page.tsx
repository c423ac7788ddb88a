// Blocked addresses: made and lifted with a reason; in force at every edge within a minute or so.

import * as z from 'zod';
import type { BlockView } from '../../blocks/block-service.ts';
import { idOr404 } from '../../http/api.ts';
import { ipRange, reason } from '../../http/fields.ts';
import { Dialog, OpenDialog } from '../../web/components/dialog.tsx';
import { Field, Select } from '../../web/components/form.tsx';
import { Empty, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { submit, type Wrong } from '../../web/forms.ts';
import { shownAt, type View } from '../../web/view.ts';
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
const HOUR_MS = 3_600_000;

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
          cell: ({ expires_at }) => (expires_at ? <Time at={expires_at} /> : m.operator.untilLifted),
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

const BlockDialog = ({ view, wrong }: { view: View; wrong?: Wrong }) => {
  const { m } = view;
  return (
    <Dialog id="block" title={m.operator.block} open={wrong ? true : undefined}>
      <form method="post" action="/operator/blocks" class="stack">
        <Field
          scope="block"
          name="range"
          label={m.operator.address}
          required
          value={wrong?.values.range}
          error={wrong?.errors.range}
          hint={m.operator.addressHint}
        />
        <Select
          scope="block"
          name="hours"
          label={m.operator.until}
          value={wrong?.values.hours ?? '24'}
          options={HOURS.map((hours) => [hours, m.operator.blockFor[hours]] as const)}
        />
        <Field
          scope="block"
          name="reason"
          label={m.operator.reason}
          required
          maxlength={500}
          value={wrong?.values.reason}
          error={wrong?.errors.reason}
        />
        <div class="actions">
          <button type="submit" class="button solid-danger">
            {m.operator.block}
          </button>
        </div>
      </form>
    </Dialog>
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
      <BlockDialog view={view} wrong={id === undefined ? wrong : undefined} />
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
