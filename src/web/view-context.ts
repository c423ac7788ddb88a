// The view, for every part of a page: the frame provides it, so that no part hands it on. A part that is rendered outside a
// frame throws.

import { createContext, useContext } from 'hono/jsx';
import type { MemberView, View } from './view.ts';

export const ViewContext = createContext<View | undefined>(undefined);

export function useView(): View {
  const view = useContext(ViewContext);
  if (!view) throw new Error('This part stands in no frame');
  return view;
}

/** Of pages that only members see. */
export function useMemberView(): MemberView {
  const { account, workspace, ...view } = useView();
  if (!account || !workspace) throw new Error('This part is for members only');
  return { ...view, account, workspace };
}
