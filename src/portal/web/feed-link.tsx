// Where a page can be followed.

import { useView } from '../../web/view-context.ts';

export const FeedLink = ({ path }: { path: string }) => {
  const { m, language } = useView();
  return (
    <p class="small">
      <a href={`${path}.atom?lang=${language}`} rel="alternate" type="application/atom+xml">
        {m.docsPages.feed}
      </a>
    </p>
  );
};
