// /api/admin/*: for operators, by an access token with the role `operator` whose (issuer, sub) is on our list, and, where
// required, a verified client certificate.

import type { Context } from 'hono';
import type { Claims } from '../accounts/token-verifier.ts';
import { OPERATOR } from '../alerts/rules.ts';
import { AppError } from '../core/errors.ts';
import { addAlertRoutes } from '../http/alert-routes.ts';
import { actorOf, createApi } from '../http/api.ts';
import { announceAhead } from '../http/changes.ts';
import { idempotent } from '../http/idempotent.ts';
import { addWebhookRoutes } from '../http/webhook-routes.ts';
import { addApiRoutes } from './api-routes.ts';
import { addAuditRoutes } from './audit-routes.ts';
import { addBlockRoutes } from './block-routes.ts';
import { addConfigRoutes } from './config-routes.ts';
import { addDeadLetterRoutes } from './dead-letter-routes.ts';
import { addExportRoutes } from './export-routes.ts';
import { addIncidentRoutes } from './incident-routes.ts';
import { addInvoiceRoutes } from './invoice-routes.ts';
import { addKeyRoutes } from './key-routes.ts';
import { addLiveAccessRoutes } from './live-access-routes.ts';
import { addPartnerLimitRoutes } from './partner-limit-routes.ts';
import { addPartnerRoutes } from './partner-routes.ts';
import { addPlanRoutes } from './plan-routes.ts';
import { addPolicyRoutes } from './policy-routes.ts';
import { addProvisioningRoutes } from './provisioning-routes.ts';
import { addSearchRoutes } from './search-routes.ts';
import type { Services } from './services.ts';
import { addSimulationRoutes } from './simulation-routes.ts';

/** Of a document of an API, and of what lies around it in JSON. */
const MAX_DOCUMENT_BODY_BYTES = 6 * 1024 * 1024;

export const adminApi = createApi<Services>({
  larger: { paths: /^\/api\/admin\/(?:apis|config)\//, bytes: MAX_DOCUMENT_BODY_BYTES },
});
const operators = new WeakMap<Request, string>();

/** Only a certificate that Cloudflare verified counts: presented, SUCCESS, not revoked. */
export function checkCertificate(request: Pick<Request, 'cf'>): void {
  const presented = request.cf?.tlsClientAuth as
    | Partial<IncomingRequestCfPropertiesTLSClientAuth>
    | undefined;
  const isGood =
    presented?.certPresented === '1' && presented.certVerified === 'SUCCESS' && presented.certRevoked === '0';
  if (!isGood) throw new AppError('forbidden', 'A verified client certificate is required');
}

function lackingOf({ roles, email, hasSecondFactor }: Claims): string | undefined {
  if (!roles.includes('operator')) return 'This needs the role operator';
  if (!email) return 'This needs an e-mail address that the issuer has verified';
  return hasSecondFactor ? undefined : 'This needs a sign-in with a second factor (amr or acr)';
}

/**
 * The operator whose token this is: its subject.
 * @throws AppError invalid_token, forbidden, rate_limit_exceeded
 */
export async function operatorOf(context: {
  req: { raw: Request; header(name: string): string | undefined };
  var: { services: Pick<Services, 'verifyToken' | 'config' | 'rates' | 'operators'> };
}): Promise<string> {
  const { verifyToken, config, rates, operators: named } = context.var.services;
  if (config.REQUIRE_MTLS) checkCertificate(context.req.raw);
  const claims = await verifyToken(context.req.header('authorization'));
  const lacking = lackingOf(claims);
  if (lacking) throw new AppError('forbidden', lacking);
  rates.take('operator', claims.subject);
  // The issuer's word is never enough: it has a role of this name for whoever it likes.
  if (!(await named.isNamed(claims))) throw new AppError('forbidden', 'This token names no operator of ours');
  return claims.subject;
}

adminApi.use(async (context, next) => {
  const subject = await operatorOf(context);
  operators.set(context.req.raw, subject);
  announceAhead(context);
  await context.var.services.catalogs.whole();
  const { idempotency } = context.var.services;
  return idempotent(context, next, idempotency, { owner: 'operators', actor: `operator:${subject}` });
});

const actor = (context: Context) => actorOf(context, `operator:${operators.get(context.req.raw) ?? ''}`);

addApiRoutes(adminApi, actor);
addConfigRoutes(adminApi, actor);
addPolicyRoutes(adminApi, actor);
addPlanRoutes(adminApi, actor);
addSimulationRoutes(adminApi);
addInvoiceRoutes(adminApi, actor);
addExportRoutes(adminApi);
addAlertRoutes(adminApi, (context) => ({ owner: OPERATOR, sees: undefined, actor: actor(context) }));
addKeyRoutes(adminApi, actor);
addDeadLetterRoutes(adminApi, actor);
addWebhookRoutes(adminApi, (context) => ({ owner: null, actor: actor(context) }));
addPartnerRoutes(adminApi, actor);
addProvisioningRoutes(adminApi, actor);
addPartnerLimitRoutes(adminApi, actor);
addLiveAccessRoutes(adminApi, actor);
addSearchRoutes(adminApi);
addAuditRoutes(adminApi);
addBlockRoutes(adminApi, actor);
addIncidentRoutes(adminApi, actor);
