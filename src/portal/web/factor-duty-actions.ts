// A second factor of all members: whoever asks for it has shown one, and whoever stops asking has just shown it again.

import * as z from 'zod';
import { readChoice } from '../../web/forms.ts';
import { askProof, isProven } from '../../web/web.ts';
import { actorFor, done, member, portal } from './portal-web.tsx';
import { showSettings } from './settings-page.tsx';

const HERE = '/portal/settings';

portal.post('/portal/settings/partner-factor', async (context) => {
  const { workspace, m, origin } = member(context, 'own');
  const { required } = await readChoice(context, z.object({ required: z.enum(['true', 'false']) }));
  const isRequired = required === 'true';
  if (isRequired && context.var.session.factorAtMs === undefined)
    return showSettings(context, { problem: m.factorDuty.yoursFirst });
  // Without it a password alone opens everything again.
  if (!isRequired && !isProven(context)) return askProof(context, HERE);
  const { partners } = context.var.services;
  await partners.requireFactor(workspace.partner.id, isRequired, actorFor(context), origin);
  return done(context, HERE, isRequired ? 'factor_duty_on' : 'factor_duty_off');
});
