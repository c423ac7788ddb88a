// Small parts of pages: notes, code, times, meters. Each is plain HTML that works before any script.

import type { Child } from 'hono/jsx';
import { supportHref } from '../contact.ts';
import { withQuery } from '../redirects.ts';
import { useView } from '../view-context.ts';

export const Time = ({ at }: { at: string | null }) => {
  const { m, format } = useView();
  if (at === null) return <span class="soft">{m.common.never}</span>;
  return (
    <time datetime={at} title={format.exact(at)} data-ago={at}>
      {format.ago(at)}
    </time>
  );
};

/** The day of an end to come, and how long that is: 6 Dec (in 7 days). */
export const Until = ({ at }: { at: string }) => {
  const { format } = useView();
  return (
    <time datetime={at} title={format.exact(at)}>
      {format.day(at)} (<span data-ago={at}>{format.ago(at)}</span>)
    </time>
  );
};

export const Code = ({ text, label }: { text: string; label?: string }) => {
  const { common } = useView().m;
  // Lines of a program are not broken: who reads them scrolls, also by keyboard.
  const hasLines = text.includes('\n');
  return (
    <div class={hasLines ? 'code lines' : 'code'}>
      <pre data-label={label} tabindex={hasLines ? 0 : undefined}>
        <code>{text}</code>
      </pre>
      <button type="button" class="button small" data-copy={text} data-copied={common.copied}>
        {common.copy}
      </button>
    </div>
  );
};

export const Note = ({ kind = '', children }: { kind?: '' | 'warn' | 'bad' | 'good'; children?: Child }) => (
  <div class={`note ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);

/** To whom partners ask; the words alone where nobody is named. */
export const ContactLink = ({ kind = 'small', children }: { kind?: string; children?: Child }) => {
  const { m, contact } = useView();
  const href = supportHref(contact);
  const words = children ?? m.common.contact;
  return href ? (
    <a class={kind} href={href}>
      {words}
    </a>
  ) : (
    <span class="soft small">{words}</span>
  );
};

export const Empty = ({ title, children }: { title: string; children?: Child }) => (
  <div class="empty">
    <h2>{title}</h2>
    {children}
  </div>
);

export const Panel = ({ title, action, children }: { title: string; action?: Child; children?: Child }) => (
  <section class="panel">
    <header>
      <h2>{title}</h2>
      {action}
    </header>
    {children}
  </section>
);

export const Figure = ({ label, value, note }: { label: string; value: string; note?: Child }) => (
  <div>
    <dt>{label}</dt>
    <dd>{value}</dd>
    {note && <dd class="small">{note}</dd>}
  </div>
);

const WARN_SHARE = 0.8;

/** What is used of a limit; `limit` below 0 is unlimited. */
export const Meter = ({
  label,
  used,
  limit,
  remaining,
  note,
}: {
  label: string;
  used: number;
  limit: number;
  remaining: number;
  note?: string;
}) => {
  const { m, format } = useView();
  const share = limit > 0 ? Math.min(1, used / limit) : 0;
  const kind = limit >= 0 && remaining <= 0 ? 'bad' : share >= WARN_SHARE ? 'warn' : '';
  return (
    <div data-meter={label} data-used={used} data-limit={limit} data-remaining={remaining}>
      <div class="meter-line">
        <span>{label}</span>
        <span class="num">
          {limit < 0
            ? m.quota.unlimited(format.number(used))
            : m.quota.of(format.number(used), format.number(limit), format.number(remaining))}
        </span>
      </div>
      {limit >= 0 && (
        <svg class={`meter ${kind}`} viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
          <rect width={String(share * 100)} height="6" />
        </svg>
      )}
      {note && <p class="hint">{note}</p>}
    </div>
  );
};

/** Links to other values of one query parameter. */
export const Choose = ({
  label,
  options,
  current,
  hrefOf,
}: {
  label: string;
  options: readonly (readonly [string, string])[];
  current: string;
  hrefOf(value: string): string;
}) => (
  <nav class="switch" aria-label={label}>
    {options.map(([value, text]) => (
      <a href={hrefOf(value)} aria-current={value === current ? 'true' : undefined}>
        {text}
      </a>
    ))}
  </nav>
);

/** A link to the rows after those that are shown; none when they are the last. `rows`: one more, where there are more. */
export const Older = ({
  rows,
  shown,
}: {
  rows: readonly unknown[];
  shown: readonly { id: string | number }[];
}) => {
  const { here, m } = useView();
  const last = shown.at(-1);
  if (rows.length <= shown.length || !last) return null;
  return (
    <a class="button" href={withQuery(here, { before: String(last.id) })}>
      {m.requests.older}
    </a>
  );
};
