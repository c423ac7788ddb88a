// What a rule's form sends: on or off, and a threshold of one's own.

import * as z from 'zod';

export const ruleForm = z.object({
  enabled: z.enum(['true', 'false']).transform((text) => text === 'true'),
  threshold: z
    .string()
    .trim()
    .default('')
    .transform((text) => (text === '' ? null : Number(text.replace(',', '.'))))
    .refine((value) => value === null || (Number.isFinite(value) && value >= 0 && value <= 1e9)),
});
