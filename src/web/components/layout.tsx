// The frames that pages stand in: signed in (sidebar), public, and plain (one form).

import type { Child } from 'hono/jsx';
import { accentStyle } from '../../brand/contrast.ts';
import type { View } from '../view.ts';
import { useView, ViewContext } from '../view-context.ts';
import { type About, AccountMenu, Brand, EnvironmentOf, Foot, iconOf, Palette } from './layout-parts.tsx';

export interface NavItem {
  href: string;
  text: string;
  /** Other pages that belong to it, with what is below them. */
  also?: readonly string[];
  apart?: boolean;
  /** Of what is wrong there; nothing is said of 0. */
  count?: number;
}

export const Document = ({
  view,
  title,
  scripts,
  children,
}: {
  view: View;
  title: string;
  scripts?: Child;
  children?: Child;
}) => (
  <html lang={view.language} data-theme={view.theme === 'system' ? undefined : view.theme}>
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · ${view.product}`}</title>
      <link rel="stylesheet" href={view.assets['portal.css']} />
      <style nonce={view.nonce}>{accentStyle(view.brand.accent)}</style>
      <link rel="icon" href={iconOf(view.brand)} />
      <script type="module" nonce={view.nonce} src={view.assets['portal.js']} />
      {scripts}
    </head>
    <body>
      <a class="skip" href="#main">
        {view.m.common.skip}
      </a>
      <ViewContext.Provider value={view}>{children}</ViewContext.Provider>
    </body>
  </html>
);

export const Plain = ({ view, title, children }: { view: View; title: string; children?: Child }) => (
  <Document view={view} title={title}>
    <main class="plain" id="main">
      <Brand />
      <Done />
      {children}
    </main>
    <Foot />
  </Document>
);

export const Public = ({
  view,
  title,
  scripts,
  children,
}: {
  view: View;
  title: string;
  scripts?: Child;
  children?: Child;
}) => (
  <Document view={view} title={title} scripts={scripts}>
    <header class="top">
      <Brand />
      <span class="grow" />
      <a href="/docs">{view.m.nav.docs}</a>
      {view.account ? (
        <a class="button" href={view.account.isOperator ? '/operator' : '/portal'}>
          {view.account.isOperator ? view.m.nav.operator : view.m.nav.portal}
        </a>
      ) : (
        <>
          <a href="/sign-in">{view.m.nav.signIn}</a>
          <a class="button primary" href="/sign-up">
            {view.m.nav.signUp}
          </a>
        </>
      )}
    </header>
    <main class="public" id="main">
      {children}
    </main>
    <Foot />
  </Document>
);

/** Whether a page is of this item. Everything is below the first page of a surface, `home`, and only itself is of it. */
export function isHere({ href, also = [] }: NavItem, path: string, home: string): boolean {
  const below = href === home ? also : [href, ...also];
  return path === href || below.some((each) => path === each || path.startsWith(`${each}/`));
}

const NavLink = ({ item, home }: { item: NavItem; home: string }) => {
  const view = useView();
  const { href, text, count = 0 } = item;
  return (
    <a href={href} aria-current={isHere(item, view.path, home) ? 'page' : undefined}>
      {text}
      {count > 0 && (
        <span class="badge bad">
          {count}
          <span class="visually-hidden"> {view.m.nav.open}</span>
        </span>
      )}
    </a>
  );
};

const IN_BOTTOM_BAR = 4;

/** What was just done, where the address names it. */
const Done = () => {
  const { m, done } = useView();
  const text = done === undefined ? undefined : m.done[done as keyof typeof m.done];
  if (!text) return null;
  return (
    <div class="note good" role="status">
      {text}
    </div>
  );
};

export const Shell = ({
  view,
  title,
  home,
  items,
  about,
  search,
  scripts,
  children,
}: {
  view: View;
  title: string;
  /** The first page of this surface. */
  home: string;
  items: readonly NavItem[];
  about?: About;
  /** Stands in the header. */
  search?: Child;
  scripts?: Child;
  children?: Child;
}) => {
  const link = (item: NavItem) => <NavLink item={item} home={home} />;
  return (
    <Document view={view} title={title} scripts={scripts}>
      <div class="shell">
        <header class="top">
          <Brand href={home} />
          {about && <EnvironmentOf about={about} />}
          {search ?? <span class="grow" />}
          <a class="button small wide" href={`${home}/search`} data-palette>
            {view.m.nav.palette} <kbd>Ctrl K</kbd>
          </a>
          <AccountMenu />
        </header>
        {(about === 'test' || (about === 'chosen' && view.environment === 'test')) && (
          <p class="test-banner">{view.m.common.testBanner}</p>
        )}
        <nav class="side" aria-label={view.m.nav.main}>
          <ul>
            {items.map((item) => (
              <li class={item.apart ? 'apart' : undefined}>{link(item)}</li>
            ))}
          </ul>
        </nav>
        <main class="main" id="main">
          <Done />
          {children}
        </main>
        <nav class="bottom" aria-label={view.m.nav.main}>
          {items.slice(0, IN_BOTTOM_BAR).map(link)}
          <details>
            <summary>{view.m.nav.more}</summary>
            <div class="more">
              {items.slice(IN_BOTTOM_BAR).map(link)}
              <a href={`${home}/search`} data-palette>
                {view.m.nav.palette}
              </a>
            </div>
          </details>
        </nav>
      </div>
      <Palette search={`${home}/search`} />
    </Document>
  );
};
