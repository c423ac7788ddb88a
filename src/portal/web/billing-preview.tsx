// What the next invoice will say, and what the months before came to.

import type { Draft } from '../../billing/invoice.ts';
import type { Preview } from '../../billing/invoice-service.ts';
import { Meter, Panel } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import { lineText, taxText } from '../../web/invoices/invoice-text.ts';
import { useView } from '../../web/view-context.ts';

const DraftTable = ({ draft }: { draft: Draft }) => {
  const view = useView();
  const { m, format } = view;
  const rows = [
    ...draft.lines.map((line) => ({
      text: lineText(view, {
        kind: line.kind,
        tier: line.tier,
        app_id: line.appId,
        app_name: line.appName,
        from_at: new Date(line.fromMs).toISOString(),
        to_at: new Date(line.toMs).toISOString(),
      }),
      minor: line.amountMinor,
      isSum: false,
    })),
    ...(draft.taxMinor === 0
      ? []
      : [{ text: taxText(view, draft.taxBps), minor: draft.taxMinor, isSum: false }]),
    { text: m.invoice.total, minor: draft.totalMinor, isSum: true },
  ];
  return (
    <Table
      hasHead={false}
      rows={rows}
      columns={[
        { title: m.invoice.what, cell: ({ text, isSum }) => (isSum ? <strong>{text}</strong> : text) },
        {
          title: m.invoice.amount,
          kind: 'num',
          cell: ({ minor, isSum }) => (
            <span data-total={isSum ? minor : undefined}>
              {isSum ? (
                <strong>{format.money(minor, draft.currency)}</strong>
              ) : (
                format.money(minor, draft.currency)
              )}
            </span>
          ),
        },
      ]}
    />
  );
};

/** What is beyond the quota, before tax. */
export const overageOf = ({ lines }: Draft): number =>
  lines.reduce((sum, { kind, amountMinor }) => (kind === 'overage' ? sum + amountMinor : sum), 0);

export const PreviewPanel = ({ preview, included }: { preview: Preview; included: number }) => {
  const { m, format } = useView();
  const { drafts, forecast, units, forecastUnits } = preview;
  const beyond = forecast.filter((draft) => overageOf(draft) > 0);
  const sumsText = (of: readonly Draft[], minorOf: (draft: Draft) => number) =>
    of.map((draft) => format.money(minorOf(draft), draft.currency)).join(' + ');
  return (
    <Panel title={m.billing.next}>
      <div class="pad stack">
        <p class="soft">{m.billing.nextText(format.date(preview.start), format.date(preview.end))}</p>
        <Meter
          label={m.billing.soFar}
          used={units}
          limit={included}
          remaining={included < 0 ? -1 : Math.max(0, included - units)}
        />
      </div>
      {drafts.length === 0 ? (
        <p class="pad">{m.billing.nothing}</p>
      ) : (
        drafts.map((draft) => <DraftTable draft={draft} />)
      )}
      {forecast.length > 0 && units > 0 && (
        <p class="pad soft">
          {m.billing.forecast(
            format.number(forecastUnits),
            sumsText(forecast, ({ totalMinor }) => totalMinor),
          )}{' '}
          {beyond.length > 0 && m.billing.forecastOverage(sumsText(beyond, overageOf))}
        </p>
      )}
    </Panel>
  );
};

export const SpendPanel = ({ spend }: { spend: { month: string; currency: string; minor: number }[] }) => {
  const { m, format } = useView();
  if (spend.length === 0) return null;
  const top = Math.max(1, ...spend.map(({ minor }) => minor));
  return (
    <Panel title={m.billing.spend}>
      <Table
        hasHead={false}
        rows={spend}
        columns={[
          { title: m.invoice.period, cell: ({ month }) => format.month(`${month}-01`) },
          {
            title: m.billing.spend,
            cell: ({ minor }) => (
              <svg class="meter" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
                <rect width={((100 * Math.max(0, minor)) / top).toFixed(1)} height="6" />
              </svg>
            ),
          },
          {
            title: m.invoice.amount,
            kind: 'num',
            cell: ({ minor, currency }) => format.money(minor, currency),
          },
        ]}
      />
    </Panel>
  );
};
