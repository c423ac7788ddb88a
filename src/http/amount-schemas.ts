// Amounts, in minor units, and their currencies.

import * as z from 'zod';
import { CURRENCIES } from '../billing/amounts.ts';

export const currency = z.enum(CURRENCIES);
export const minor = z.int().describe('Minor units of the currency; some have none');
export const amount = z.int().min(0).max(1_000_000_000_000);
