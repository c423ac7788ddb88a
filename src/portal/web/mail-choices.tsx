// Which mails a member gets: the panel of the settings, and what its form does.

import * as z from 'zod';
import { MAIL_KINDS, type MailChoices } from '../../mail/kinds.ts';
import { Form, Tick } from '../../web/components/form.tsx';
import { Panel } from '../../web/components/parts.tsx';
import { readChoice } from '../../web/forms.ts';
import { useMemberView } from '../../web/view-context.ts';
import { actorFor, done, member, portal } from './portal-web.tsx';

const HERE = '/portal/settings/mails';

export const MailPanel = ({ choices }: { choices: MailChoices }) => {
  const { m, workspace } = useMemberView();
  const saved = Object.fromEntries(MAIL_KINDS.map((kind) => [kind, String(choices[kind])]));
  return (
    <Panel title={m.mails.title}>
      <Form action={HERE} scope="mails" kind="stack pad" saved={saved}>
        <p class="soft">{m.mails.about(workspace.partner.name)}</p>
        <div>
          {MAIL_KINDS.map((kind) => (
            <Tick name={kind} label={m.mails.kinds[kind]} hint={m.mails.hints[kind]} />
          ))}
        </div>
        <p class="hint">{m.mails.always}</p>
        <div class="actions start">
          <button type="submit" class="button">
            {m.common.save}
          </button>
        </div>
      </Form>
    </Panel>
  );
};

/** A box that is not ticked is not sent. */
const ticked = z
  .literal('true')
  .optional()
  .transform((value) => value === 'true');

portal.post(HERE, async (context) => {
  const { workspace } = member(context);
  const choices = await readChoice(
    context,
    z.object({ usage: ticked, keys: ticked, webhooks: ticked, reminders: ticked }),
  );
  const { partner, subject } = workspace;
  await context.var.services.mailChoices.choose(
    { partnerId: partner.id, subject },
    choices,
    actorFor(context),
  );
  return done(context, '/portal/settings', 'saved');
});
