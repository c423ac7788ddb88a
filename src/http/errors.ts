// What was thrown -> which error of the table to answer.

import { HTTPException } from 'hono/http-exception';
import { AppError } from '../core/errors.ts';
import { LimiterUnavailable } from '../core/object-errors.ts';
import { DatabaseRejected, DatabaseUnavailable, LOCKED, TOO_SLOW } from '../platform/database.ts';
import { CLAIM_LOST } from './idempotency-store.ts';

/**
 * What Postgres refused, by class of its SQLSTATE. 22 and 23 are values: of a form, or beside others, that it does not
 * take. Schemas refuse those before; what passes them is still the caller's to mend, and nothing was written.
 */
function ofRejected({ code }: DatabaseRejected): AppError {
  if (/^2[23]/.test(code)) return new AppError('invalid_request', 'A value cannot be stored as it is');
  if (code === TOO_SLOW || code === LOCKED)
    return new AppError('service_unavailable', 'The database took too long. Try again shortly');
  return new AppError('internal_error');
}

export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof DatabaseUnavailable)
    return new AppError('service_unavailable', 'The database cannot be reached');
  if (error instanceof DatabaseRejected && error.code === CLAIM_LOST)
    return new AppError(
      'conflict',
      'Another request with this Idempotency-Key took over. Nothing was done here',
    );
  if (error instanceof DatabaseRejected) return ofRejected(error);
  if (error instanceof LimiterUnavailable) {
    return new AppError(
      'limiter_unavailable',
      'The change is saved; repeat the request to make sure that it is in force',
    );
  }
  if (error instanceof HTTPException) {
    return new AppError(error.status === 413 ? 'payload_too_large' : 'invalid_request');
  }
  return new AppError('internal_error');
}
