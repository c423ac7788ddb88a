// /api/admin: what other settings of a partner, or other prices of a plan, would have meant.

import { createRoute, type OpenAPIHono } from '@hono/zod-openapi';
import * as z from 'zod';
import { type ApiEnv, errorAnswers, idOr404, jsonAnswer } from '../http/api.ts';
import {
  planSimulation,
  planSimulationView,
  planTrial,
  planTrialOf,
  simulation,
  simulationView,
  trial,
  trialOf,
} from '../http/simulation-schemas.ts';
import type { Services } from './services.ts';

const tags = ['Operators: plans'];

const simulatePartner = createRoute({
  method: 'get',
  path: '/partners/{id}/simulation',
  tags,
  summary: 'Simulate another plan, currency or limits on what a partner called; changes nothing',
  request: { params: z.object({ id: z.string() }), query: trial },
  responses: { 200: jsonAnswer('Simulation', simulation), ...errorAnswers(400, 401, 403, 404, 409) },
});

const simulatePlan = createRoute({
  method: 'get',
  path: '/plans/{tier}/simulation',
  tags,
  summary: 'Simulate other prices of a plan on a month of all partners that were on it; changes nothing',
  request: { params: z.object({ tier: z.string() }), query: planTrial },
  responses: { 200: jsonAnswer('Simulation', planSimulation), ...errorAnswers(400, 401, 403, 404, 409) },
});

export function addSimulationRoutes(api: OpenAPIHono<ApiEnv<Services>>): void {
  api.openapi(simulatePartner, async (context) => {
    const id = idOr404(context.req.valid('param').id, 'partner');
    const asked = trialOf(context.req.valid('query'));
    return context.json(
      simulationView(await context.var.services.simulations.simulate(id, asked, false)),
      200,
    );
  });
  api.openapi(simulatePlan, async (context) => {
    const { tier } = context.req.valid('param');
    const asked = context.req.valid('query');
    const found = await context.var.services.planSimulations.simulate(tier, planTrialOf(asked), asked.month);
    return context.json(planSimulationView(found), 200);
  });
}
