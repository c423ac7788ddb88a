// What brand.json may say. `brand.schema.json` is made of it, for editors; a test compares both.

import * as z from 'zod';
import { leastContrast, MIN_CONTRAST, type Scheme } from './contrast.ts';

const line = z.string().trim().min(1).max(200);
const webAddress = z.url({ protocol: /^https?$/ });
/** English, and others by their codes: where one is missing, English stands. */
const text = z
  .object({ en: z.string().trim().min(1).max(1000) })
  .catchall(z.string().trim().min(1).max(1000))
  .meta({ description: 'By language: en, fr, …; English stands where one is missing' });
const colour = z.string().regex(/^#[0-9a-f]{6}$/, 'must be a colour like #0b6259');
const currency = z.string().regex(/^[A-Z]{3}$/, 'must be a currency of ISO 4217, like EUR');
const path = z.string().regex(/^\/[\x21-\x7e]*$/, 'must be a path, like /v1/things?limit=1');
const examples = z.object({ en: path }).catchall(path);

/** @throws nothing: a currency that the runtime does not know has no name of its own */
const isKnown = (code: string): boolean => Intl.supportedValuesOf('currency').includes(code);

const readable = (accent: Record<Scheme, string>, context: z.RefinementCtx): void => {
  for (const scheme of ['light', 'dark'] as const) {
    const { ground, ratio } = leastContrast(accent[scheme], scheme);
    if (ratio < MIN_CONTRAST)
      context.addIssue({
        code: 'custom',
        path: [scheme],
        message: `has a contrast of ${ratio.toFixed(2)}:1 on ${ground}, and needs ${MIN_CONTRAST}:1`,
      });
  }
};

export const brandSchema = z.strictObject({
  $schema: z.string().optional(),
  name: line.meta({ description: 'What the product is called: on pages, in emails, documents and invoices' }),
  mark: z
    .strictObject({
      viewBox: z
        .string()
        .regex(/^-?\d+ -?\d+ \d+ \d+$/)
        .default('0 0 22 22'),
      path: z
        .string()
        .max(4000)
        .regex(/^[MmLlHhVvCcSsQqTtAaZz0-9 ,.e+-]+$/, 'must be the data of an SVG path'),
      paint: z.enum(['stroke', 'fill']).default('stroke'),
    })
    .meta({ description: 'Beside the name, and the icon of the browser: one path, in the accent' }),
  accent: z
    .strictObject({ light: colour, dark: colour })
    .superRefine(readable)
    .meta({
      description: `Of links and buttons; each is read with a contrast of ${MIN_CONTRAST}:1 at least`,
    }),
  headline: text.meta({ description: 'Of the front page' }),
  intro: text.optional().meta({ description: 'Below the headline' }),
  about: text.optional().meta({ description: 'What this is, in a sentence: for assistants (/llms.txt)' }),
  links: z
    .strictObject({
      support: webAddress.optional(),
      supportEmail: z.email().optional(),
      terms: webAddress.optional(),
      privacy: webAddress.optional(),
      status: webAddress.optional(),
    })
    .default({}),
  seller: z
    .strictObject({
      name: line.optional(),
      address: z.string().trim().min(1).max(1000).optional(),
      taxId: line.optional(),
    })
    .default({})
    .meta({ description: 'Who invoices are from' }),
  payment: z
    .record(currency, z.union([z.string().trim().min(1).max(1000), text]))
    .default({})
    .meta({ description: 'How invoices are paid, by currency' }),
  currencies: z
    .array(currency.refine(isKnown, 'is no currency of ISO 4217'))
    .min(1)
    .refine((all) => new Set(all).size === all.length, 'has a currency twice')
    .refine((all) => all.includes('EUR'), 'must have EUR, which every plan has a price in')
    .meta({ description: 'Of plans and invoices, in the order of forms' }),
  signIn: line
    .default('single sign-on')
    .meta({ description: 'What the OIDC issuer is called, where sign-in by it is set up' }),
  example: examples
    .optional()
    .meta({ description: 'What the front page calls, by language; otherwise the documents’ x-first-call' }),
  documents: z
    .array(z.string().min(1))
    .min(1)
    .meta({ description: 'The OpenAPI documents of the offered APIs, as files beside this one' }),
});

export type BrandFile = z.output<typeof brandSchema>;
