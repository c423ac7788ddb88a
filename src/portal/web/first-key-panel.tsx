// The first key on the overview: its secret, once, the line that calls with it, and a light that turns green when the call
// arrives.

import { SecretSaved } from '../../web/components/dialog.tsx';
import { Code, Panel } from '../../web/components/parts.tsx';
import { withQuery } from '../../web/redirects.ts';
import { useView } from '../../web/view-context.ts';
import type { FirstKey } from './first-key.ts';
import { curlLine } from './key-parts.tsx';

export const FirstKeyPanel = ({ keyId, secret }: FirstKey) => {
  const view = useView();
  const { m, nowMs, catalog } = view;
  const line = curlLine(view, { kind: 'bearer', scopes: catalog.keyScopes.first, keyId }, secret);
  return (
    <div id="secret">
      <Panel title={m.overview.firstTitle}>
        <div class="pad stack">
          <p>{m.overview.firstText}</p>
          <div>
            <p class="label">{m.secret.try}</p>
            <Code text={line} label={m.secret.try} />
          </div>
          <p
            class="light"
            role="status"
            data-await={withQuery(`/portal/keys/${keyId}/arrived`, { since: String(nowMs) })}
            data-into
          >
            {m.overview.awaiting}
          </p>
          <div data-secret>
            <p class="label">{m.secret.secret}</p>
            <Code text={secret} label={m.secret.secret} />
            <p class="hint">{m.secret.once}</p>
          </div>
          <SecretSaved action="/portal" words={m.secret.saved} />
        </div>
      </Panel>
    </div>
  );
};
