// Dialogs: opened by script, or without one by their address. `?dialog=<id>` shows one in the page.

import type { Child } from 'hono/jsx';
import { useView } from '../view-context.ts';
import { Form, type FormProps, Submit } from './form.tsx';

export const Dialog = ({
  id,
  title,
  open,
  locked,
  children,
}: {
  id: string;
  title: string;
  open?: boolean;
  /** Closes only through what is inside. */
  locked?: boolean;
  children?: Child;
}) => {
  const { here, path, m } = useView();
  const isOpen = open ?? new URL(here, 'https://here.invalid').searchParams.get('dialog') === id;
  return (
    <dialog id={id} open={isOpen} aria-labelledby={`${id}-title`} data-locked={locked ? '' : undefined}>
      <header>
        <h2 id={`${id}-title`}>{title}</h2>
        {!locked && (
          <form method="dialog">
            <a class="button small" href={path} data-close>
              {m.common.close}
            </a>
          </form>
        )}
      </header>
      <div class="body">{children}</div>
    </dialog>
  );
};

export const OpenDialog = ({ id, kind = '', children }: { id: string; kind?: string; children?: Child }) => (
  <a class={`button ${kind}`} href={`${useView().path}?dialog=${id}`} data-dialog={id}>
    {children}
  </a>
);

/** A dialog that is one form; open where what it sent could not be done. Its fields' ids begin with its own, or `scope`. */
export const FormDialog = ({
  id,
  title,
  submit,
  kind,
  scope = id,
  extra,
  children,
  ...form
}: FormProps & {
  id: string;
  title: string;
  /** What its button says. */
  submit: string;
  kind?: 'primary' | 'solid-danger';
  /** Another button, after that one. */
  extra?: Child;
  children?: Child;
}) => (
  <Dialog id={id} title={title} open={form.wrong ? true : undefined}>
    <Form {...form} scope={scope}>
      {children}
      <Submit kind={kind} extra={extra}>
        {submit}
      </Submit>
    </Form>
  </Dialog>
);

/** A button that asks first: what will be lost is what stands inside. */
export const Confirm = ({
  id,
  title,
  action,
  fields = {},
  submit,
  kind = 'small danger',
  children,
}: {
  id: string;
  title: string;
  action: string;
  fields?: Record<string, string>;
  /** What both buttons say. */
  submit: string;
  kind?: string;
  children?: Child;
}) => (
  <>
    <OpenDialog id={id} kind={kind}>
      {submit}
    </OpenDialog>
    <FormDialog id={id} title={title} action={action} submit={submit} kind="solid-danger">
      {Object.entries(fields).map(([name, value]) => (
        <input type="hidden" name={name} value={value} />
      ))}
      {children}
    </FormDialog>
  </>
);

/** The end of a dialog that shows a secret once: it closes when the secret is said to be saved, without asking the server. */
export const SecretSaved = ({ action, words }: { action: string; words: string }) => {
  const { secret } = useView().m;
  return (
    <form method="get" action={action} class="stack">
      <label class="choice">
        <input type="checkbox" required data-saved data-missing={secret.tickFirst} />
        <span>{words}</span>
      </label>
      <Submit>{secret.close}</Submit>
    </form>
  );
};
