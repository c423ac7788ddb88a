// Forms that people send: one that is typed into is done, or shown again with what was typed and what is wrong with it;
// one of buttons and choices alone has nothing that a person could get wrong.

import type * as z from 'zod';
import { AppError, type FieldErrors } from '../core/errors.ts';
import { inFrench } from './messages/errors.fr.ts';
import type { View } from './view.ts';
import { type FormErrors, type FormValues, readForm, type WebContext, type WebServices } from './web.ts';

/** What a page shows a form again with. */
export interface Wrong {
  values: FormValues;
  errors: FormErrors;
}

/** What a service refuses of this form's fields, in the language of whoever looks. */
function refusalOf(error: unknown, values: FormValues, { language, m }: View): FormErrors | undefined {
  if (!(error instanceof AppError) || error.code !== 'validation_error') return undefined;
  const errors: FormErrors = {};
  for (const { field, message } of (error.fields.details ?? []) as FieldErrors)
    if (field in values)
      errors[field] ??=
        language === 'en'
          ? message
          : (inFrench(message) ?? m.fieldError({ code: 'custom', message, path: [field], input: undefined }));
  return Object.keys(errors).length > 0 ? errors : undefined;
}

type Answer = Response | Promise<Response>;

/** Reads a form and does what it asks, or shows it `again`: also where the service is what refuses a field. */
export async function submit<Services extends WebServices, Schema extends z.ZodType>(
  context: WebContext<Services>,
  schema: Schema,
  {
    work,
    again,
  }: { work: (data: z.output<Schema>, values: FormValues) => Answer; again: (wrong: Wrong) => Answer },
): Promise<Response> {
  const { values, data, errors } = await readForm(context, schema);
  if (errors) return again({ values, errors });
  try {
    return await work(data, values);
  } catch (error) {
    const refused = refusalOf(error, values, context.var.view);
    if (!refused) throw error;
    return again({ values, errors: refused });
  }
}

/** Of buttons and choices. @throws AppError validation_error, which no form of ours leads to */
export async function readChoice<Services extends WebServices, Schema extends z.ZodType>(
  context: WebContext<Services>,
  schema: Schema,
): Promise<z.output<Schema>> {
  const { data, errors } = await readForm(context, schema);
  if (errors) throw new AppError('validation_error');
  return data;
}
