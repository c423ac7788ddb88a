// What was thrown -> which error of the table to answer.

import { HTTPException } from 'hono/http-exception';
import { AppError } from '../core/errors.ts';
import { DatabaseRejected, DatabaseUnavailable } from '../platform/database.ts';
import { CLAIM_LOST } from '../platform/idempotency-store.ts';
import { LimiterUnavailable } from '../platform/object-errors.ts';

export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof DatabaseUnavailable)
    return new AppError('service_unavailable', 'The database cannot be reached');
  if (error instanceof DatabaseRejected && error.code === CLAIM_LOST)
    return new AppError(
      'conflict',
      'Another request with this Idempotency-Key took over. Nothing was done here',
    );
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
