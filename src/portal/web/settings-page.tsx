// Settings: the person (name, password, second factor, identities, sessions) and the partner (name, company).

import { may } from '../../partners/permissions.ts';
import { Note, Panel } from '../../web/components/parts.tsx';
import type { Wrong } from '../../web/forms.ts';
import { shownAt } from '../../web/view.ts';
import { render } from '../../web/web.ts';
import { FactorDutyPanel } from './factor-duty-panel.tsx';
import { ConfirmFactor, FactorSetUp, type SetUp } from './factor-set-up.tsx';
import { Identities } from './identity-parts.tsx';
import { MailPanel } from './mail-choices.tsx';
import { Page, type PortalContext, person, portal } from './portal-web.tsx';
import { SecurityDialogs, type SecurityForm } from './settings-dialogs.tsx';
import {
  DeletionPanel,
  PartnerPanel,
  ProfilePanel,
  SecurityPanel,
  SessionsPanel,
} from './settings-parts.tsx';
import { TokenDialog, TokenPanel } from './token-parts.tsx';

const CONFIRM = '/portal/settings/two-factor/confirm';

interface Shown {
  /** Which form was sent, and could not be done. */
  form?: SecurityForm | 'account' | 'partner' | 'confirm';
  wrong?: Wrong;
  problem?: string;
  /** A second factor that is being set up. */
  setUp?: SetUp;
}

export async function showSettings(
  context: PortalContext,
  { form, wrong, problem, setUp }: Shown = {},
): Promise<Response> {
  const view = shownAt(person(context), '/portal/settings');
  const { m, account, workspace } = view;
  const { accounts, services, session } = context.var;
  const owned = workspace && may(workspace, 'own') ? workspace.partner : undefined;
  const chooser = workspace && { partnerId: workspace.partner.id, subject: workspace.subject };
  const [sessions, { identities, hasPassword }, asked, without, tokens, mails] = await Promise.all([
    accounts.sessions(account.id),
    accounts.identities(account.id),
    accounts.addressAsked(account.id),
    owned ? services.partners.membersWithoutFactor(owned.id) : 0,
    chooser ? services.tokens.list(chooser) : [],
    chooser && services.mailChoices.of(chooser),
  ]);
  const wrongIn = (name: Shown['form']) => (form === name ? wrong : undefined);
  const confirmed = wrongIn('confirm');
  return render(
    context,
    <Page view={view} title={m.nav.settings} about="both">
      <h1>{m.nav.settings}</h1>
      {problem && <Note kind="bad">{problem}</Note>}
      {(setUp || confirmed) && (
        <Panel title={m.settings.factorSetUp}>
          <div class="pad">
            {setUp ? (
              <FactorSetUp setUp={setUp} action={CONFIRM} />
            ) : (
              <ConfirmFactor action={CONFIRM} wrong={confirmed} />
            )}
          </div>
        </Panel>
      )}
      <div class="two">
        <ProfilePanel account={account} asked={asked?.email} wrong={wrongIn('account')} />
        <SecurityPanel account={account} />
      </div>
      {(view.identity || identities.length > 0) && (
        <Identities
          config={services.config}
          identities={identities}
          isLast={!hasPassword && identities.length === 1}
        />
      )}
      <SessionsPanel sessions={sessions} current={session.id} />
      {mails && <MailPanel choices={mails.choices} />}
      {workspace && <TokenPanel tokens={tokens} />}
      {owned && <FactorDutyPanel without={without} />}
      {owned && <PartnerPanel partner={owned} wrong={wrongIn('partner')} />}
      {!account.isOperator && <DeletionPanel />}
      {workspace && workspace.partner.status !== 'suspended' && <TokenDialog wrong={wrongIn('token')} />}
      <SecurityDialogs account={account} form={form} wrong={wrong} />
    </Page>,
    wrong?.status ?? (problem ? 400 : 200),
  );
}

portal.get('/portal/settings', (context) => showSettings(context));
