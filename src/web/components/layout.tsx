// The frames that pages stand in: signed in (sidebar), public, and plain (one form).

import type { Child } from 'hono/jsx';
import type { View } from '../view.ts';

export interface NavItem {
  href: string;
  text: string;
  apart?: boolean;
}

const Mark = () => (
  <svg
    width="22"
    height="22"
    viewBox="0 0 22 22"
    fill="none"
    stroke="currentColor"
    stroke-width="2"
    aria-hidden="true"
  >
    <path d="M1 15c6-9 14-9 20 0M4 11v6M11 8.5V17M18 11v6" stroke-linecap="round" />
  </svg>
);

export const Brand = ({ view, href = '/' }: { view: View; href?: string }) => (
  <a class="brand" href={href} aria-label={view.product}>
    <Mark />
    <span class="brand-name">{view.product}</span>
  </a>
);

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
      <link
        rel="icon"
        href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 22 22'%3E%3Cpath d='M1 15c6-9 14-9 20 0M4 11v6M11 8.5V17M18 11v6' stroke='%230b7a6e' stroke-width='2' fill='none'/%3E%3C/svg%3E"
      />
      <script type="module" nonce={view.nonce} src={view.assets['portal.js']} />
      {scripts}
    </head>
    <body>
      <a class="skip" href="#main">
        {view.m.common.skip}
      </a>
      {children}
    </body>
  </html>
);

/** A choice that is remembered, and comes back to this page. */
const Preference = ({
  view,
  name,
  options,
  current,
  label,
}: {
  view: View;
  name: string;
  options: readonly (readonly [string, string])[];
  current: string;
  label: string;
}) => (
  <form method="post" action="/preferences">
    <input type="hidden" name="back" value={view.here} />
    <fieldset class="switch" aria-label={label}>
      {options.map(([value, text]) => (
        <button type="submit" name={name} value={value} aria-pressed={value === current ? 'true' : 'false'}>
          {text}
        </button>
      ))}
    </fieldset>
  </form>
);

export const LanguageSwitch = ({ view }: { view: View }) => (
  <Preference
    view={view}
    name="language"
    label={view.m.common.language}
    current={view.language}
    options={[
      ['en', 'English'],
      ['fr', 'Français'],
    ]}
  />
);

export const ThemeSwitch = ({ view }: { view: View }) => (
  <Preference
    view={view}
    name="theme"
    label={view.m.common.theme}
    current={view.theme}
    options={[
      ['system', view.m.common.themeSystem],
      ['light', view.m.common.themeLight],
      ['dark', view.m.common.themeDark],
    ]}
  />
);

const Foot = ({ view }: { view: View }) => (
  <footer class="foot">
    <LanguageSwitch view={view} />
    <ThemeSwitch view={view} />
    <a href="/docs">{view.m.nav.docs}</a>
    {view.hasOutbox && <a href="/outbox">{view.m.nav.outbox}</a>}
  </footer>
);

export const Plain = ({ view, title, children }: { view: View; title: string; children?: Child }) => (
  <Document view={view} title={title}>
    <main class="plain" id="main">
      <Brand view={view} />
      {children}
    </main>
    <Foot view={view} />
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
      <Brand view={view} />
      <span class="grow" />
      <a href="/docs">{view.m.nav.docs}</a>
      {view.account ? (
        <a class="button" href="/portal">
          {view.m.nav.portal}
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
    <Foot view={view} />
  </Document>
);

const EnvironmentSwitch = ({ view }: { view: View }) => (
  <Preference
    view={view}
    name="environment"
    label={view.m.common.environment}
    current={view.environment}
    options={[
      ['test', view.m.common.test],
      ['live', view.m.common.live],
    ]}
  />
);

const AccountMenu = ({ view }: { view: View }) => {
  const { account, workspace, m } = view;
  if (!account) return null;
  return (
    <details class="menu">
      <summary>
        <span class="visually-hidden">{m.nav.account}: </span>
        <span>{workspace?.partner.name ?? account.name}</span>
        <span aria-hidden="true">▾</span>
      </summary>
      <div>
        <div class="group small">
          {account.name}
          <br />
          <span class="soft">{account.email}</span>
        </div>
        {workspace && workspace.partners.length > 1 && (
          <div class="group">
            {workspace.partners.map(({ partnerId, name }) => (
              <form method="post" action="/portal/partner">
                <input type="hidden" name="partner" value={partnerId} />
                <button type="submit" class="item">
                  {partnerId === workspace.partner.id ? '✓ ' : ''}
                  {name}
                </button>
              </form>
            ))}
          </div>
        )}
        <div class="group stack">
          <LanguageSwitch view={view} />
          <ThemeSwitch view={view} />
        </div>
        <a href="/portal/settings">{m.nav.settings}</a>
        {account.isOperator && <a href="/operator">{m.nav.operator}</a>}
        {view.hasOutbox && <a href="/outbox">{m.nav.outbox}</a>}
        <form method="post" action="/sign-out">
          <button type="submit" class="item">
            {m.nav.signOut}
          </button>
        </form>
      </div>
    </details>
  );
};

const isHere = (view: View, href: string, home: string): boolean =>
  href === home ? view.path === home : view.path === href || view.path.startsWith(`${href}/`);

const IN_BOTTOM_BAR = 4;

export const Shell = ({
  view,
  title,
  home,
  items,
  hasEnvironment,
  hasBanner = true,
  scripts,
  children,
}: {
  view: View;
  title: string;
  /** The first page of this surface. */
  home: string;
  items: readonly NavItem[];
  hasEnvironment?: boolean;
  /** Says so where what is shown is of the test environment. */
  hasBanner?: boolean;
  scripts?: Child;
  children?: Child;
}) => {
  const link = ({ href, text }: NavItem) => (
    <a href={href} aria-current={isHere(view, href, home) ? 'page' : undefined}>
      {text}
    </a>
  );
  const done = view.done === undefined ? undefined : view.m.done[view.done as keyof typeof view.m.done];
  return (
    <Document view={view} title={title} scripts={scripts}>
      <div class="shell">
        <header class="top">
          <Brand view={view} href={home} />
          {hasEnvironment && <EnvironmentSwitch view={view} />}
          <span class="grow" />
          <button type="button" class="button small wide hidden" data-palette>
            {view.m.nav.palette} <kbd>Ctrl K</kbd>
          </button>
          <AccountMenu view={view} />
        </header>
        {hasEnvironment && hasBanner && view.environment === 'test' && (
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
          {done && (
            <div class="note good" role="status">
              {done}
            </div>
          )}
          {children}
        </main>
        <nav class="bottom" aria-label={view.m.nav.main}>
          {items.slice(0, IN_BOTTOM_BAR).map(link)}
          <details>
            <summary>{view.m.nav.more}</summary>
            <div class="more">{items.slice(IN_BOTTOM_BAR).map(link)}</div>
          </details>
        </nav>
      </div>
      <dialog class="palette" id="palette" aria-label={view.m.nav.palette}>
        <input
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls="palette-list"
          aria-label={view.m.nav.palette}
          placeholder={view.m.nav.paletteHint}
          autocomplete="off"
        />
        <ul id="palette-list" aria-label={view.m.nav.palette} />
      </dialog>
    </Document>
  );
};
