// Snippets one below the other, each to copy.

import { Code } from '../../../web/components/parts.tsx';
import type { View } from '../../../web/view.ts';

export const Snippets = ({ view, list }: { view: View; list: readonly (readonly [string, string])[] }) => (
  <>
    {list.map(([name, code]) => (
      <div>
        <p class="label">{name}</p>
        <Code view={view} text={code} label={name} />
      </div>
    ))}
  </>
);
