// /openapi/operator.json: what operators' programs and our own machines call. For operators alone, by token or session.

import { type Context, Hono } from 'hono';
import { AppError } from '../core/errors.ts';
import { type ApiEnv, answeredTo, renderError } from '../http/api.ts';
import { createDocument, describeRoutes, servedFrom } from '../openapi/document.ts';
import type { OpenApiDocument, Paths } from '../openapi/types.ts';
import { EVENTS_TAG, webhooksOf } from '../openapi/webhooks.ts';
import { messagesOf } from '../web/messages/messages.ts';
import { callerOf, originOf } from '../web/web.ts';
import { adminApi, checkCertificate, operatorOf } from './admin-routes.ts';
import { MACHINE_PATHS } from './machine-paths.ts';
import type { ConsoleServices } from './services.ts';

const TAGS = {
  Operators: 'Partners, keys, blocks, dead letters, audit and checks',
  'Operators: APIs': 'What is offered: documents, routes and where their calls go',
  'Operators: configuration': 'An instance as a file names it: planned, applied, compared, exported',
  'Operators: plans': 'What partners pay and may use, and which plan a partner has',
  'Operators: invoices': 'Invoices and credit notes of all partners',
  'Operators: exports': 'Documents and usage, for the books of others',
  Alerts: 'What is watched, and what was found',
  Webhooks: "Where operators' events are sent, and what became of them",
  Machines: 'Health, metrics, public keys and reports of leaked keys',
  [EVENTS_TAG]: 'What arrives at webhook endpoints of operators',
};

const SCHEMES = {
  token: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'An access token with the role `operator` and a second factor, of a person who is on our list',
  },
  metrics: { type: 'http', scheme: 'bearer', description: 'METRICS_TOKEN' },
  github: {
    type: 'apiKey',
    in: 'header',
    name: 'Github-Public-Key-Signature',
    description: "GitHub's ECDSA signature of the body",
  },
};
const CERTIFICATE = {
  certificate: { type: 'mutualTLS', description: 'A client certificate that Cloudflare verified' },
};

let made: OpenApiDocument | undefined;

export function operatorDocument(product: string, needsCertificate: boolean): OpenApiDocument {
  const paths =
    adminApi.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } }).paths ?? {};
  made ??= createDocument({
    title: `${product} for operators`,
    description: 'Partners, plans, limits, invoices and everything that shows whether counts are whole.',
    product,
    tags: TAGS,
    schemes: { ...SCHEMES, ...(needsCertificate && CERTIFICATE) },
    paths: {
      ...describeRoutes(paths as Paths, {
        prefix: '/api/admin',
        security: [needsCertificate ? { token: [], certificate: [] } : { token: [] }],
        audience: () => 'For operators.',
      }),
      ...describeRoutes(MACHINE_PATHS, { prefix: '', security: [] }),
    },
    webhooks: webhooksOf(messagesOf('en').webhooks.eventNames),
  });
  return made;
}

/** Whoever is no operator learns nothing, not even why. */
async function checkOperator(context: Context<ApiEnv<ConsoleServices>>): Promise<void> {
  const { services } = context.var;
  if (context.req.header('authorization') !== undefined || !context.req.header('cookie')) {
    await operatorOf(context).catch((error: unknown) => {
      throw error instanceof AppError && error.code === 'forbidden' ? new AppError('not_found') : error;
    });
    return;
  }
  if (services.config.REQUIRE_MTLS) checkCertificate(context.req.raw);
  const signedIn = await services.accountsFor(callerOf(context, services)).session();
  if (!signedIn) throw new AppError('invalid_token');
  if (!signedIn.account.isOperator || signedIn.session.factorAtMs === undefined)
    throw new AppError('not_found');
}

export function createDocumentRoutes() {
  const routes = new Hono<ApiEnv<ConsoleServices>>();
  routes.onError((error, context) => renderError(error, answeredTo(context)));
  routes.get('/openapi/operator.json', async (context) => {
    await checkOperator(context);
    const { brand, config } = context.var.services;
    const document = operatorDocument(brand.name, config.REQUIRE_MTLS);
    return context.json(servedFrom(document, originOf(context, config)), 200, {
      'cache-control': 'no-store',
    });
  });
  return routes;
}
