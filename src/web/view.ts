// What every page is handed: language, words, formats, who is looking, and where.

import type { Account } from '../accounts/account-service.ts';
import type { Brand } from '../brand/brand.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Environment } from '../keys/key-format.ts';
import type { Workspace } from '../partners/workspace-service.ts';
import type { Assets } from './assets.ts';
import type { Contact } from './contact.ts';
import type { Format, Language } from './format.ts';
import type { Messages } from './messages/messages.ts';

export type Theme = 'system' | 'light' | 'dark';

export interface View {
  language: Language;
  m: Messages;
  format: Format;
  theme: Theme;
  /** The page itself, path and query: where switches come back to. */
  here: string;
  path: string;
  origin: string;
  nonce: string;
  requestId: string;
  assets: Assets;
  brand: Brand;
  /** What is offered. */
  catalog: Catalog;
  /** Its name. */
  product: string;
  contact: Contact;
  nowMs: number;
  environment: Environment;
  /** A short word that `?done=` named. */
  done?: string;
  account?: Account;
  workspace?: Workspace;
  /** On your machine mails are in the outbox. */
  hasOutbox: boolean;
  /** Name of the external identity, when sign-in by it is set up. */
  identity?: string;
  /** Where your machine shows the code of the demo's operator. */
  demoCode?: string;
}

/** The view of a page that a form of another address shows again: switches and dialogs come back to the page. */
export const shownAt = <V extends View>(view: V, path: string): V =>
  view.path === path ? view : { ...view, path, here: path };

/** A view of someone who has signed in and works for a partner. */
export type MemberView = View & { account: Account; workspace: Workspace };
