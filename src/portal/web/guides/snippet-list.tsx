// Snippets one below the other, each to copy.

import { Code } from '../../../web/components/parts.tsx';

export const Snippets = ({ list }: { list: readonly (readonly [string, string])[] }) => (
  <>
    {list.map(([name, code]) => (
      <div>
        <p class="label">{name}</p>
        <Code text={code} label={name} />
      </div>
    ))}
  </>
);
