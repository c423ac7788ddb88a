// Small parts of pages: fields, dialogs, notes, code, times, meters. Each is plain HTML that works before any script.

import type { Child } from 'hono/jsx';
import { withQuery } from '../redirects.ts';
import type { View } from '../view.ts';

export const Time = ({ view, at }: { view: View; at: string | null }) =>
  at === null ? (
    <span class="soft">{view.m.common.never}</span>
  ) : (
    <time datetime={at} title={view.format.exact(at)} data-ago>
      {view.format.ago(at)}
    </time>
  );

export const Code = ({ view, text, label }: { view: View; text: string; label?: string }) => (
  <div class="code">
    <pre data-label={label}>
      <code>{text}</code>
    </pre>
    <button type="button" class="button small" data-copy={text} data-copied={view.m.common.copied}>
      {view.m.common.copy}
    </button>
  </div>
);

interface FieldProps {
  name: string;
  label: string;
  value?: string;
  error?: string;
  hint?: string;
  type?: string;
  required?: boolean;
  autocomplete?: string;
  minlength?: number;
  maxlength?: number;
  pattern?: string;
  inputmode?: 'numeric' | 'text' | 'email';
  placeholder?: string;
  autofocus?: boolean;
  /** Makes ids unique where a page shows a name twice. */
  scope?: string;
}

export const Field = ({ name, label, error, hint, scope, type = 'text', ...input }: FieldProps) => {
  const id = `${scope ?? 'f'}-${name}`;
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return (
    <div>
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type}
        {...input}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={described || undefined}
      />
      {error && (
        <p class="error" id={`${id}-error`}>
          {error}
        </p>
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
};

export const Area = ({ name, label, value, error, hint, scope, placeholder }: FieldProps) => {
  const id = `${scope ?? 'f'}-${name}`;
  return (
    <div>
      <label for={id}>{label}</label>
      <textarea
        id={id}
        name={name}
        spellcheck={false}
        placeholder={placeholder}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={hint || error ? `${id}-hint` : undefined}
      >
        {value ?? ''}
      </textarea>
      <p class={error ? 'error' : 'hint'} id={`${id}-hint`}>
        {error ?? hint}
      </p>
    </div>
  );
};

export const Select = ({
  name,
  label,
  value,
  options,
  scope,
  error,
  hint,
}: {
  name: string;
  label: string;
  value?: string;
  options: readonly (readonly [value: string, text: string])[];
  scope?: string;
  error?: string;
  hint?: string;
}) => {
  const id = `${scope ?? 'f'}-${name}`;
  return (
    <div>
      <label for={id}>{label}</label>
      <select
        id={id}
        name={name}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={hint || error ? `${id}-hint` : undefined}
      >
        {options.map(([option, text]) => (
          <option value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
      {(error || hint) && (
        <p class={error ? 'error' : 'hint'} id={`${id}-hint`}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
};

/** Opens by script, or without one by its address: `?dialog=<id>` shows it in the page. */
export const Dialog = ({
  view,
  id,
  title,
  open,
  locked,
  children,
}: {
  view: View;
  id: string;
  title: string;
  open?: boolean;
  /** Closes only through what is inside. */
  locked?: boolean;
  children?: Child;
}) => {
  const isOpen = open ?? new URL(view.here, 'https://here.invalid').searchParams.get('dialog') === id;
  return (
    <dialog id={id} open={isOpen} aria-labelledby={`${id}-title`} data-locked={locked ? '' : undefined}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {!locked && (
          <form method="dialog">
            <a class="button small" href={view.path} data-close>
              {view.m.common.close}
            </a>
          </form>
        )}
      </header>
      <div class="body">{children}</div>
    </dialog>
  );
};

export const OpenDialog = ({
  view,
  id,
  kind = '',
  children,
}: {
  view: View;
  id: string;
  kind?: string;
  children?: Child;
}) => (
  <a class={`button ${kind}`} href={`${view.path}?dialog=${id}`} data-dialog={id}>
    {children}
  </a>
);

export const Note = ({ kind = '', children }: { kind?: '' | 'warn' | 'bad' | 'good'; children?: Child }) => (
  <div class={`note ${kind}`} role={kind === 'bad' ? 'alert' : 'status'}>
    {children}
  </div>
);

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
  view,
  label,
  used,
  limit,
  remaining,
  note,
}: {
  view: View;
  label: string;
  used: number;
  limit: number;
  remaining: number;
  note?: string;
}) => {
  const { m, format } = view;
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

/** Posts one thing. */
export const Post = ({
  action,
  fields = {},
  kind = 'button',
  children,
}: {
  action: string;
  fields?: Record<string, string>;
  kind?: string;
  children?: Child;
}) => (
  <form method="post" action={action}>
    {Object.entries(fields).map(([name, value]) => (
      <input type="hidden" name={name} value={value} />
    ))}
    <button type="submit" class={kind}>
      {children}
    </button>
  </form>
);

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
  view,
  rows,
  shown,
}: {
  view: View;
  rows: readonly unknown[];
  shown: readonly { id: string | number }[];
}) => {
  const last = shown.at(-1);
  if (rows.length <= shown.length || !last) return null;
  return (
    <a class="button" href={withQuery(view.here, { before: String(last.id) })}>
      {view.m.requests.older}
    </a>
  );
};

/** The end of a dialog that shows a secret once: it closes when the secret is said to be saved. */
export const SecretSaved = ({ view, action, words }: { view: View; action: string; words: string }) => (
  <form method="get" action={action} class="stack">
    <label class="choice">
      <input type="checkbox" required data-saved />
      <span>{words}</span>
    </label>
    <div class="actions">
      <button type="submit" class="button primary">
        {view.m.secret.close}
      </button>
    </div>
  </form>
);
