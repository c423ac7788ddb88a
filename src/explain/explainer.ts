// Finds a request of a partner, and explains it.

import type { TermsStore } from '../billing/terms-store.ts';
import type { EventDetail } from '../usage/request-reports.ts';
import { explain } from './explanation.ts';
import type { Explanation } from './explanation-schema.ts';

export type Explainer = (row: EventDetail, partnerId: string) => Promise<Explanation>;

export const createExplainer =
  (terms: TermsStore): Explainer =>
  async (row, partnerId) =>
    explain(row, row.units > 0 ? await terms.at(partnerId, row.occurred_at) : undefined);
