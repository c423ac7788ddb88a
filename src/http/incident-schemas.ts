// Incidents as JSON, and what is sent of them.

import * as z from 'zod';
import { INCIDENT_STATES, type Incident } from '../status/incident-service.ts';
import { lines, rfcMoment, text } from './fields.ts';

export const incidentState = z.enum(INCIDENT_STATES);
export const incidentTitle = text(200, 1);
export const incidentText = lines(2000).min(1);

const inBoth = <Field extends z.ZodType>(field: Field) => z.object({ en: field, fr: field });

export const newUpdate = z.object({ state: incidentState, text: inBoth(incidentText) });
export const newIncident = newUpdate.extend({
  api: text(50, 1).nullish().describe('ID of the API; null where all are affected'),
  title: inBoth(incidentTitle),
  started_at: rfcMoment.nullish().describe('Now, where it is left out'),
});

export const incident = z.object({
  id: z.string(),
  api: z.string().nullable(),
  title: inBoth(z.string()),
  started_at: z.string(),
  state: incidentState,
  updates: z
    .array(z.object({ state: incidentState, text: inBoth(z.string()), at: z.string() }))
    .describe('Newest first'),
});

export const incidentView = ({ startedAt, ...rest }: Incident): z.infer<typeof incident> => ({
  ...rest,
  started_at: startedAt,
});
