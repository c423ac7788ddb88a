// What a request for live access says, by form and by JSON.

import * as z from 'zod';
import type { LiveAccessAnswers, LiveAccessRequest } from '../partners/live-access-service.ts';
import { lines, text, webAddress } from './fields.ts';

export const MAX_MONTHLY = 1_000_000_000_000;

export const liveAccessQuestions = z.object({
  company: text(255, 1),
  website: webAddress.nullish(),
  use_case: lines(2000).min(1),
  monthly_requests: z.int().min(0).max(MAX_MONTHLY),
});

export const toAnswers = ({
  company,
  website,
  use_case: useCase,
  monthly_requests: monthlyRequests,
}: z.output<typeof liveAccessQuestions>): LiveAccessAnswers => ({
  company,
  website,
  useCase,
  monthlyRequests,
});

export const liveAccessAnswers = {
  company: z.string(),
  website: z.string().nullable(),
  use_case: z.string(),
  monthly_requests: z.number(),
  requested_at: z.string(),
};

export const answersOf = (
  of: Pick<LiveAccessRequest, 'company' | 'website' | 'useCase' | 'monthlyRequests' | 'askedAt'>,
) => ({
  company: of.company,
  website: of.website,
  use_case: of.useCase,
  monthly_requests: of.monthlyRequests,
  requested_at: of.askedAt,
});
