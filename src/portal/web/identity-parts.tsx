// The panel of the identities that an account is linked with.

import type { LinkedIdentity } from '../../accounts/identity-store.ts';
import type { Config } from '../../config.ts';
import { Post } from '../../web/components/form.tsx';
import { Panel, Time } from '../../web/components/parts.tsx';
import { Table } from '../../web/components/table.tsx';
import type { View } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';

/** The issuer by the name that people know, or by its host. */
const issuerName = ({ identity }: View, config: Config, issuer: string): string =>
  issuer === config.OIDC_ISSUER && identity ? identity : new URL(issuer).host;

export const Identities = ({
  config,
  identities,
  isLast,
}: {
  config: Config;
  identities: readonly LinkedIdentity[];
  /** There is no other way in. */
  isLast: boolean;
}) => {
  const view = useView();
  const { m } = view;
  return (
    <Panel
      title={m.settings.identities}
      action={
        view.identity ? (
          <Post
            action="/sign-in/identity"
            fields={{ purpose: 'link', back: '/portal/settings' }}
            kind="button small"
          >
            {m.settings.linkIdentity(view.identity)}
          </Post>
        ) : undefined
      }
    >
      {identities.length === 0 ? (
        <p class="pad soft">{m.settings.noIdentities}</p>
      ) : (
        <Table
          hasHead={false}
          rows={identities}
          columns={[
            { title: m.settings.identities, cell: ({ issuer }) => issuerName(view, config, issuer) },
            { title: m.settings.since, cell: ({ createdAt }) => <Time at={createdAt} /> },
            {
              title: m.common.actions,
              isAction: true,
              cell: ({ id }) =>
                isLast ? (
                  <span class="soft small">{m.settings.lastWayIn}</span>
                ) : (
                  <Post action={`/portal/settings/identities/${id}/unlink`} kind="button small danger">
                    {m.settings.unlink}
                  </Post>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
};
