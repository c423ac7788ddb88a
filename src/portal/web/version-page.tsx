// The dated versions of the APIs, which of them the partner's keys call, and what of that ends.

import type { VersionInUse } from '../../versions/version-service.ts';
import { Empty, Note, Until } from '../../web/components/parts.tsx';
import { DatedVersions, usesOf, VersionUses } from '../../web/components/version-parts.tsx';
import { shownAt } from '../../web/view.ts';
import { useView } from '../../web/view-context.ts';
import { render } from '../../web/web.ts';
import { member, Page, portal } from './portal-web.tsx';

const ADDRESS = '/portal/versions';

/** What is called, and ends or has ended. */
const endingUses = (versions: readonly VersionInUse[]): VersionInUse[] =>
  versions.filter(({ sunsetAt, uses }) => sunsetAt !== null && uses.length > 0);

/** `isHere`: on their own page, which lists the keys below. */
export const EndingNotes = ({
  versions,
  isHere = false,
}: {
  versions: readonly VersionInUse[];
  isHere?: boolean;
}) => {
  const { m } = useView();
  return (
    <>
      {endingUses(versions).map(({ api, date, sunsetAt, isEnded }) => (
        <Note kind={isEnded ? 'bad' : 'warn'}>
          {isEnded ? (
            m.versions.endedCalled(`${api} ${date}`)
          ) : (
            <>
              {m.versions.ending(`${api} ${date}`)}{' '}
              <b>
                <Until at={sunsetAt ?? ''} />
              </b>
              .
            </>
          )}{' '}
          <a href={isHere ? '/docs/versions' : ADDRESS}>{isHere ? m.versions.read : m.versions.see}</a>
        </Note>
      ))}
    </>
  );
};

portal.get(ADDRESS, async (context) => {
  const view = shownAt(member(context), ADDRESS);
  const { m, workspace } = view;
  const versions = await context.var.services.versions.ofPartner(workspace.partner.id);
  return render(
    context,
    <Page view={view} title={m.versions.title} about="both">
      <h1>{m.versions.title}</h1>
      {versions.length === 0 ? (
        <Empty title={m.versions.none}>
          <p>{m.versions.noneText}</p>
        </Empty>
      ) : (
        <>
          <p class="soft">{m.versions.about}</p>
          <EndingNotes versions={versions} isHere />
          {[...Map.groupBy(versions, ({ api }) => api)].map(([api, each]) => (
            <>
              <DatedVersions name={api} versions={each} />
              <VersionUses uses={usesOf(each)} hrefOf={({ key_id: id }) => `/portal/keys/${id}`} />
            </>
          ))}
        </>
      )}
    </Page>,
  );
});
