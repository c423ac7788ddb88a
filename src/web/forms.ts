// Forms that people send: one that is typed into is done, or shown again with what was typed and what is wrong with it;
// one of buttons alone has nothing that a person could get wrong.

import * as z from 'zod';
import { AppError, ERRORS, type FieldErrors } from '../core/errors.ts';
import { inFrench } from './messages/errors.fr.ts';
import type { View } from './view.ts';
import { type FormErrors, type FormValues, readForm, type WebContext, type WebServices } from './web.ts';

/** The hidden field of what a form was shown with: nothing is changed where it is another by now. */
export const seenEtag = z
  .string()
  .max(100)
  .transform((etag) => [etag])
  .optional();

/** What a page shows a form again with. */
export interface Wrong {
  values: FormValues;
  errors: FormErrors;
  status: 400 | 409 | 412 | 429 | 503;
}

export const wrongOf = (values: FormValues, errors: FormErrors): Wrong => ({ values, errors, status: 400 });

export const statusOf = ({ code }: AppError): Wrong['status'] => {
  const [status] = ERRORS[code];
  return status === 409 || status === 412 || status === 429 || status === 503 ? status : 400;
};

/** What a service refuses, in the language of whoever looks; in general words where it has no others. */
export const refusalText = ({ language, m }: Pick<View, 'language' | 'm'>, message: string): string =>
  language === 'en' ? message : (inFrench(message) ?? m.fields.other);

/** The refused fields of this form. */
export function refusedFields({ fields }: AppError, values: FormValues, view: View): FormErrors | undefined {
  const errors: FormErrors = {};
  for (const { field, message } of (fields.details ?? []) as FieldErrors)
    if (field in values) errors[field] ??= refusalText(view, message);
  return Object.keys(errors).length > 0 ? errors : undefined;
}

const plainSpaces = (text: string): string => text.trim().replace(/\s/g, ' ');

/** Whether the name was typed, or copied from a page, whose spaces may be narrow (src/core/french.ts). */
export const isNamed = (typed: string | undefined, name: string): boolean =>
  typed !== undefined && plainSpaces(typed) === plainSpaces(name);

/** Of a form that holds an ETag: what it shows was changed since. */
function changedSince({ code, fields }: AppError, { m, format }: View): FormErrors | undefined {
  if (code !== 'precondition_failed') return undefined;
  const { changed_by: who, changed_at: at } = fields;
  const last =
    typeof who === 'string' && typeof at === 'string' ? { who, when: format.exact(at) } : undefined;
  return { etag: m.common.changedMeanwhile(last) };
}

/** Says a conflict at this field. */
export const conflictAt =
  (view: View, field: string) =>
  ({ code, message }: AppError): FormErrors | undefined =>
    code === 'conflict' ? { [field]: refusalText(view, message) } : undefined;

type Answer = Response | Promise<Response>;

interface Submission<Data> {
  work(data: Data, values: FormValues): Answer;
  again(wrong: Wrong): Answer;
  /** At which fields the form says a refusal that names none of them. */
  says?(error: AppError, values: FormValues): FormErrors | undefined;
}

/** Thrown by a form's work: what of its fields cannot be done. */
export class FieldsRefused extends Error {
  override name = 'FieldsRefused';
  readonly errors: FormErrors;
  constructor(errors: FormErrors) {
    super('fields refused');
    this.errors = errors;
  }
}

/** Reads a form and does what it asks, or shows it `again`: also where the service is what refuses a field. */
export async function submit<Services extends WebServices, Schema extends z.ZodType>(
  context: WebContext<Services>,
  schema: Schema,
  { work, again, says }: Submission<z.output<Schema>>,
): Promise<Response> {
  const { values, data, errors } = await readForm(context, schema);
  if (errors) return again(wrongOf(values, errors));
  try {
    return await work(data, values);
  } catch (error) {
    if (error instanceof FieldsRefused) return again(wrongOf(values, error.errors));
    if (!(error instanceof AppError)) throw error;
    const { view } = context.var;
    const refused = refusedFields(error, values, view) ?? changedSince(error, view) ?? says?.(error, values);
    if (!refused) throw error;
    return again({ values, errors: refused, status: statusOf(error) });
  }
}

/** What a button sends. @throws AppError validation_error, which no form of ours leads to */
export async function readChoice<Services extends WebServices, Schema extends z.ZodType>(
  context: WebContext<Services>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { data, errors } = await readForm(context, schema);
  if (errors) throw new AppError('validation_error');
  return data;
}
