// What a rule's form sends: on or off, and a threshold of one's own.

import * as z from 'zod';
import { RULES, type RuleName } from '../alerts/rules.ts';
import { numberOrNone } from './number-field.ts';

const MAX_THRESHOLD = 1_000_000_000;

/** `rule`: whatever the address names. */
export const ruleForm = (rule: string) =>
  z.object({
    enabled: z.enum(['true', 'false']).transform((text) => text === 'true'),
    threshold: numberOrNone({
      unit: Object.hasOwn(RULES, rule) ? RULES[rule as RuleName].unit : 'count',
      from: 0,
      to: MAX_THRESHOLD,
    }),
  });
