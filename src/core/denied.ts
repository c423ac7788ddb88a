// An expected refusal, as a value: which error to answer, and why for the log only.

import type { ErrorCode, ErrorDetail } from './errors.ts';

export interface Denied {
  denied: ErrorCode;
  detail?: ErrorDetail;
  reason?: string;
}

export const deny = (denied: ErrorCode, detail?: ErrorDetail, reason?: string): Denied => ({
  denied,
  detail,
  reason,
});

export const isDenied = (value: unknown): value is Denied =>
  typeof value === 'object' && value !== null && 'denied' in value;
