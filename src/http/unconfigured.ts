// What a deployment answers whose settings are missing or wrong: which, by name. Never what they are. The settings of your
// machine (mails that anybody reads, plain cookies, open webhook targets) are wrong for every host but loopback.

import { type Config, ConfigurationError, isLocal } from '../config.ts';
import { errorResponse } from '../core/errors.ts';
import { newId } from '../core/ids.ts';

/** Nothing is mended within a second. */
const RETRY_AFTER_SECONDS = 60;

/** The beginning of a request's URL, which the platform has normalised: no call of the benchmark parses it for this. */
const LOOPBACK = /^https?:\/\/(localhost|[^/?#:@]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?([/?#]|$)/;

const misplaced = (url: string): ConfigurationError | undefined =>
  LOOPBACK.test(url)
    ? undefined
    : new ConfigurationError(
        'ENVIRONMENT is for your machine only (deploy with --env staging or --env production)',
      );

/** 503 with the names, and one log line; undefined when the settings are right. */
export function refuseUnconfigured(
  url: string,
  compose: () => { config: Config },
  request?: Pick<Request, 'headers'>,
): Response | undefined {
  try {
    const wrong = isLocal(compose().config) ? misplaced(url) : undefined;
    return wrong && refusal(wrong, url, request);
  } catch (error) {
    // Anything else is answered as the failure that it is, where it is met.
    return error instanceof ConfigurationError ? refusal(error, url, request) : undefined;
  }
}

/** Where the portal is may be what is missing: so its pages are at the request's own origin, if anywhere. */
function refusal(
  { message }: ConfigurationError,
  url: string,
  request: Pick<Request, 'headers'> | undefined,
): Response {
  const requestId = newId();
  console.log(
    JSON.stringify({ message: 'not configured', level: 'error', request_id: requestId, reason: message }),
  );
  const answered = { requestId, portalOrigin: new URL(url).origin, headers: request?.headers };
  return errorResponse('service_unavailable', answered, {
    message: `This deployment is not configured: ${message}`,
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
  });
}
