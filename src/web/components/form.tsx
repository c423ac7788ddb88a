// Forms as people fill them in: each field finds its value and its error in the form around it.

import { type Child, createContext, useContext } from 'hono/jsx';
import type { Wrong } from '../forms.ts';
import { useView } from '../view-context.ts';
import type { FormValues } from '../web.ts';

interface FormState extends Omit<Wrong, 'status'> {
  /** Makes ids unique where a page shows a name twice. */
  scope: string;
  /** What is so now, where it was changed since the form was shown. */
  now?: FormValues;
}

const FormContext = createContext<FormState>({ scope: 'f', values: {}, errors: {} });

export interface FormProps {
  action: string;
  scope?: string;
  /** What the fields hold before anybody types. */
  saved?: FormValues;
  /** What was sent, and could not be done. */
  wrong?: Omit<Wrong, 'status'>;
  /** It has a file among its fields. */
  isUpload?: boolean;
}

/**
 * What is wrong is said by the server, in the page's language: a browser would say it in its own. Where `saved` has an ETag,
 * the form is for what was seen: it keeps the one that it was shown with, until it has said that there is another.
 */
export const Form = ({
  action,
  scope = 'f',
  saved = {},
  wrong,
  isUpload,
  kind = 'stack',
  method = 'post',
  children,
}: FormProps & {
  kind?: string;
  /** `get`: it asks, and changes nothing. */
  method?: 'get' | 'post';
  children?: Child;
}) => {
  const { values, errors } = { values: wrong?.values ?? saved, errors: wrong?.errors ?? {} };
  const now = errors.etag ? saved : undefined;
  return (
    <form
      method={method}
      action={action}
      enctype={isUpload ? 'multipart/form-data' : undefined}
      class={kind}
      novalidate
    >
      {saved.etag && <input type="hidden" name="etag" value={(now ?? values).etag} />}
      <ErrorText id={`${scope}-etag`} error={errors.etag} />
      <FormContext.Provider value={{ scope, values, errors, now }}>{children}</FormContext.Provider>
    </form>
  );
};

export const Submit = ({
  kind = 'primary',
  extra,
  children,
}: {
  kind?: string;
  /** Another button, after this one: Enter presses the first. */
  extra?: Child;
  children?: Child;
}) => (
  <div class="actions">
    <button type="submit" class={`button ${kind}`}>
      {children}
    </button>
    {extra}
  </div>
);

interface Own {
  name: string;
  hint?: string;
}

/** What a field of this name has in the form around it. `shown`: how a value of it is read. */
function useField({ name, hint }: Own, shown = (value: string) => value) {
  const { scope, values, errors, now } = useContext(FormContext);
  const { m } = useView();
  const id = `${scope}-${name}`;
  const current = now?.[name];
  const isOther = current !== undefined && current !== (values[name] ?? '');
  const error = errors[name] ?? (isOther ? m.common.isNow(shown(current)) : undefined);
  const described = [error && `${id}-error`, hint && `${id}-hint`].filter(Boolean).join(' ');
  return {
    id,
    error,
    value: values[name],
    marks: { 'aria-invalid': error ? 'true' : undefined, 'aria-describedby': described || undefined },
  } as const;
}

const Labelled = ({
  id,
  label,
  error,
  hint,
  isBare,
  children,
}: {
  id: string;
  label: string;
  error?: string;
  hint?: string;
  /** Only screen readers say its label: what stands around it says as much. */
  isBare?: boolean;
  children?: Child;
}) => (
  <div>
    <label for={id} class={isBare ? 'visually-hidden' : undefined}>
      {label}
    </label>
    {children}
    <ErrorText id={id} error={error} />
    {hint && (
      <p class="hint" id={`${id}-hint`}>
        {hint}
      </p>
    )}
  </div>
);

/** Of the field with this id. */
export const ErrorText = ({ id, error }: { id: string; error?: string }) =>
  error ? (
    <p class="error" id={`${id}-error`}>
      {error}
    </p>
  ) : null;

interface FieldProps extends Own {
  label: string;
  type?: string;
  required?: boolean;
  autocomplete?: string;
  minlength?: number;
  maxlength?: number;
  inputmode?: 'numeric' | 'decimal' | 'text' | 'email';
  placeholder?: string;
  autofocus?: boolean;
}

/** A password is never sent back. */
export const Field = ({ name, label, hint, type = 'text', ...input }: FieldProps) => {
  const { id, value, error, marks } = useField({ name, hint });
  return (
    <Labelled id={id} label={label} error={error} hint={hint}>
      <input
        id={id}
        name={name}
        type={type}
        value={type === 'password' || type === 'file' ? undefined : value}
        {...input}
        {...marks}
      />
    </Labelled>
  );
};

type AreaOptions = Own & { label: string; placeholder?: string; required?: boolean };

export const Area = ({ label, placeholder, required, ...own }: AreaOptions) => {
  const { id, value = '', error, marks } = useField(own);
  return (
    <Labelled id={id} label={label} error={error} hint={own.hint}>
      <textarea
        id={id}
        name={own.name}
        spellcheck={false}
        placeholder={placeholder}
        required={required}
        {...marks}
      >
        {value}
      </textarea>
    </Labelled>
  );
};

export type Options = readonly (readonly [value: string, text: string])[];

export const Select = ({
  label,
  options,
  isBare,
  ...own
}: Own & { label: string; options: Options; isBare?: boolean }) => {
  const { id, value, error, marks } = useField(own, (of) => options.find(([each]) => each === of)?.[1] ?? of);
  return (
    <Labelled id={id} label={label} error={error} hint={own.hint} isBare={isBare}>
      <select id={id} name={own.name} {...marks}>
        {options.map(([option, text]) => (
          <option value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </Labelled>
  );
};

/** Any number of `options`; what is chosen is one a line. */
export const Choices = ({ label, options, ...own }: Own & { label: string; options: Options }) => {
  const { id, value, error, marks } = useField(own, (of) => of.replaceAll('\n', ', '));
  const chosen = value?.split('\n') ?? [];
  return (
    <fieldset aria-describedby={marks['aria-describedby']}>
      <legend>{label}</legend>
      <ErrorText id={id} error={error} />
      {own.hint && (
        <p class="hint" id={`${id}-hint`}>
          {own.hint}
        </p>
      )}
      <div class="choices">
        {options.map(([option, text]) => (
          <label class="choice">
            <input type="checkbox" name={own.name} value={option} checked={chosen.includes(option)} />
            <span>
              <b class="mono small">{option}</b>
              <br />
              <span class="soft small">{text}</span>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  );
};

/** One choice, ticked or not. */
export const Tick = ({ name, label, hint }: Own & { label: string }) => {
  const { values, now } = useContext(FormContext);
  const { m } = useView();
  const isTicked = values[name] === 'true';
  const isOther = now !== undefined && (now[name] === 'true') !== isTicked;
  return (
    <label class="choice">
      <input type="checkbox" name={name} value="true" checked={isTicked} />
      <span>
        {label}
        {isOther && (
          <>
            <br />
            <span class="error">{m.common.isNow(isTicked ? m.common.no : m.common.yes)}</span>
          </>
        )}
        {hint && (
          <>
            <br />
            <span class="soft small">{hint}</span>
          </>
        )}
      </span>
    </label>
  );
};

/** What is wrong with a form as a whole. */
export const FormError = () => {
  const { id, error } = useField({ name: 'form' });
  return <ErrorText id={id} error={error} />;
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
