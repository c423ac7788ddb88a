// A second factor of all members: the panel of the settings.

import { may } from '../../partners/permissions.ts';
import { Confirm, OpenDialog } from '../../web/components/dialog.tsx';
import { Panel } from '../../web/components/parts.tsx';
import { useMemberView } from '../../web/view-context.ts';

const ACTION = '/portal/settings/partner-factor';

/** `without`: how many members have none. */
export const FactorDutyPanel = ({ without }: { without: number }) => {
  const { m, account, workspace } = useMemberView();
  const isOn = workspace.requiresFactor;
  if (!may(workspace, 'own')) return null;
  return (
    <Panel title={m.factorDuty.title}>
      <div class="pad stack">
        <div class="row">
          <span class="grow">
            {m.factorDuty.text}{' '}
            <span class={`badge ${isOn ? 'good' : ''}`}>{isOn ? m.settings.on : m.settings.off}</span>
          </span>
          {isOn ? (
            <Confirm
              id="duty-off"
              title={m.factorDuty.offTitle}
              action={ACTION}
              fields={{ required: 'false' }}
              submit={m.settings.turnOff}
            >
              <p>{m.factorDuty.offText}</p>
            </Confirm>
          ) : account.twoFactorEnabled ? (
            <Confirm
              id="duty-on"
              title={m.factorDuty.onTitle}
              action={ACTION}
              fields={{ required: 'true' }}
              submit={m.settings.turnOn}
              kind="small"
            >
              <p>{m.factorDuty.onText(without)}</p>
            </Confirm>
          ) : (
            <OpenDialog id="factor-on" kind="small">
              {m.factorDuty.yours}
            </OpenDialog>
          )}
        </div>
        {isOn && without > 0 && <p class="soft small">{m.factorDuty.missing(without)}</p>}
        {!isOn && !account.twoFactorEnabled && <p class="hint">{m.factorDuty.yoursFirst}</p>}
      </div>
    </Panel>
  );
};
