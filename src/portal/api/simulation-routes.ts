// /api/dev/billing/simulation: what other settings would have cost and refused.

import { createRoute } from '@hono/zod-openapi';
import { errorAnswers, jsonAnswer } from '../../http/api.ts';
import { simulation, simulationView, trial, trialOf } from '../../http/simulation-schemas.ts';
import { checkMay, developerApi, developerOf } from './developer.ts';

developerApi.openapi(
  createRoute({
    method: 'get',
    path: '/billing/simulation',
    tags: ['Billing'],
    summary:
      'Simulate another plan, currency or limits on what you called: refusals, overage and cost by day',
    description:
      'Changes nothing. Every call is made again at its moment, refused ones too, by the limiter’s and the invoice’s own rules. Without other settings, it is what happened.',
    request: { query: trial },
    responses: { 200: jsonAnswer('Simulation', simulation), ...errorAnswers(400, 401, 403, 409) },
  }),
  async (context) => {
    const { partner } = developerOf(context);
    checkMay(developerOf(context), 'pay');
    const asked = trialOf(context.req.valid('query'));
    return context.json(
      simulationView(await context.var.services.simulations.simulate(partner.id, asked, true)),
      200,
    );
  },
);
