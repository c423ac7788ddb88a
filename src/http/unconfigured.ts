// What a deployment answers whose settings are missing or wrong: which, by name. Never what they are.

import { ConfigurationError } from '../config.ts';
import { errorResponse } from '../core/errors.ts';
import { newId } from '../core/ids.ts';

/** Nothing is mended within a second. */
const RETRY_AFTER_SECONDS = 60;

/** 503 with the names, and one log line; undefined when the settings are right. */
export function refuseUnconfigured(compose: () => unknown): Response | undefined {
  try {
    compose();
    return undefined;
  } catch (error) {
    // Anything else is answered as the failure that it is, where it is met.
    if (!(error instanceof ConfigurationError)) return undefined;
    const requestId = newId();
    console.log(
      JSON.stringify({
        message: 'not configured',
        level: 'error',
        request_id: requestId,
        reason: error.message,
      }),
    );
    return errorResponse('service_unavailable', requestId, {
      message: `This deployment is not configured: ${error.message}`,
      headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    });
  }
}
