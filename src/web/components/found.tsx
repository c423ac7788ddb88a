// What was found: as options of the palette, and as a page that works without scripts.

import type { Choice, Found, FoundGroup } from '../found.ts';
import { useView } from '../view-context.ts';
import { Post } from './form.tsx';
import { Empty, Panel } from './parts.tsx';
import { Table } from './table.tsx';

/** The form that choices of the palette are sent by. */
export const CHOICE_FORM = 'palette-choice';

const OptionText = ({ title, detail }: Found) => (
  <>
    <span>{title}</span>
    {detail && <span class="soft small">{detail}</span>}
  </>
);

const Option = ({ id, found }: { id: string; found: Found }) => {
  const { to } = found;
  const own = { id, role: 'option', tabindex: -1, 'aria-selected': 'false' } as const;
  return typeof to === 'string' ? (
    <a {...own} href={to}>
      <OptionText {...found} />
    </a>
  ) : (
    <button {...own} type="submit" form={CHOICE_FORM} name={to.name} value={to.value}>
      <OptionText {...found} />
    </button>
  );
};

/** What stands in the palette's list. */
export const FoundOptions = ({ groups }: { groups: readonly FoundGroup[] }) => (
  <>
    {groups.map(({ title, found }, group) => (
      <fieldset aria-labelledby={`found-${group}`}>
        <div id={`found-${group}`} role="presentation" class="soft small">
          {title}
        </div>
        {found.map((each, index) => (
          <Option id={`found-${group}-${index}`} found={each} />
        ))}
      </fieldset>
    ))}
  </>
);

const ChoiceButton = ({ title, to }: { title: string; to: Choice }) => (
  <Post action="/preferences" fields={{ back: useView().here, [to.name]: to.value }} kind="link">
    {title}
  </Post>
);

export const FoundPanels = ({ groups, tips }: { groups: readonly FoundGroup[]; tips: string }) => {
  const { m } = useView();
  if (groups.length === 0)
    return (
      <section class="panel">
        <Empty title={m.search.nothing}>
          <p>{tips}</p>
        </Empty>
      </section>
    );
  return (
    <>
      {groups.map(({ title, found }) => (
        <Panel title={title}>
          <Table
            hasHead={false}
            rows={found}
            columns={[
              {
                title,
                cell: (each) =>
                  typeof each.to === 'string' ? (
                    <a href={each.to}>{each.title}</a>
                  ) : (
                    <ChoiceButton title={each.title} to={each.to} />
                  ),
              },
              { title: m.audit.details, kind: 'small', cell: ({ detail }) => detail },
            ]}
          />
        </Panel>
      ))}
    </>
  );
};
